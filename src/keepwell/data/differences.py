"""What changed from one version of a dataset to another."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from keepwell.core.errors import NotFoundError
from keepwell.core.records.dataset import ColumnProfile, DatasetVersion, Profile
from keepwell.core.suggestions import did_you_mean
from keepwell.data.engine import connect, first_row
from keepwell.data.pool import ChunkPool

_SHOWN = 5
_SHARE = 0.01  # a share that moved by less is not worth a line
_DEVIATIONS = 0.1  # a mean that moved by less of a standard deviation is not either
_SHIFTS = 20

Side = tuple[DatasetVersion, Profile, ChunkPool]


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaChange:
    """A column that is only in one version (the other type is None), or has another type."""

    column: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A statistic of a column that moved: `missing`, `mean` or the share of a category."""

    column: str
    statistic: str
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetDiff:
    """What changed from version `before` to version `after` of a dataset.

    Attributes:
        name: The dataset.
        before: The older version's number.
        after: The newer version's number.
        rows_before: Rows of the older.
        rows_after: Rows of the newer.
        schema: Columns that came, went or changed their type.
        added: Rows that only the newer has.
        removed: Rows that only the older has.
        changed: Rows with the same key and other values; 0 without a key, where a changed row counts
            as one removed and one added.
        key: The column that names a row, if one was given.
        added_rows: The first added rows, as text by column.
        removed_rows: The first removed rows.
        changed_rows: The first changed rows: the key, and `before → after` by column.
        shifts: Statistics that moved, the largest first.
        shared: Chunks that both versions have, stored once.
        chunks: Chunks of the newer version.
    """

    name: str
    before: int
    after: int
    rows_before: int
    rows_after: int
    schema: tuple[SchemaChange, ...] = ()
    added: int = 0
    removed: int = 0
    changed: int = 0
    key: str = ""
    added_rows: tuple[dict[str, str | None], ...] = ()
    removed_rows: tuple[dict[str, str | None], ...] = ()
    changed_rows: tuple[dict[str, str | None], ...] = ()
    shifts: tuple[Shift, ...] = ()
    shared: int = 0
    chunks: int = 0

    def __str__(self) -> str:
        parts = [f"{self.name}: {self.rows_before:,} → {self.rows_after:,} rows"]
        counts = (("added", self.added), ("removed", self.removed), ("changed", self.changed))
        parts += [f"{count:,} {word}" for word, count in counts if count]
        for change in self.schema:
            before, after = change.before or "absent", change.after or "absent"
            parts.append(f"'{change.column}' {before} → {after}")
        parts.append(f"{self.shared} of {self.chunks} chunks shared")
        return ", ".join(parts)


def compare(old: Side, new: Side, *, key: str, temp: Path) -> DatasetDiff:
    """Return the difference of two versions; see `Datasets.diff`."""
    before, after = old[0], new[0]
    shared = _shared(before, after)
    diff: dict[str, Any] = {
        "name": after.name,
        "before": before.version,
        "after": after.version,
        "rows_before": before.rows,
        "rows_after": after.rows,
        "schema": tuple(_schema_changes(before, after)),
        "key": key,
        "shifts": tuple(_shifts(old[1], new[1])),
        "shared": sum(chunk in shared for chunk in after.chunks),
        "chunks": len(after.chunks),
    }
    return DatasetDiff(**diff, **_row_changes(old, new, key, temp))


def _schema_changes(before: DatasetVersion, after: DatasetVersion) -> Iterator[SchemaChange]:
    old = {column.name: column.type.value for column in before.columns}
    new = {column.name: column.type.value for column in after.columns}
    for name in dict.fromkeys([*old, *new]):
        if old.get(name) != new.get(name):
            yield SchemaChange(column=name, before=old.get(name), after=new.get(name))


def _shifts(old: Profile, new: Profile) -> list[Shift]:
    found: list[tuple[float, Shift]] = []
    for after in new.columns:
        before = old.column(after.name)
        if before is not None and before.type is after.type:
            found += _column_shifts(before, after)
    found.sort(key=lambda item: -item[0])
    return [shift for _, shift in found[:_SHIFTS]]


def _column_shifts(before: ColumnProfile, after: ColumnProfile) -> Iterator[tuple[float, Shift]]:
    missing = _share(before.missing, before.rows), _share(after.missing, after.rows)
    if abs(missing[1] - missing[0]) >= _SHARE:
        yield abs(missing[1] - missing[0]), _shift(after.name, "missing", *missing)
    if before.mean is not None and after.mean is not None:
        moved = abs(after.mean - before.mean) / (before.std or after.std or 1.0)
        if moved >= _DEVIATIONS:
            yield moved, _shift(after.name, "mean", before.mean, after.mean)
    old, new = dict(before.top), dict(after.top)
    for value in dict.fromkeys([*old, *new]):
        shares = _share(old.get(value, 0), before.rows), _share(new.get(value, 0), after.rows)
        if abs(shares[1] - shares[0]) >= _SHARE:
            yield abs(shares[1] - shares[0]), _shift(after.name, f"share of '{value}'", *shares)


def _shift(column: str, statistic: str, before: float, after: float) -> Shift:
    return Shift(column=column, statistic=statistic, before=before, after=after)


def _share(count: int, rows: int) -> float:
    return count / rows if rows else 0.0


def _row_changes(old: Side, new: Side, key: str, temp: Path) -> dict[str, Any]:
    """Compare rows over the columns that both have; chunks that both have are not looked at."""
    names = [column.name for column in old[0].columns]
    common = [column.name for column in new[0].columns if column.name in names]
    if key and key not in common:
        raise NotFoundError(
            f"'{key}' is not a column of both versions",
            why=f"they share {', '.join(common[:10])}",
            now=did_you_mean(key, common) or "compare without a key",
        )
    if old[0].digest == new[0].digest or not common:
        return {}
    shared = _shared(old[0], new[0])
    scans = [side[2].scan(side[0], leaving_out=shared) for side in (old, new)]
    temp.mkdir(parents=True, exist_ok=True)
    with connect(temp, columns=len(common)) as connection:
        for label, version, rows in zip(("old", "new"), (old[0], new[0]), scans, strict=True):
            connection.register(f"{label}_rows", rows)
            other, types = (new, scans[1]) if label == "old" else (old, scans[0])
            kinds = dict(zip(_names(other[0]), types.schema.types, strict=True))
            _view(connection, label, version, rows.schema, {name: kinds[name] for name in common})
        if not key:
            return _unkeyed(connection, common)
        return _keyed(connection, common, common.index(key))


def _shared(before: DatasetVersion, after: DatasetVersion) -> set[str]:
    """Return the chunks that both versions have equally often."""
    if before.table != after.table:
        return set()
    old, new = Counter(before.chunks), Counter(after.chunks)
    return {chunk for chunk, count in old.items() if new[chunk] == count}


def _names(version: DatasetVersion) -> list[str]:
    return [column.name for column in version.columns]


def _view(
    connection: duckdb.DuckDBPyConnection,
    label: str,
    version: DatasetVersion,
    schema: Any,
    others: dict[str, Any],
) -> None:
    """Make a side's rows a view of text columns `c0` … with a hash of each row.

    A number that the other side keeps as another kind of number is told like the other side's.
    """
    names = _names(version)
    columns = []
    for place, (name, other) in enumerate(others.items()):
        field = schema.field(names.index(name))
        value = '"' + field.name.replace('"', '""') + '"'
        numbers = pa.types.is_integer(field.type) and pa.types.is_floating(other)
        value = f"CAST({value} AS DOUBLE)" if numbers else value
        columns.append(f"CAST({value} AS VARCHAR) AS c{place}")
    every = ", ".join(f"c{place}" for place in range(len(columns)))
    connection.execute(
        f"CREATE TEMP VIEW {label} AS SELECT *, hash({every}) AS h "
        f"FROM (SELECT {', '.join(columns)} FROM {label}_rows)"
    )


def _unkeyed(connection: duckdb.DuckDBPyConnection, common: list[str]) -> dict[str, Any]:
    connection.execute(
        "CREATE TEMP TABLE counted AS SELECT h, sum(o) AS o, sum(n) AS n FROM ("
        "SELECT h, 1 AS o, 0 AS n FROM old UNION ALL SELECT h, 0, 1 FROM new) GROUP BY h "
        "HAVING sum(o) <> sum(n)"
    )
    added, removed = first_row(
        connection,
        "SELECT coalesce(sum(greatest(n - o, 0)), 0), coalesce(sum(greatest(o - n, 0)), 0) "
        "FROM counted",
    )
    return {
        "added": int(added),
        "removed": int(removed),
        "added_rows": _rows(connection, "new", "h IN (SELECT h FROM counted WHERE n > o)", common),
        "removed_rows": _rows(
            connection, "old", "h IN (SELECT h FROM counted WHERE o > n)", common
        ),
    }


def _keyed(connection: duckdb.DuckDBPyConnection, common: list[str], place: int) -> dict[str, Any]:
    key = f"c{place}"
    absent = f"NOT EXISTS (SELECT 1 FROM {{other}} AS x WHERE x.{key} IS NOT DISTINCT FROM t.{key})"
    only_new, only_old = absent.format(other="old"), absent.format(other="new")
    joined = f"FROM old AS o JOIN new AS n ON o.{key} = n.{key} WHERE o.h <> n.h"
    sides = ", ".join(f"o.c{at}, n.c{at}" for at in range(len(common)))
    changed = []
    for row in connection.sql(f"SELECT {sides} {joined} LIMIT {_SHOWN}").fetchall():
        pairs = list(zip(common, row[::2], row[1::2], strict=True))
        shown = {name: f"{was} → {now}" for name, was, now in pairs if was != now}
        changed.append({common[place]: pairs[place][1], **shown})
    return {
        "added": first_row(connection, f"SELECT count(*) FROM new AS t WHERE {only_new}")[0],
        "removed": first_row(connection, f"SELECT count(*) FROM old AS t WHERE {only_old}")[0],
        "changed": first_row(connection, f"SELECT count(*) {joined}")[0],
        "added_rows": _rows(connection, "new", only_new, common),
        "removed_rows": _rows(connection, "old", only_old, common),
        "changed_rows": tuple(changed),
    }


def _rows(
    connection: duckdb.DuckDBPyConnection, table: str, condition: str, common: list[str]
) -> tuple[dict[str, str | None], ...]:
    every = ", ".join(f"c{place}" for place in range(len(common)))
    sql = f"SELECT {every} FROM {table} AS t WHERE {condition} LIMIT {_SHOWN}"
    return tuple(dict(zip(common, row, strict=True)) for row in connection.sql(sql).fetchall())
