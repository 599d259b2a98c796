"""The law of every view, and what each is there for."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepwell.operations.anomalies.views import VIEWS, View

numbers = st.floats(-1e6, 1e6, allow_nan=False)
HOUR = 3600.0


@pytest.mark.parametrize("view", VIEWS)
@given(values=st.lists(numbers, max_size=80), spread=st.floats(0, 1e6))
def test_oddness_is_finite_and_not_negative(
    view: type[View], values: list[float], spread: float
) -> None:
    seeing = view()
    for at, value in enumerate(values):
        seen = seeing.see(at * HOUR, value, spread)
        assert math.isfinite(seen.oddness)
        assert seen.oddness >= 0


@pytest.mark.parametrize("view", VIEWS)
@given(value=numbers)
def test_what_never_changes_is_never_odd(view: type[View], value: float) -> None:
    seeing = view()
    assert all(seeing.see(at * HOUR, value, 0.0).oddness == 0 for at in range(120))


@pytest.mark.parametrize("view", VIEWS)
def test_a_moved_series_looks_as_odd(view: type[View]) -> None:
    dice = random.Random(1)
    values = [dice.gauss(0, 1) for _ in range(300)]
    here, there = view(), view()
    for at, value in enumerate(values):
        first = here.see(at * HOUR, value, 1.0).oddness
        assert there.see(at * HOUR, value + 64, 1.0).oddness == pytest.approx(first, abs=1e-9)


@pytest.mark.parametrize("view", VIEWS)
def test_memory_is_bounded(view: type[View]) -> None:
    seeing, sizes = view(), []
    for at in range(12_000):
        seeing.see(at * 300.0, float(at % 7), 1.0)
        if at in (6000, 11_999):
            sizes.append(_held(seeing))
    assert sizes[0] == sizes[1]


def _held(view: object) -> int:
    """Return how many things a view holds, however deep."""
    if hasattr(view, "__dict__"):
        return sum(_held(part) for part in vars(view).values())
    if isinstance(view, dict):
        return sum(_held(part) for part in view.values())
    try:
        return len(view)  # type: ignore[arg-type]
    except TypeError:
        return 1
