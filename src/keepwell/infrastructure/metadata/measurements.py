"""Numbers and reports over time, in the database of the record but outside its chain."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from keepwell.core.ports import Point
from keepwell.infrastructure.codec import to_plain
from keepwell.infrastructure.metadata.schema import points, reports, series
from keepwell.infrastructure.metadata.writer import StatementJob, Writer

if TYPE_CHECKING:
    from keepwell.core.ports import MeasurementStore


class SqlMeasurementStore:
    """Series of points and reports. What `append` returned from outlives the process.

    Got from `SqlMetadataStore.measurements`; the same thread writes for both.
    """

    def __init__(
        self, reading: Callable[[], AbstractContextManager[sa.Connection]], writer: Writer
    ) -> None:
        self._reading = reading
        self._writer = writer

    def append(self, subject: str, points: Iterable[Point]) -> None:
        """Add points to the series of a subject (`run:ID`, `endpoint:churn`)."""
        rows = list(points)
        if rows:
            self._run(lambda connection: _insert(connection, subject, rows))

    def series(
        self,
        subject: str,
        names: Sequence[str] | None = None,
        *,
        since: float = 0.0,
        limit: int = 10_000,
    ) -> dict[str, list[Point]]:
        """Return the newest points by series name, oldest first; all series if no names are given."""
        wanted = sa.select(series.c.name, series.c.id).where(series.c.subject == subject)
        if names is not None:
            wanted = wanted.where(series.c.name.in_(list(names)))
        with self._reading() as connection:
            found = connection.execute(wanted.order_by(series.c.name)).all()
            read = {name: _newest(connection, name, key, since, limit) for name, key in found}
        return {name: line for name, line in read.items() if line}

    def write_report(self, subject: str, time: float, body: Mapping[str, Any]) -> None:
        """Keep a JSON document for a subject at a time."""
        text = msgspec.json.encode(to_plain(body)).decode()
        row = {"subject": subject, "time": float(time), "body": text}
        self._run(lambda connection: connection.execute(sa.insert(reports), row))

    def read_report(self, subject: str, *, at: float | None = None) -> Mapping[str, Any] | None:
        """Return the newest document, or the newest not after `at`; None if there is none."""
        query = sa.select(reports.c.body).where(reports.c.subject == subject)
        if at is not None:
            query = query.where(reports.c.time <= at)
        newest = query.order_by(reports.c.time.desc(), reports.c.id.desc()).limit(1)
        with self._reading() as connection:
            text = connection.scalar(newest)
        return None if text is None else msgspec.json.decode(text)

    def thin(self, older_than: float, every: float, subject: str = "") -> int:
        """Keep one point (the last) and one report per `every` seconds of what is older; say how many went.

        A point that is kept is one that was measured, not an average. `subject` limits it to one.
        """
        job = StatementJob(lambda connection: _thin(connection, older_than, every, subject))
        self._writer.submit(job)
        return int(job.done.result())

    def _run(self, statements: Callable[[sa.Connection], Any]) -> None:
        job = StatementJob(statements)
        self._writer.submit(job)
        job.done.result()


def _insert(connection: sa.Connection, subject: str, rows: Sequence[Point]) -> None:
    keys = _keys(connection, subject, {row.name for row in rows})
    connection.execute(
        sa.insert(points),
        [
            {
                "series": keys[row.name],
                "time": float(row.time),
                "step": row.step,
                "value": float(row.value),
            }
            for row in rows
        ],
    )


def _keys(connection: sa.Connection, subject: str, names: set[str]) -> dict[str, int]:
    query = sa.select(series.c.name, series.c.id).where(series.c.subject == subject)
    known = {name: key for name, key in connection.execute(query) if name in names}
    for name in sorted(names - known.keys()):
        row = sa.insert(series).values(subject=subject, name=name).returning(series.c.id)
        known[name] = connection.execute(row).scalar_one()
    return known


def _newest(
    connection: sa.Connection, name: str, key: int, since: float, limit: int
) -> list[Point]:
    query = (
        sa.select(points.c.time, points.c.value, points.c.step)
        .where(points.c.series == key, points.c.time >= since)
        .order_by(points.c.time.desc(), points.c.id.desc())
        .limit(limit)
    )
    rows = connection.execute(query).all()
    return [
        Point(name, time, math.nan if value is None else value, step)  # SQLite keeps NaN as NULL
        for time, value, step in reversed(rows)
    ]


def _thin(connection: sa.Connection, older_than: float, every: float, subject: str) -> int:
    removed = 0
    of_subject = sa.select(series.c.id).where(series.c.subject == subject)
    for table, owner in ((points, points.c.series), (reports, reports.c.subject)):
        chosen = [table.c.time < older_than]
        if subject:
            chosen.append(owner == subject if table is reports else owner.in_(of_subject))
        stretch: sa.ColumnElement[Any] = table.c.time / every
        if connection.dialect.name == "postgresql":  # whose cast rounds, where SQLite's cuts off
            stretch = sa.func.floor(stretch)
        bucket = sa.cast(stretch, sa.BigInteger)
        last = sa.select(sa.func.max(table.c.id)).where(*chosen).group_by(owner, bucket)
        gone = connection.execute(sa.delete(table).where(*chosen, table.c.id.not_in(last)))
        removed += gone.rowcount
    return removed


if TYPE_CHECKING:
    _: type[MeasurementStore] = SqlMeasurementStore
