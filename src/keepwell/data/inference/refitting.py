"""When a value deep in the file does not fit: every column is counted again, over all rows.

A column whose type is free is widened to the first reading that fits all of its values. One whose type
is fixed, by the contract or by `data.types`, is misread: that is for the caller to refuse.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import duckdb
import pyarrow as pa

from keepwell.core.records.dataset import Finding
from keepwell.data.engine import first_row
from keepwell.data.inference.native import typed
from keepwell.data.inference.planning import ColumnPlan
from keepwell.data.inference.readings import (
    DATES,
    INTEGER,
    NUMBER,
    STRING,
    STYLED_NUMBERS,
    Reading,
    Storage,
)
from keepwell.data.inference.survey import survey
from keepwell.data.sources import DataFile, Source
from keepwell.data.sources.locating import Place, find_places

_AT_ONCE = 500  # columns counted in one query
_EXAMPLES = 1000  # refused values that a wider reading must fit before it is tried on all rows
_SHOWN = 5
_WIDER = (INTEGER, NUMBER, *DATES, *STYLED_NUMBERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Misread:
    """A column of fixed type with values that do not fit it."""

    plan: ColumnPlan
    count: int
    places: tuple[Place, ...]


Condition = Callable[[DataFile, str], str]


def refit(
    connection: duckdb.DuckDBPyConnection, source: Source, plans: Sequence[ColumnPlan]
) -> tuple[list[ColumnPlan], list[Misread]]:
    """Return plans that every row of the source fits, and the columns of fixed type that do not."""
    narrow = [plan for plan in plans if plan.reading.storage is not Storage.STRING]
    refused = _count(connection, source, {plan.name: _refusal(plan) for plan in narrow})
    refitted: list[ColumnPlan] = []
    misread: list[Misread] = []
    for plan in plans:
        count = refused.get(plan.name, 0)
        if not count:
            refitted.append(plan)
            continue
        wider = _with_blanks(connection, source, plan)
        if wider is None and plan.fixed is None:
            wider = _widen(connection, source, plan, count)
        if wider is None:
            places = find_places(connection, source, plan.name, _refusal(plan), _SHOWN)
            misread.append(Misread(plan=plan, count=count, places=tuple(places)))
        refitted.append(wider or plan)
    return refitted, misread


def _refusal(plan: ColumnPlan) -> Condition:
    return lambda file, column: plan.reading_in(file).refusal_of(column)


def _count(
    connection: duckdb.DuckDBPyConnection, source: Source, conditions: dict[str, Condition]
) -> dict[str, int]:
    """Return for how many values of each column its condition holds."""
    totals = dict.fromkeys(conditions, 0)
    for file in source.files:
        places = {name: f"c{place}" for place, name in enumerate(file.names)}
        wanted = [(name, condition(file, places[name])) for name, condition in conditions.items()]
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            counts = ", ".join(f"count(*) FILTER ({sql})" for _, sql in some)
            row = first_row(connection, f"SELECT {counts} FROM {file.relation()}")
            for (name, _), count in zip(some, row, strict=True):
                totals[name] += count
    return totals


def _with_blanks(
    connection: duckdb.DuckDBPyConnection, source: Source, plan: ColumnPlan
) -> ColumnPlan | None:
    """Return the plan with blank words taken for missing values, if that is all it takes."""
    if source.files[0].types or plan.reading.blanks or plan.reading.storage is Storage.STRING:
        return None
    tolerant = replace(
        plan,
        reading=plan.reading.with_blanks(),
        reason=f"{plan.reason}; words like '?' or 'n/a' count as missing",
    )
    left = _count(connection, source, {plan.name: _refusal(tolerant)})
    return None if left[plan.name] else tolerant


def _widen(
    connection: duckdb.DuckDBPyConnection, source: Source, plan: ColumnPlan, count: int
) -> ColumnPlan:
    places = find_places(connection, source, plan.name, _refusal(plan), 3)
    shown = ", ".join(str(place) for place in places[:1])
    if source.files[0].types:
        storage = Storage.NUMBER if plan.reading.storage is Storage.INTEGER else Storage.STRING
        return replace(
            plan, reading=typed(storage), reason=f"{plan.reason}; too large for integers"
        )
    examples = find_places(connection, source, plan.name, _refusal(plan), _EXAMPLES)
    values = pa.table(
        {
            "k": pa.array([0] * len(examples), pa.int32()),
            "v": pa.array([place.value for place in examples], pa.string()),
        }
    )
    tally = survey(connection, values, _WIDER).get(0)
    if tally is not None and tally.digits == tally.values:
        reason = f"digits with leading zeros or too many for a number: {shown}"
        return replace(plan, reading=STRING, reason=reason)
    for reading in _WIDER:
        if tally is None or tally.fitting[reading] < tally.values:
            continue
        chosen = reading.with_blanks() if tally.blanks or plan.reading.blanks else reading
        if not _count(connection, source, {plan.name: _refusal_by(chosen)})[plan.name]:
            return replace(
                plan, reading=chosen, reason=f"not all values are like the first ones: {shown}"
            )
    finding = Finding(
        column=plan.name,
        rule="mixed types",
        message=f"its first values are {plan.reason or 'of another kind'}, but {count:,} are not "
        f"({'; '.join(map(str, places))}), so it is kept as text; leave such cells empty, or set its "
        "type under `data.types`",
    )
    return replace(
        plan, reading=STRING, reason=f"mixed values: {shown}", findings=(*plan.findings, finding)
    )


def _refusal_by(reading: Reading) -> Condition:
    return lambda file, column: reading.refusal_of(column)
