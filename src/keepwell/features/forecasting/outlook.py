"""From times to what a model is told about them. NumPy only: the scorer uses it as it is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import InvalidRequestError
from keepwell.features.calendar import calendar_parts
from keepwell.features.forecasting.grid import Grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

PARTS = ("month", "day", "weekday", "yearday", "hour", "minute")
_LAGS = (0, 1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a series is looked at.

    Attributes:
        grid: The steps of time.
        horizon: Steps that are forecast at most.
        anchor: The first step that was kept for the test.
        season: Steps of the cycle that a naive forecast repeats; 1 for none.
        seasons: Steps of all the cycles that are looked at.
        base: `season` or `level`: what a model's answers are added to.
        series: Names of the series, in the order of their rows; empty where there is one without a name.
        labels: By known column: its labels in the order of their codes; None for numbers.
    """

    grid: Grid
    horizon: int
    anchor: int
    season: int
    seasons: tuple[int, ...]
    base: str = "season"
    series: tuple[str, ...] = ()
    labels: tuple[tuple[str, ...] | None, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """What a model is told, and how its answer becomes a forecast: `base + scale * answer`."""

    features: "NDArray[np.float64]"
    base: "NDArray[np.float64]"
    scale: "NDArray[np.float64]"


class Outlook:
    """Looks from the last known value of each series to the steps after it.

    A step within the known values is forecast as it would have been: blocks of the horizon's length,
    counted from the anchor, are each looked at from the step before they begin.

    Args:
        settings: How the series are looked at.
        values: One row per series, one column per step; nan where nothing is known.
    """

    def __init__(self, settings: Settings, values: "NDArray[np.float64]") -> None:
        self.settings = settings
        self._values = values
        known = np.isfinite(values)
        zero = np.zeros((len(values), 1))
        self._sums = np.hstack([zero, np.cumsum(np.where(known, values, 0.0), axis=1)])
        self._counts = np.hstack([zero, np.cumsum(known, axis=1)])
        width = values.shape[1]
        self._last = np.where(known.any(axis=1), width - 1 - known[:, ::-1].argmax(axis=1), -1)
        learnt = values[:, : settings.anchor]
        self._fill = np.array([_mean(row) for row in learnt])
        self._scale = np.array([_spread(row) for row in learnt])
        self._rows = {name: row for row, name in enumerate(settings.series)}
        self._codes = [
            None if labels is None else {label: code for code, label in enumerate(labels)}
            for labels in settings.labels
        ]

    @property
    def values(self) -> "NDArray[np.float64]":
        """One row per series, one column per step."""
        return self._values

    @property
    def last(self) -> "NDArray[np.int64]":
        """The last known step of each series."""
        return self._last

    def over(self, newer: "Outlook") -> "Outlook | None":
        """Return this one over the values of a newer one, looked at from the same steps.

        The scale of each series stays: what was learnt is told in it. None where steps are of another
        length, or a series is unknown here.
        """
        mine, theirs = self.settings, newer.settings
        alike = (mine.grid.step, mine.grid.months) == (theirs.grid.step, theirs.grid.months)
        if not alike or not set(theirs.series) <= set(mine.series):
            return None
        values = newer.values
        if mine.series:
            rows = {name: row for row, name in enumerate(theirs.series)}
            gap = np.full(values.shape[1], np.nan)
            values = np.array([values[rows[n]] if n in rows else gap for n in mine.series])
        settings = replace(mine, grid=theirs.grid, anchor=theirs.anchor)
        made = Outlook(settings, values)
        made._fill, made._scale = self._fill, self._scale
        return made

    @property
    def names(self) -> list[str]:
        """Names of the features."""
        seasons = [f"season {m}{e}" for m in self.settings.seasons for e in ("", " before")]
        means = [f"mean of {width}" for width in self._windows]
        lags = [f"value {lag} steps before the origin" for lag in _LAGS]
        return [*lags, *seasons, *means, "steps ahead", *PARTS, "series"]

    @property
    def _windows(self) -> list[int]:
        return sorted({3, self.settings.season, *self.settings.seasons})

    def place(
        self, seconds: "NDArray[np.float64]", series: Sequence[Any]
    ) -> "tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]":
        """Return by asked time the row of its series, its step, and how many steps ahead it lies.

        Raises:
            InvalidRequestError: If a series is unknown, or a time between two steps or too far ahead.
        """
        settings = self.settings
        rows = np.zeros(len(seconds), dtype=np.int64)
        if settings.series:
            for at, name in enumerate(series):
                if name not in self._rows:
                    raise _unknown(name, settings, at)
                rows[at] = self._rows[name]
        numbers = settings.grid.steps(seconds)
        if not np.isfinite(numbers).all():
            raise _between(settings, int(np.flatnonzero(~np.isfinite(numbers))[0]))
        steps = numbers.astype(np.int64)
        ahead = steps - self._last[rows]
        past = ahead <= 0
        ahead = np.where(past, (steps - settings.anchor) % settings.horizon + 1, ahead)
        if (ahead > settings.horizon).any():
            at = int(np.argmax(ahead > settings.horizon))
            raise _too_far(settings, int(self._last[rows[at]]), int(steps[at]), at)
        return rows, steps, ahead

    def design(
        self,
        rows: "NDArray[np.int64]",
        steps: "NDArray[np.int64]",
        ahead: "NDArray[np.int64]",
        known: "Sequence[NDArray[Any]]" = (),
    ) -> Design:
        """Return what a model is told of steps that are looked at from `ahead` steps before.

        Args:
            rows: Of the series.
            steps: What is forecast.
            ahead: How far it lies ahead; at least 1.
            known: Columns whose values are known beforehand, one array each.
        """
        settings, origins = self.settings, steps - ahead
        scale = self._scale[rows]
        level = self._mean(rows, origins, max(settings.season, 3))
        level = np.where(np.isfinite(level), level, self._fill[rows])
        seasonal = self._seasonal(rows, steps, ahead, settings.season, 0)
        base = np.where(np.isfinite(seasonal), seasonal, level)
        if settings.base == "level":
            base = level
        values = [self._at(rows, origins - lag) for lag in _LAGS]
        for season in settings.seasons:
            values += [self._seasonal(rows, steps, ahead, season, turn) for turn in (0, 1)]
        values += [self._mean(rows, origins, width) for width in self._windows]
        seconds = settings.grid.seconds(steps)
        told = [(np.column_stack(values) - base[:, None]) / scale[:, None]]
        told += [ahead[:, None].astype(np.float64), calendar_parts(seconds, PARTS)]
        told += [rows[:, None].astype(np.float64)]
        told += [
            self._coded(column, codes)[:, None]
            for column, codes in zip(known, self._codes, strict=True)
        ]
        return Design(features=np.hstack(told), base=base, scale=scale)

    def _coded(self, column: "NDArray[Any]", codes: dict[str, int] | None) -> "NDArray[np.float64]":
        if codes is None:
            return np.asarray(column, dtype=np.float64)
        return np.array([float(codes.get(label, -1)) for label in column.tolist()])

    def _at(self, rows: Any, steps: "NDArray[np.int64]") -> "NDArray[np.float64]":
        inside = (steps >= 0) & (steps < self._values.shape[1])
        return np.where(inside, self._values[rows, np.where(inside, steps, 0)], np.nan)

    def _seasonal(
        self, rows: Any, steps: Any, ahead: Any, season: int, turn: int
    ) -> "NDArray[np.float64]":
        """Return the value at the same place in the last cycle that is wholly known, or `turn` before."""
        return self._at(rows, steps - season * (-(-ahead // season) + turn))

    def _mean(self, rows: Any, origins: Any, width: int) -> "NDArray[np.float64]":
        """Return the mean of the last values up to the origins."""
        most = self._values.shape[1]
        end = np.clip(origins + 1, 0, most)
        start = np.clip(origins + 1 - width, 0, most)
        count = self._counts[rows, end] - self._counts[rows, start]
        total = self._sums[rows, end] - self._sums[rows, start]
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def banded(
    answer: "NDArray[np.float64]",
    scale: "NDArray[np.float64]",
    ahead: "NDArray[np.int64]",
    shifts: "NDArray[np.float64]",
) -> "NDArray[np.float64]":
    """Return the quantiles of forecasts, a column each."""
    return np.asarray(answer[:, None] + scale[:, None] * shifts[ahead - 1])


def _mean(values: "NDArray[np.float64]") -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else 0.0


def _spread(values: "NDArray[np.float64]") -> float:
    known = values[np.isfinite(values)]
    return float(known.std()) or 1.0 if len(known) else 1.0


def _unknown(name: Any, settings: Settings, at: int) -> InvalidRequestError:
    shown = ", ".join(settings.series[:5]) + (" …" if len(settings.series) > 5 else "")  # noqa: PLR2004
    return InvalidRequestError(
        f"there is no series '{name}' (instance {at})",
        why=f"the model was trained on {len(settings.series)}: {shown}",
        now="send the name of one of them, or train on data that holds the new one",
        details={"instance": at},
    )


def _between(settings: Settings, at: int) -> InvalidRequestError:
    grid = settings.grid
    return InvalidRequestError(
        f"the time of instance {at} is missing, or lies between two steps",
        why=f"the model forecasts every {grid.name}, counted from {grid.said(0)}",
        now=f"send a time such as {grid.said(settings.anchor)}",
        details={"instance": at},
    )


def _too_far(settings: Settings, last: int, step: int, at: int) -> InvalidRequestError:
    grid = settings.grid
    return InvalidRequestError(
        f"{grid.said(step)} is too far ahead (instance {at})",
        why=f"the last known value is of {grid.said(last)}, and the horizon is {settings.horizon} steps",
        now=f"ask up to {grid.said(last + settings.horizon)}; or bring the data up to date, or set "
        "`horizon:` under `train:`, and keepwell run",
        details={"instance": at},
    )
