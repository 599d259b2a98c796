"""Numbers as people read them."""

import doctest

import pytest

from keepwell.console import charts, wording


@pytest.mark.parametrize("module", [wording, charts], ids=["wording", "charts"])
def test_the_examples_are_true(module: object) -> None:
    result = doctest.testmod(module)  # type: ignore[arg-type]
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-0.5, "-0.5"),
        (1e-7, "1e-07"),
        (3.0, "3"),
        (1e15, "1e+15"),
        (float("nan"), "—"),
        (float("inf"), "∞"),
        (999.96, "1,000"),
        (True, "1"),
    ],
)
def test_numbers_keep_four_digits_and_no_tail(value: float, text: str) -> None:
    assert wording.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0%"), (0.999, "99.9%"), (0.00001, "0%"), (1.5, "150%"), (None, "—")]
)
def test_shares_are_percentages(value: float | None, text: str) -> None:
    assert wording.percent(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.123, "0.12 ms"), (12.0, "12 ms"), (1500.0, "1.5 s"), (None, "—")]
)
def test_latencies_have_a_unit(value: float | None, text: str) -> None:
    assert wording.milliseconds(value) == text


def test_dates_lose_a_time_of_day_that_they_do_not_have() -> None:
    assert wording.date(1_700_006_400) == "2023-11-15"
    assert wording.date(1_700_006_460) == "2023-11-15 00:01 UTC"
