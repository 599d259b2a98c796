import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepwell.core.errors import UsageError
from keepwell.core.records import Route
from keepwell.deployment.routing import Split, check_weights

KEYS = [f"customer {number}" for number in range(20_000)]


def split(weight: float, challenger: int = 2) -> Split:
    routes = [
        Route(version=1, weight=100 - weight),
        Route(version=challenger, weight=weight, role="challenger"),
    ]
    return Split("churn", routes)


@given(key=st.text(), smaller=st.floats(0.01, 99), larger=st.floats(0.01, 99))
def test_who_is_in_a_smaller_share_stays_in_a_larger_one(
    key: str, smaller: float, larger: float
) -> None:
    smaller, larger = sorted((smaller, larger))
    assert split(smaller).pick(key) <= split(larger).pick(key)
    assert split(smaller).pick(key) == split(smaller).pick(key)


@pytest.mark.parametrize("weight", [1.0, 5.0, 25.0, 50.0])
def test_shares_are_what_the_weights_say(weight: float) -> None:
    shares = split(weight)
    got = sum(shares.pick(key) for key in KEYS) / len(KEYS) * 100
    assert got == pytest.approx(weight, abs=1.0)


def test_another_challenger_meets_other_keys() -> None:
    first = {key for key in KEYS if split(10, 2).pick(key)}
    second = {key for key in KEYS if split(10, 3).pick(key)}
    assert 0.05 < len(first & second) / len(first) < 0.15


def test_three_share_by_weight() -> None:
    shares = Split(
        "churn",
        [
            Route(version=1, weight=50),
            Route(version=2, weight=30, role="challenger"),
            Route(version=3, weight=20, role="challenger"),
        ],
    )
    counts = [0, 0, 0]
    for key in KEYS:
        counts[shares.pick(key)] += 1
    assert [count / len(KEYS) for count in counts] == pytest.approx([0.5, 0.3, 0.2], abs=0.015)


def test_one_share_needs_no_key() -> None:
    assert Split("churn", [Route(version=1, weight=100)]).whole == 0
    assert split(100).whole == 1
    assert split(0).whole == 0
    assert split(50).whole is None


@pytest.mark.parametrize(
    ("routes", "words"),
    [
        ([Route(version=1, weight=90)], "add up to 90"),
        ([Route(version=1, weight=110), Route(version=2, weight=-10)], "do not divide"),
        ([Route(version=1, weight=50), Route(version=1, weight=50)], "twice"),
    ],
)
def test_weights_that_do_not_divide_are_refused(routes: list[Route], words: str) -> None:
    with pytest.raises(UsageError, match="churn") as caught:
        check_weights("churn", routes)
    assert words in str(caught.value)
