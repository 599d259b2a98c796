"""How the rows are to be divided, read off the data unless the project says so."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from keepwell.core.errors import TrainingError
from keepwell.core.records import Column, ColumnType, Field, Task
from keepwell.core.spec import DataSpec, SplitSpec
from keepwell.core.suggestions import did_you_mean
from keepwell.features.columns import decode_column
from keepwell.training.splits.plans import By, Plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

_IN_ORDER = 0.999  # share of neighbouring rows that must not go back in time
_FEWEST_GROUPS = 10


def plan_split(
    table: pa.Table,
    columns: Sequence[Column],
    data: DataSpec,
    split: SplitSpec,
    task: Task,
    target: "NDArray[Any]",
) -> Plan:
    """Return how to divide the rows of `table`: as told, else by time, group, class, or at random.

    Raises:
        TrainingError: If the split that was asked for needs a column that is not there.
    """
    if split.by != "auto":
        return _as_told(table, columns, data, split, target)
    time = data.time or _time_column(table, columns)
    if time:
        why = "`time:` is set" if data.time else "the rows are in the order of that column"
        return Plan(
            by="time",
            reason=f"the latest rows by '{time}' are the test, because {why}",
            order=_times(table, columns, time),
        )
    if data.key:
        groups = _codes(table, columns, data.key)
        distinct = len(np.unique(groups))
        if _FEWEST_GROUPS <= distinct < len(groups):
            reason = (
                f"'{data.key}' repeats ({distinct:,} values in {len(groups):,} rows), so all rows of a "
                "value are either learnt from or tested on"
            )
            return Plan(by="group", reason=reason, order=groups)
    if task.numeric or not task.supervised:
        return Plan(by="random", reason="rows drawn at random")
    reason = "rows drawn at random, each class in its share"
    return Plan(by="stratified", reason=reason, order=target)


def _as_told(
    table: pa.Table,
    columns: Sequence[Column],
    data: DataSpec,
    split: SplitSpec,
    target: "NDArray[Any]",
) -> Plan:
    by = cast("By", split.by)
    reason = f"`by: {by}` is set under `train: split:`"
    if by == "random":
        return Plan(by=by, reason=reason)
    if by == "stratified":
        if target.dtype == np.float64:
            raise TrainingError(
                "a split by class needs classes, and the target is a number",
                why=reason,
                now="set `by: random`, or remove the line",
            )
        return Plan(by=by, reason=reason, order=target)
    name = split.column or (data.time if by == "time" else data.key)
    if not name:
        raise TrainingError(
            f"a split by {by} needs a column",
            why=reason,
            now=f"add `column: NAME` there, or set `{'time' if by == 'time' else 'key'}:` under `data:`",
        )
    read = _times if by == "time" else _codes
    return Plan(by=by, reason=f"{reason}, with '{name}'", order=read(table, columns, name))


def _time_column(table: pa.Table, columns: Sequence[Column]) -> str:
    """Return the only date column, if the rows follow it and it has no gaps; else nothing."""
    dates = [column.name for column in columns if column.type is ColumnType.DATETIME]
    if len(dates) != 1:
        return ""
    times = _times(table, columns, dates[0])
    steps = np.diff(times)
    follows = (
        bool(np.isfinite(times).all()) and float(np.mean(steps >= 0)) >= _IN_ORDER and steps.any()
    )
    return dates[0] if follows else ""


def _times(table: pa.Table, columns: Sequence[Column], name: str) -> "NDArray[np.float64]":
    column = _column(columns, name)
    kind = ColumnType.DATETIME if column.type is ColumnType.DATETIME else ColumnType.NUMBER
    times = decode_column(table.column(name), Field(name=name, type=kind), required=False)
    if times is None:
        raise TrainingError(
            f"the rows cannot be put in order by '{name}'",
            why=f"it is a {column.type.value}, not a date or number",
            now=f"add `types: {{{name}: datetime}}` under `data:`, or name another column",
        )
    return times


def _codes(table: pa.Table, columns: Sequence[Column], name: str) -> "NDArray[np.int64]":
    _column(columns, name)
    coded = pc.dictionary_encode(table.column(name).combine_chunks(), null_encoding="encode")
    return np.asarray(coded.indices.to_numpy(zero_copy_only=False), dtype=np.int64)


def _column(columns: Sequence[Column], name: str) -> Column:
    found = next((column for column in columns if column.name == name), None)
    if found is None:
        raise TrainingError(
            f"the rows cannot be divided by '{name}': there is no such column",
            why=f"the columns are {', '.join(column.name for column in columns[:20])}",
            now=did_you_mean(name, [column.name for column in columns])
            or "correct the name in keepwell.yaml",
        )
    return found
