"""What is forecast from where: the horizon, the cycles, the test and the folds."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keepwell.core.errors import TrainingError
from keepwell.core.spec import TrainSpec
from keepwell.training.tasks.forecast.series import Series

if TYPE_CHECKING:
    from numpy.typing import NDArray

_USUAL = 12  # steps, where there is no cycle
_WINDOWS = 20  # horizons in a test at most
_FOLDS = 3
_CYCLES = 2  # of a season that must be known


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the series are backtested.

    Attributes:
        horizon: Steps ahead.
        reason: Why so many, in words.
        season: Steps of the cycle that a naive forecast repeats; 1 for none.
        seasons: All the cycles that are looked at.
        anchor: First step of the test.
        cuts: First steps of what is held out in turn; each is followed by `held` steps.
        held: Steps that a fold holds out.
    """

    horizon: int
    reason: str
    season: int
    seasons: tuple[int, ...]
    anchor: int
    cuts: tuple[int, ...]
    held: int


def plan_backtest(series: Series, spec: TrainSpec, anchor: int | None = None) -> Plan:
    """Return the plan.

    Raises:
        TrainingError: If the series are too short for the horizon.
    """
    steps = series.values.shape[1]
    cycles = [m for m in series.grid.cycles if m * (_CYCLES + 1) <= steps][:3]
    horizon, reason = _horizon(series, spec, cycles)
    if anchor is None:
        windows = max(1, min(_WINDOWS, round(spec.split.test * steps / horizon)))
        anchor = steps - windows * horizon
    held = max(1, min(_WINDOWS, round(0.2 * anchor / horizon))) * horizon
    fewest = 2 * horizon + 8
    wanted = min(_FOLDS, spec.folds)
    cuts = tuple(cut for fold in range(wanted, 0, -1) if (cut := anchor - fold * held) >= fewest)
    while not cuts and held > horizon:
        held -= horizon
        cuts = (anchor - held,) if anchor - held >= fewest else ()
    if not cuts:
        raise TrainingError(
            f"{steps:,} steps are too few to forecast {horizon} ahead",
            why=f"some are kept for the test, some to choose by, and {fewest} are the least to learn from",
            now="load a longer history, or set a smaller `horizon:` under `train:`",
        )
    seasons = tuple(m for m in cycles if m * _CYCLES <= cuts[0])
    return Plan(
        horizon=horizon,
        reason=reason,
        season=_season(series.values[:, : cuts[0]], seasons),
        seasons=seasons,
        anchor=anchor,
        cuts=cuts,
        held=held,
    )


def _horizon(series: Series, spec: TrainSpec, cycles: list[int]) -> tuple[int, str]:
    name = series.grid.name
    if spec.horizon is not None:
        return spec.horizon, f"`horizon: {spec.horizon}` is set under `train:`"
    most = max(1, series.values.shape[1] // 10)
    fitting = [cycle for cycle in cycles if cycle <= most]
    horizon = min(fitting) if fitting else min(_USUAL, most)
    why = "one cycle" if fitting else "as far as the history allows"
    return horizon, f"{why}, {horizon} steps of one {name}; `horizon:` under `train:` sets another"


def _season(values: "NDArray[np.float64]", seasons: tuple[int, ...]) -> int:
    """Return the cycle by which a value is nearest to the one before; 1 if that is the last value."""
    errors = {m: np.abs(values[:, m:] - values[:, :-m]) for m in (1, *seasons)}
    means = {m: float(np.nanmean(e)) for m, e in errors.items() if np.isfinite(e).any()}
    return min(means, key=lambda m: means[m], default=1)
