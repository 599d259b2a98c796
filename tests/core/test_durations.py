import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepwell.core.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250ms", 0.25),
        ("90s", 90),
        ("2m", 120),
        ("1.5h", 5400),
        ("7d", 604800),
        ("1w", 604800),
        (" 3 s ", 3),
    ],
)
def test_durations_are_read_as_people_write_them(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "s", "5 minutes", "-5s", "5s 3m", "1e3s", "5S"])
def test_other_words_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write for example 90s"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0ms"), (0.34, "340ms"), (1, "1.0s"), (9.94, "9.9s"), (12, "12s"), (60, "1m"), (125, "2m 5s"),
        (3600, "1h"), (11040, "3h 4m"), (176400, "2d 1h"), (86400, "1d"),
    ],
)  # fmt: skip
def test_durations_are_told_as_people_say_them(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.floats(1, 1e8))
def test_what_is_told_is_within_a_part_of_what_was_meant(seconds: float) -> None:
    told = sum(parse_duration(part) for part in format_duration(seconds).split())
    assert abs(told - seconds) <= max(0.5, seconds / 24)
