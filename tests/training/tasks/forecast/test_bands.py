"""Quantiles of a forecast: conformal, by steps ahead, measured where they were not taken from."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.errors import InvalidRequestError
from keepwell.core.records import Signature, Task
from keepwell.training.tasks.forecast.bands import Errors, held_share, shifts_of, told


def stretch(seed: int, count: int = 400, horizon: int = 4) -> Errors:
    """Errors that grow with the steps ahead."""
    random = np.random.default_rng(seed)
    ahead = np.arange(count) % horizon + 1
    return Errors(shares=random.normal(size=count) * ahead, ahead=ahead)


def test_further_ahead_is_less_sure() -> None:
    shifts = shifts_of([stretch(0), stretch(1)], (0.1, 0.9), 4)
    widths = shifts[:, 1] - shifts[:, 0]
    assert (np.diff(widths) > 0).all()
    assert widths[0] == pytest.approx(2.56, rel=0.15)  # of a normal error, 1.28 on each side


def test_coverage_is_measured_on_stretches_that_the_quantiles_were_not_taken_from() -> None:
    calm, wild = stretch(0), stretch(1)
    wild = Errors(shares=wild.shares * 10, ahead=wild.ahead)
    assert held_share([calm, stretch(2)], (0.1, 0.9), 4) == pytest.approx(0.8, abs=0.06)
    mixed = held_share([calm, wild], (0.1, 0.9), 4)
    assert mixed is not None
    assert mixed == pytest.approx(0.55, abs=0.05)  # all of the calm one, a tenth of the wild one
    assert held_share([calm], (0.1, 0.9), 4) is None
    assert "one stretch was too few" in told((0.1, 0.9), [calm], 4, 0.79)
    assert told((0.1, 0.9), [calm], 4, 0.79).endswith("on the test 79%")


@settings(max_examples=40)
@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=80),
    st.lists(st.floats(0.01, 0.99), min_size=1, max_size=5, unique=True),
    st.integers(1, 12),
)
def test_quantiles_never_cross(errors: list[float], levels: list[float], horizon: int) -> None:
    ahead = np.arange(len(errors)) % horizon + 1
    shifts = shifts_of([Errors(shares=np.array(errors), ahead=ahead)], sorted(levels), horizon)
    assert shifts.shape == (horizon, len(levels))
    assert (np.diff(shifts, axis=1) >= 0).all()
    assert np.isfinite(shifts).all()


@pytest.mark.parametrize(
    ("task", "steps", "what"),
    [(Task.REGRESSION, 5, "the task is regression"), (Task.FORECAST, -1, "`history` is -1")],
)
def test_a_past_that_is_not_there_is_refused(task: Task, steps: int, what: str) -> None:
    from keepwell.deployment.scoring.past import check_past

    with pytest.raises(InvalidRequestError, match=what):
        check_past(Signature(task=task, target="y", inputs=()), steps)
