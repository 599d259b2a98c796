"""Which of the columns that drifted broke: their newest rows beside those of before."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.records import ColumnType, Field, Signal
from keepwell.monitoring.breaks.stillness import FEWEST, never_stood, standing
from keepwell.monitoring.breaks.units import another_unit
from keepwell.monitoring.drift import weight
from keepwell.monitoring.inputs import parse_inputs
from keepwell.monitoring.report import ColumnReport, Scope
from keepwell.monitoring.sketches.counted import NUMBERS

if TYPE_CHECKING:
    from keepwell.monitoring.prediction_log.log import PredictionLog
    from keepwell.monitoring.sketches.watched import Watched

LIMIT = 0.05
"""Share of the newest rows that must be broken; a break takes nearly all of them."""

_WATCHED = (*NUMBERS, ColumnType.CATEGORY, ColumnType.BOOLEAN)
_MOST = 200  # newest rows
_SHARE = 4  # of the window, one in so many rows counts as newest
_BEFORE = 10  # stretches just before the window …
_DAYS = 7  # … and one of each day before it, at the same time of day
_DAY, _HOUR = 86400.0, 3600.0
_SYMPTOMS = ("outside", "unseen")


def find_breaks(
    log: "PredictionLog", watched: "Watched", scope: Scope, columns: Sequence[ColumnReport]
) -> list[Signal]:
    """Return a signal for each column that drifted because it broke.

    Args:
        log: The predictions.
        watched: The version, and how its inputs are read.
        scope: The window.
        columns: What was said of the inputs in that window.
    """
    moved = {one.name for one in columns if one.drifted}
    fields = [one for one in watched.fields if one.name in moved and one.type in _WATCHED]
    if not fields:
        return []
    rows = max(one.rows for one in columns if one.name in moved)
    size = min(max(rows // _SHARE, FEWEST), _MOST)
    newest = log.window(
        scope.endpoint, rows=size, since=scope.since, until=scope.until + 1e-3,
        version=scope.version, columns=["time", "inputs"],
    )  # fmt: skip
    if newest.num_rows < FEWEST:
        return []
    now = parse_inputs(newest["inputs"], fields).columns
    alone = len(moved) - 1 <= (len(columns) - 1) / 2
    found = [*_stuck(log, scope, fields, now, newest.num_rows)]
    if alone:  # where most columns moved, it is another population
        found += _rescaled(watched, [one for one in fields if one.type in NUMBERS], now)
    return [
        replace(
            scope.signal(
                "quality",
                message,
                value=1.0,
                limit=LIMIT,
                rows=newest.num_rows,
                column=name,
                severity=weight(name, watched.version.importance),
            ),
            damage=damage,
        )
        for name, damage, message in found
    ]


def without_symptoms(damage: Iterable[Signal], breaks: Sequence[Signal]) -> list[Signal]:
    """Return signals of damage with those of breaks; of what broke, what follows from that is left out."""
    broken = {one.column for one in breaks}
    left = [one for one in damage if one.column not in broken or one.damage not in _SYMPTOMS]
    return [*left, *breaks]


def _stuck(
    log: "PredictionLog", scope: Scope, fields: Sequence[Field], now: dict[str, Any], size: int
) -> Iterator[tuple[str, str, str]]:
    still = {one.name: standing(now[one.name]) for one in fields}
    wanted = [one for one in fields if still[one.name] is not None]
    if not wanted:
        return
    past = [parse_inputs(rows["inputs"], wanted).columns for rows in _past(log, scope, size)]
    for field in wanted:
        name, value = field.name, still[field.name]
        count = len(now[name].drop_null())
        if never_stood(value, count, [stretch[name] for stretch in past]):
            told = f"{value:g}" if isinstance(value, float) else f"'{value}'"
            message = f"`{name}` stands still: each of the newest {count:,} rows says {told}"
            yield name, "constant", f"{message}, and it never said one thing only before"


def _past(log: "PredictionLog", scope: Scope, size: int) -> Iterator[pa.Table]:
    """Yield stretches of so many rows from before the window, whichever version answered them."""
    span = max(scope.until - scope.since, _HOUR)
    before = log.window(
        scope.endpoint, rows=_BEFORE * size, since=scope.since - _DAYS * _DAY, until=scope.since,
        columns=["time", "inputs"],
    )  # fmt: skip
    for at in range(before.num_rows % size, before.num_rows, size):
        yield before.slice(at, size)
    for day in range(1, _DAYS + 1):
        until = scope.until - day * _DAY
        if until > scope.since:
            continue
        yield log.window(
            scope.endpoint, rows=size, since=until - span, until=until, columns=["time", "inputs"]
        )


def _rescaled(
    watched: "Watched", fields: Sequence[Field], now: dict[str, Any]
) -> Iterator[tuple[str, str, str]]:
    profiles = {name: sketch.profile for name, sketch, _ in watched.layout.items()}
    for field in fields:
        values = np.asarray(now[field.name].drop_null().to_numpy(zero_copy_only=False), float)
        values = values[np.isfinite(values)]
        steps = np.diff(values)
        if len(values) < FEWEST or np.all(steps >= 0) or np.all(steps <= 0):
            continue  # a clock, a counter, or what stands still
        happened = another_unit(values, profiles[field.name])
        if happened:
            message = f"`{field.name}` {happened}: its unit seems to have changed"
            yield field.name, "unit", message
