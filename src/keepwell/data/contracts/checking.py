"""A batch against its contract: every clause of every column counted in one scan."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from keepwell.core.errors import ProjectFileError
from keepwell.core.records.dataset import Finding
from keepwell.data.contracts.clauses import Clause, Counted, Verdict, clauses_of
from keepwell.data.contracts.rules import Breach, Contract
from keepwell.data.engine import first_row
from keepwell.data.inference.readings import Storage
from keepwell.data.sources.locating import Place

_AT_ONCE = 2000  # counts in one query: only tables of hundreds of columns take more than one scan
_SHOWN = 5

Locate = Callable[[int, object], Place]
"""Turns a row's number (from 0, in the batch) and a value into a place in the source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Staged rows to be checked: columns `c0`, `c1`, … of a dataset.

    Attributes:
        names: The columns' names.
        storages: How each is kept.
        rows: A `pyarrow` dataset of them, in their order.
        locate: Where a row came from.
    """

    names: Sequence[str]
    storages: Sequence[Storage]
    rows: Any
    locate: Locate


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check found: breaches, which refuse the batch, and findings, which only tell."""

    breaches: tuple[Breach, ...]
    findings: tuple[Finding, ...]


def check_batch(connection: duckdb.DuckDBPyConnection, contract: Contract, batch: Batch) -> Checked:
    """Return what breaks the contract in a batch, and what strays from it.

    Raises:
        ProjectFileError: If a pattern or a limit of the contract cannot be used.
    """
    clauses = [
        (place, clause)
        for place, (name, storage) in enumerate(zip(batch.names, batch.storages, strict=True))
        if name in contract.columns
        for clause in clauses_of(contract.columns[name], f"c{place}", storage)
    ]
    breaches: list[Breach] = []
    strange: list[Breach] = []
    findings: list[Finding] = []
    connection.register("staged", batch.rows)
    try:
        for place, clause, verdict, count in _judged(connection, clauses):
            breach = Breach(
                rule=clause.rule, column=batch.names[place], count=count, message=verdict.message
            )
            if verdict.refused:
                breaches.append(_with_places(connection, breach, clause, batch, place))
                continue
            if verdict.strange:
                strange.append(_with_places(connection, breach, clause, batch, place))
            message = _with_examples(connection, verdict, clause, place)
            findings.append(Finding(column=breach.column, rule=clause.rule, message=message))
    finally:
        connection.unregister("staged")
    # One column of unseen categories may be a new month's label; several are a shifted table.
    breaches += strange if len(strange) > 1 else []
    refused = {(breach.rule, breach.column) for breach in breaches}
    return Checked(
        breaches=tuple(breaches),
        findings=tuple(item for item in findings if (item.rule, item.column) not in refused),
    )


def _judged(
    connection: duckdb.DuckDBPyConnection, clauses: Sequence[tuple[int, Clause]]
) -> list[tuple[int, Clause, Verdict, int]]:
    """Return the clauses that have a verdict, with their counts."""
    judged = []
    for start in range(0, len(clauses), _AT_ONCE):
        some = clauses[start : start + _AT_ONCE]
        places = sorted({place for place, _ in some})
        values = [f"count(c{place})" for place in places]
        counts = [clause.counting for _, clause in some]
        sql = f"SELECT count(*), {', '.join([*values, *counts])} FROM staged"
        try:
            rows, *numbers = first_row(connection, sql)
        except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
            raise ProjectFileError(
                "the contract holds a pattern or a limit that cannot be used",
                why=str(error).splitlines()[0],
                now="patterns are regular expressions of the RE2 kind; limits fit their column's type",
            ) from error
        present = dict(zip(places, numbers, strict=False))
        for (place, clause), count in zip(some, numbers[len(places) :], strict=True):
            seen = Counted(rows=rows, values=present[place], count=count)
            verdict = clause.judge(seen)
            if verdict is not None:
                judged.append((place, clause, verdict, count))
    return judged


def _with_places(
    connection: duckdb.DuckDBPyConnection, breach: Breach, clause: Clause, batch: Batch, place: int
) -> Breach:
    connection.execute("SET threads = 1")  # rows are numbered in their order
    try:
        rows = connection.sql(
            f"SELECT r, c{place} FROM (SELECT *, row_number() OVER () - 1 AS r FROM staged) "
            f"WHERE {clause.condition} LIMIT {_SHOWN}"
        ).fetchall()
    finally:
        connection.execute("RESET threads")
    places = tuple(batch.locate(row, value) for row, value in rows)
    return Breach(
        rule=breach.rule,
        column=breach.column,
        count=breach.count,
        message=breach.message,
        places=places,
    )


def _with_examples(
    connection: duckdb.DuckDBPyConnection, verdict: Verdict, clause: Clause, place: int
) -> str:
    if clause.rule != "values":
        return verdict.message
    found = connection.sql(
        f"SELECT c{place} FROM staged WHERE {clause.condition} GROUP BY 1 "
        f"ORDER BY count(*) DESC, 1 LIMIT 3"
    ).fetchall()
    return f"{verdict.message}: {', '.join(repr(value) for (value,) in found)}"
