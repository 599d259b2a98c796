"""From a table to series at equal steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.errors import TrainingError
from keepwell.core.records import Column, ColumnType, Field
from keepwell.core.spec import DataSpec
from keepwell.core.suggestions import did_you_mean
from keepwell.features.columns import decode_column
from keepwell.features.forecasting import Grid, find_grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_CELLS = 50_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Values at equal steps.

    Attributes:
        grid: The steps.
        time: The column of the times.
        names: Of the series; empty where there is one.
        values: One row per series, one column per step; nan where there is none.
        row: By usable row of the table, its series.
        step: By usable row of the table, its step.
    """

    grid: Grid
    time: str
    names: tuple[str, ...]
    values: "NDArray[np.float64]"
    row: "NDArray[np.int64]"
    step: "NDArray[np.int64]"


def read_series(
    table: pa.Table, columns: Sequence[Column], data: DataSpec, target: "NDArray[np.float64]"
) -> Series:
    """Return the series of the usable rows of a table.

    Raises:
        TrainingError: If there is no time, the times follow no steps, or two rows have the same.
    """
    time = time_column(columns, data)
    seconds = times_of(table, columns, time)
    missing = int(np.count_nonzero(~np.isfinite(seconds)))
    if missing:
        raise TrainingError(
            f"'{time}' is missing in {missing:,} of {len(seconds):,} rows",
            why="a value without a time belongs to no step",
            now=f"fill in '{time}', or leave those rows out of the source",
        )
    grid = find_grid(seconds)
    steps = np.full(len(seconds), np.nan) if grid is None else grid.steps(seconds)
    off = int(np.count_nonzero(~np.isfinite(steps)))
    if grid is None or off:
        why = (
            "neighbouring times are not a whole number of steps apart"
            if grid is None
            else f"{off:,} of {len(steps):,} rows lie between two steps of one {grid.name}"
        )
        raise TrainingError(
            f"the times in '{time}' follow no equal steps",
            why=why,
            now="add the values up by hour, day or month, and forecast those",
        )
    names, row = _series(table, data.key)
    step = steps.astype(np.int64)
    _must_differ(data, time, names, row, step, grid)
    width = int(step.max()) + 1
    if width * max(1, len(names)) > MOST_CELLS:
        raise TrainingError(
            f"{len(names):,} series of {width:,} steps are too many to hold",
            why=f"together they have more than {MOST_CELLS:,} places",
            now="forecast sums over longer steps, or fewer series",
        )
    values = np.full((max(1, len(names)), width), np.nan)
    values[row, step] = target
    return Series(grid=grid, time=time, names=names, values=values, row=row, step=step)


def time_column(columns: Sequence[Column], data: DataSpec) -> str:
    """Return the column that says when; the only one of dates unless one is named.

    Raises:
        TrainingError: If there is none, or several.
    """
    names = [column.name for column in columns]
    if data.time:
        if data.time not in names:
            raise TrainingError(
                f"the time column '{data.time}' is not in the data",
                why=f"its columns are {', '.join(names[:20])}",
                now=did_you_mean(data.time, names) or "set `time:` under `data:` to one of them",
            )
        return data.time
    dates = [column.name for column in columns if column.type is ColumnType.DATETIME]
    if len(dates) != 1:
        found = f"there are {len(dates)} columns of dates" if dates else "no column holds dates"
        raise TrainingError(
            "a forecast needs to know when each value was",
            why=f"{found}, and `task: forecast` is set under `train:`",
            now="set `time:` under `data:` to the column that says when",
        )
    return dates[0]


def times_of(table: pa.Table, columns: Sequence[Column], name: str) -> "NDArray[np.float64]":
    """Return the times of the rows in Unix seconds."""
    kind = next(column.type for column in columns if column.name == name)
    seconds = None
    if kind is ColumnType.DATETIME:
        field = Field(name=name, type=ColumnType.DATETIME)
        seconds = decode_column(table.column(name), field, required=False)
    if seconds is None:
        raise TrainingError(
            f"the column '{name}' does not say when",
            why=f"it is a {kind.value}, not a date",
            now=f"add `types: {{{name}: datetime}}` under `data:`, or name another column",
        )
    return seconds


def _series(table: pa.Table, key: str) -> "tuple[tuple[str, ...], NDArray[np.int64]]":
    if not key:
        return (), np.zeros(table.num_rows, dtype=np.int64)
    given: list[Any] = [
        "" if one is None else str(one).lower() if isinstance(one, bool) else str(one)
        for one in table.column(key).to_pylist()
    ]
    names, row = np.unique(np.array(given, dtype=str), return_inverse=True)
    return tuple(names.tolist()), row.astype(np.int64)


def _must_differ(
    data: DataSpec, time: str, names: tuple[str, ...], row: Any, step: Any, grid: Grid
) -> None:
    places, counts = np.unique(np.stack([row, step]), axis=1, return_counts=True)
    if (counts == 1).all():
        return
    twice = int(counts.argmax())
    where = f"{grid.said(int(places[1, twice]))}" + (
        f" of '{names[int(places[0, twice])]}'" if names else ""
    )
    raise TrainingError(
        f"{int(counts[twice])} rows hold the value of {where}",
        why=f"each step of '{time}' has one value"
        + (f" in each series of '{data.key}'" if names else ", and no series are told apart"),
        now="add them up in the source"
        if names
        else "set `key:` under `data:` to the column that tells the series apart",
    )
