"""Reading a table of things that happened: by time, by id, newest first; as little of it as possible."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds

from keepwell.core.errors import NotFoundError
from keepwell.core.identifiers import is_id, time_of
from keepwell.core.ports import TableStore
from keepwell.monitoring.prediction_log.schema import moment, seconds_of

SLACK = 120.0
"""Seconds by which the time in an id may differ from the time of its row."""

SPANS = (60.0, 600.0, 6_000.0, 86_400.0, 864_000.0, 8_640_000.0)
"""How far back the newest rows are looked for, step by step, before everything is read."""

_DAY = 86_400.0


class Scan:
    """One table with a column of times, which Delta's statistics let a read skip files by.

    `rows` is the whole of it as a `pyarrow.dataset.Dataset`.

    Args:
        tables: Where the table is; one that is not there yet is empty.
        table: Its name.
        schema: Its columns.
        time: The column that rows are ordered by.
    """

    def __init__(self, tables: TableStore, table: str, schema: pa.Schema, time: str) -> None:
        self._schema = schema
        self._time = time
        try:
            # A table that an older version has written lacks the newer columns: its rows have null there.
            self.rows = tables.dataset(table).replace_schema(schema)
        except NotFoundError:
            self.rows = ds.dataset(schema.empty_table())

    def between(
        self,
        where: Any,
        *,
        since: float | None = None,
        until: float | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Return the rows of [since, until) that fit `where`, in the order of time."""
        time = ds.field(self._time)
        if since is not None:
            where &= time >= moment(since)
        if until is not None:
            where &= time < moment(until)
        wanted = self._schema.names if columns is None else list(columns)
        read = wanted if self._time in wanted else [*wanted, self._time]
        rows = self.rows.to_table(columns=read, filter=where)
        return rows.sort_by(self._time).select(wanted)

    def newest(
        self,
        where: Any,
        rows: int,
        *,
        now: float,
        since: float | None = None,
        until: float | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Return the last `rows` of what `between` would return.

        Only times are read to find out where those begin, of ever longer spans before `now`.
        """
        end = now if until is None else min(now, until)
        spans = SPANS if since is None else [span for span in SPANS if end - span > since]
        if since is not None and end - since < _DAY:  # busy endpoints need no more than a minute
            spans = [*(span for span in SPANS[:2] if span < end - since), end - since]
        for span in spans:
            start = end - span
            times = self.between(where, since=start, until=until, columns=[self._time])
            if times.num_rows > rows:
                start = float(seconds_of(times[self._time])[-rows])
            elif times.num_rows < rows and start != since:
                continue
            return self.between(where, since=start, until=until, columns=columns)[-rows:]
        return self.between(where, since=since, until=until, columns=columns)[-rows:]

    def tally(self, where: Any, name: str, since: float | None = None) -> dict[Any, int]:
        """Return how many rows since a time have each value of a column."""
        if since is not None:
            where &= ds.field(self._time) >= moment(since)
        counted: Counter[Any] = Counter()
        for batch in self.rows.to_batches(columns=[name], filter=where):  # never all rows at once
            for row in batch[name].value_counts().to_pylist():
                counted[row["values"]] += row["counts"]
        return dict(counted)

    def by_id(self, name: str, ids: Collection[str]) -> pa.Table:
        """Return the rows whose column `name` is one of these ids; the time in an id says where to look."""
        wanted = [item for item in set(ids) if is_id(item)]
        if not wanted:
            return self._schema.empty_table()
        stamps = [time_of(item) for item in wanted]
        return self.between(
            ds.field(name).isin(pa.array(wanted)),
            since=min(stamps) - SLACK,
            until=max(stamps) + SLACK,
        )


def first_of_each(table: pa.Table, name: str) -> pa.Table:
    """Return the first row of each value of a column, in the order of the table."""
    codes = table[name].combine_chunks().dictionary_encode().indices.to_numpy()
    _, first = np.unique(codes, return_index=True)
    return table.take(np.sort(first))
