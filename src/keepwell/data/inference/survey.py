"""Counting which readings fit which columns.

Columns are surveyed in a long table of (column, value), so that the question has the same size for five
columns and for five thousand.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from keepwell.data.inference.readings import Reading, is_blank

_VALUES = 2_000_000  # distinct values surveyed, over all columns
_PER_COLUMN = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What a survey counted among the distinct values of one column.

    Attributes:
        values: Values looked at, without words that stand for a missing value.
        blanks: Such words.
        digits: Values made of digits alone.
        numeric: Values with a digit in them, as every number and every date has.
        fitting: How many values fit each reading.
        example: The smallest value.
    """

    values: int
    blanks: int
    digits: int
    numeric: int
    fitting: Mapping[Reading, int]
    example: str

    def first_fit(self, readings: Iterable[Reading]) -> Reading | None:
        """Return the first reading that fits every value; None if none does.

        If there were words for missing values, it is the reading that takes them so.
        """
        for reading in readings:
            if self.values and self.fitting[reading] == self.values:
                return reading.with_blanks() if self.blanks else reading
        return None

    def best_fit(self, readings: Iterable[Reading]) -> Reading:
        """Return the reading that fits most values, the first of equals."""
        best = max(readings, key=lambda reading: self.fitting[reading])
        return best.with_blanks() if self.blanks else best


def distinct_values(columns: Mapping[int, Any]) -> Any:
    """Return a long table (k, v) of distinct values, spread over each column; no missing ones."""
    limit = max(50, min(_PER_COLUMN, _VALUES // max(1, len(columns))))
    places: list[Any] = []
    values: list[Any] = []
    for place, column in columns.items():
        unique = pc.drop_null(pc.unique(column))
        if len(unique) > limit:
            unique = unique.take(pa.array(np.linspace(0, len(unique) - 1, limit).astype(np.int64)))
        places.append(np.full(len(unique), place, dtype=np.int32))
        values.append(unique.cast(pa.string()))
    return pa.table(
        {
            "k": np.concatenate([np.empty(0, np.int32), *places]),
            "v": pa.chunked_array(values, pa.string()),
        }
    )


def survey(
    connection: duckdb.DuckDBPyConnection,
    values: Any,
    readings: Sequence[Reading],
    *,
    places: Iterable[int] | None = None,
) -> dict[int, Tally]:
    """Return the tally of each column of a long table; a column without values has none.

    With `places`, only these columns are looked at.
    """
    if places is not None:
        values = values.filter(pc.is_in(values["k"], pa.array(list(places), pa.int32())))
    if not values.num_rows:
        return {}
    counts = "".join(
        f", count(*) FILTER (NOT b AND NOT {reading.misfit_of('v')})" for reading in readings
    )
    sql = (
        r"SELECT k, count(*) FILTER (NOT b), count(*) FILTER (b), "
        r"count(*) FILTER (regexp_full_match(trim(v), '\d+')), "
        r"count(*) FILTER (NOT b AND regexp_matches(v, '\d')), min(v) FILTER (NOT b)"
        f"{counts} FROM (SELECT k, v, {is_blank('v')} AS b FROM surveyed) GROUP BY k"
    )
    connection.register("surveyed", values)
    try:
        rows = connection.sql(sql).fetchall()
    finally:
        connection.unregister("surveyed")
    return {
        place: Tally(
            values=count,
            blanks=blanks,
            digits=digits,
            numeric=numeric,
            example=example or "",
            fitting=dict(zip(readings, fitting, strict=True)),
        )
        for place, count, blanks, digits, numeric, example, *fitting in rows
    }


def misfits(
    connection: duckdb.DuckDBPyConnection, values: Any, place: int, reading: Reading
) -> list[str]:
    """Return up to three values of a column that do not fit a reading."""
    connection.register("surveyed", values)
    try:
        found = connection.sql(
            f"SELECT v FROM surveyed WHERE k = {place} AND NOT {is_blank('v')} "
            f"AND {reading.misfit_of('v')} ORDER BY v LIMIT 3"
        ).fetchall()
    finally:
        connection.unregister("surveyed")
    return [value for (value,) in found]
