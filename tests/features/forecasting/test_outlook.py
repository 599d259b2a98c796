"""Nothing that comes after the origin of a forecast can move what a model is told."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.errors import InvalidRequestError
from keepwell.features.forecasting import Grid, Outlook, Settings

HOUR = Grid(start=0.0, step=3600.0)


def made(horizon: int, base: str = "season", width: int = 60, seed: int = 0) -> Outlook:
    values = np.random.default_rng(seed).normal(size=(2, width))
    return Outlook(chosen(horizon, base), values)


def chosen(horizon: int, base: str = "season") -> Settings:
    return Settings(
        grid=HOUR,
        horizon=horizon,
        anchor=40,
        season=6,
        seasons=(6, 12),
        base=base,
        series=("a", "b"),
    )


@given(
    step=st.integers(40, 59),
    ahead=st.integers(1, 12),
    base=st.sampled_from(["season", "level"]),
    noise=st.floats(-1e6, 1e6),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_features_depend_on_values_up_to_the_origin_only(
    step: int, ahead: int, base: str, noise: float
) -> None:
    origin = step - ahead
    values = np.random.default_rng(1).normal(size=(2, 60))
    changed = values.copy()
    changed[:, max(origin + 1, 40) :] += noise  # what comes before the anchor sets the scale
    rows, steps, looks = np.array([1]), np.array([step]), np.array([ahead])
    if origin < 40:
        changed = values.copy()
        changed[:, 40:] += noise
    one, other = (
        Outlook(chosen(12, base), given_).design(rows, steps, looks) for given_ in (values, changed)
    )
    np.testing.assert_array_equal(one.features, other.features)
    np.testing.assert_array_equal(one.base, other.base)


def test_features_of_steps_before_the_anchor_do_not_see_what_follows_either() -> None:
    values = np.random.default_rng(2).normal(size=(2, 60))
    swapped = values.copy()
    swapped[:, 21:40] = values[:, 21:40][:, ::-1]  # the same mean and spread
    rows, steps, ahead = np.array([0]), np.array([24]), np.array([4])
    one, other = (Outlook(chosen(12), v).design(rows, steps, ahead) for v in (values, swapped))
    np.testing.assert_allclose(one.features, other.features, rtol=1e-9)


def test_the_naive_base_is_the_same_hour_of_the_last_whole_cycle() -> None:
    outlook = made(12)
    values = outlook._values
    for ahead, before in ((1, 6), (6, 6), (7, 12), (12, 12)):
        base = outlook.design(np.array([0]), np.array([50]), np.array([ahead])).base
        assert base.tolist() == [values[0, 50 - before]]


def test_known_steps_are_forecast_a_block_at_a_time() -> None:
    outlook = made(5)
    _, steps, ahead = outlook.place(np.arange(38, 62, dtype=np.float64) * 3600, ["a"] * 24)
    blocks = dict(zip(steps.tolist(), ahead.tolist(), strict=True))
    assert [blocks[step] for step in range(38, 51)] == [4, 5, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1]
    assert blocks[60] == 1  # after the last known value
    assert blocks[61] == 2


@pytest.mark.parametrize(
    ("seconds", "series", "what", "now"),
    [
        (3600.0 * 65, "a", "too far ahead", "ask up to 1970-01-03T16:00:00Z"),
        (1800.0, "a", "lies between two steps", "send a time such as"),
        (float("nan"), "a", "is missing", "send a time such as"),
        (3600.0, "c", "there is no series 'c'", "train on data that holds the new one"),
    ],
)
def test_refuses_what_it_cannot_forecast(seconds: float, series: str, what: str, now: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        made(5).place(np.array([seconds]), [series])
    assert what in refused.value.what
    assert refused.value.why
    assert now in refused.value.now


def test_gaps_leave_a_base_to_go_by() -> None:
    values: Any = np.full((1, 60), np.nan)
    values[0, [3, 20, 55]] = [1.0, 3.0, 5.0]
    single = Settings(grid=HOUR, horizon=4, anchor=40, season=6, seasons=(6,))
    design = Outlook(single, values).design(np.zeros(10, int), np.arange(10), np.ones(10, int))
    assert np.isfinite(design.base).all()
    assert (design.scale > 0).all()
