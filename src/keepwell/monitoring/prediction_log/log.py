"""Reads the prediction log: only the columns asked for, only the files of the time asked for."""

import bisect
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from keepwell.core.clock import Clock, SystemClock
from keepwell.core.identifiers import is_id, time_of
from keepwell.core.ports import TableStore
from keepwell.core.records import Outcome, Prediction
from keepwell.infrastructure.tables import query
from keepwell.monitoring.prediction_log.scan import SLACK, SPANS, Scan, first_of_each
from keepwell.monitoring.prediction_log.schema import (
    OUTCOME_SCHEMA,
    OUTCOMES,
    PREDICTION_SCHEMA,
    PREDICTIONS,
    in_seconds,
    moment,
    predictions_of,
)

PROBE = "probe"
"""The caller of predictions by which rollouts see who answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How much there is of an endpoint.

    `outcomes` counts predictions whose outcome is known; `versions` counts predictions by version.
    """

    predictions: int = 0
    outcomes: int = 0
    versions: dict[int, int] = field(default_factory=dict)


class PredictionLog:
    """Every prediction that was collected, and its outcome once known.

    Times are Unix seconds, rows are in the order of time. Where the tables are not there yet, there is
    nothing to find. Safe to use from many threads.

    Args:
        tables: Where `predictions` and `outcomes` are.
        clock: Where looking for the newest begins.
    """

    def __init__(self, tables: TableStore, clock: Clock | None = None) -> None:
        self._tables = tables
        self._clock = clock or SystemClock()
        self._open: dict[str, tuple[int | None, Scan]] = {}

    def find(self, prediction_id: str) -> Prediction | None:
        """Return one prediction, None if it is not in the log (yet)."""
        found = predictions_of(self.locate([prediction_id]))
        return found[0] if found else None

    def of_request(self, request: str) -> list[Prediction]:
        """Return the predictions of one request, in the order of its rows as far as ids tell."""
        where, scan = ds.field("request") == request, self._predictions()
        if is_id(request):  # of our own making, most likely, so its time says where to look
            made = time_of(request)
            if near := predictions_of(scan.between(where, since=made - SLACK, until=made + SLACK)):
                return near
        return predictions_of(scan.between(where))

    def query(self, sql: str, *, most: int | None = None, seconds: float | None = None) -> pa.Table:
        """Return the answer to one SELECT over `predictions` and `outcomes`; files are read as needed.

        Args:
            sql: In DuckDB's words.
            most: Rows of the answer that are wanted at most.
            seconds: What it may take.

        Raises:
            UsageError: If the SQL is wrong, asks for anything else, or takes too long.
        """
        return query(sql, self.tables(), most=most, seconds=seconds)

    def tables(self) -> dict[str, ds.Dataset]:
        """Return what SQL may be asked about, by name; a table that is not there yet is empty."""
        return {PREDICTIONS: self._predictions().rows, OUTCOMES: self._outcomes().rows}

    def locate(self, ids: Collection[str]) -> pa.Table:
        """Return the predictions with these ids, as the table holds them."""
        return self._predictions().by_id("id", ids)

    def named(self, endpoint: str, names: Collection[str]) -> dict[str, str]:
        """Return the id of each prediction that was made elsewhere, by its sender's name for it."""
        if not names:
            return {}
        where = (
            (ds.field("endpoint") == endpoint)
            & (ds.field("role") == "external")
            & ds.field("request").isin(pa.array(sorted(names)))
        )
        rows = self._predictions().between(where, columns=["request", "id"])
        return dict(zip(rows["request"].to_pylist(), rows["id"].to_pylist(), strict=True))

    def outcomes(self, ids: Collection[str]) -> dict[str, Outcome]:
        """Return the outcomes that are known of these predictions, by prediction id."""
        rows = first_of_each(self._outcomes().by_id("prediction_id", ids), "prediction_id")
        fields = rows.select(["prediction_id", "endpoint", "outcome", "time"])
        found = [Outcome(**row) for row in in_seconds(fields).to_pylist()]
        return {outcome.prediction_id: outcome for outcome in found}

    def recent(
        self, endpoint: str, limit: int = 50, version: int | None = None
    ) -> list[Prediction]:
        """Return the newest predictions, newest first."""
        newest = self._predictions().newest(
            _asked(endpoint, version), limit, now=self._clock.now() + SLACK
        )
        return predictions_of(newest)[::-1]

    def window(
        self,
        endpoint: str,
        *,
        rows: int | None = None,
        since: float | None = None,
        until: float | None = None,
        version: int | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Return predictions of an endpoint.

        Args:
            endpoint: Whose.
            rows: At most so many, the newest.
            since: Not before.
            until: Before.
            version: Of this version only.
            columns: Columns to read; all if None.
        """
        return self._read(
            self._predictions(), _asked(endpoint, version), rows, since, until, columns
        )

    def labelled(
        self,
        endpoint: str,
        *,
        since: float | None = None,
        until: float | None = None,
        rows: int | None = None,
        version: int | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Return predictions whose outcome is known, with `outcome` (JSON) and `outcome_time`.

        `since`, `until` and `rows` speak of the times of the predictions.
        """
        where = _of(endpoint, version)
        known = first_of_each(
            self._read(self._outcomes(), where, rows, since, until).sort_by("time"),
            "prediction_id",
        )
        wanted = list(PREDICTION_SCHEMA.names if columns is None else columns)
        read = wanted if "id" in wanted else ["id", *wanted]
        ids = known["prediction_id"].combine_chunks()
        made = known["predicted"].to_numpy()
        predictions = self._predictions().between(
            where & ds.field("id").isin(ids),
            since=float(made.min()) if len(made) else 0.0,
            until=float(made.max()) + 1 if len(made) else 0.0,
            columns=read,
        )
        at = pc.index_in(predictions["id"], ids)
        return (
            in_seconds(predictions.select(wanted))
            .append_column("outcome", known["outcome"].take(at))
            .append_column("outcome_time", known["time"].take(at))
        )

    def latest_of_keys(
        self, endpoint: str, wanted: Collection[tuple[str, float]]
    ) -> dict[tuple[str, float], str]:
        """Return, for each (key, time), the id of the latest prediction of that key before that time.

        What there is none for is left out. Recent predictions are looked at first; only keys that are not
        among them reach further back.
        """
        found: dict[tuple[str, float], str] = {}
        for span in (*SPANS, float("inf")):
            missing = set(wanted) - found.keys()
            if not missing:
                break
            rows = self._predictions().between(
                _of(endpoint) & ds.field("key").isin(pa.array(sorted({key for key, _ in missing}))),
                since=max(min(time for _, time in missing) - span, 0.0),
                until=max(time for _, time in missing),
                columns=["key", "id", "time"],
            )
            made: dict[str, tuple[list[float], list[str]]] = {}
            for row in in_seconds(rows).to_pylist():
                times, ids = made.setdefault(row["key"], ([], []))
                times.append(row["time"])
                ids.append(row["id"])
            for key, time in missing:
                times, ids = made.get(key, ([], []))
                before = bisect.bisect_left(times, time)
                if before:
                    found[key, time] = ids[before - 1]
        return found

    def first(self, endpoint: str) -> float | None:
        """Return the time of an endpoint's first prediction that is kept, None if it has none."""
        asked = {PREDICTIONS: self._predictions().rows.filter(_asked(endpoint))}
        found = query(f"SELECT min(epoch(time)) FROM {PREDICTIONS}", asked)  # noqa: S608 (constant)
        value: float | None = found.column(0)[0].as_py()
        return value

    def per_period(
        self, endpoint: str, length: float, since: float
    ) -> dict[tuple[float, int], tuple[int, int]]:
        """Count predictions and their outcomes, by the start of the period and the version.

        Args:
            endpoint: Whose.
            length: Seconds of a period; periods begin at multiples of it.
            since: Where the first one begins.
        """
        start = moment(since)
        made = self._predictions().rows.filter(_asked(endpoint) & (ds.field("time") >= start))
        known = self._outcomes().rows.filter(_of(endpoint) & (ds.field("predicted") >= start))
        counted: dict[tuple[float, int], list[int]] = {}
        for at, (rows, time, what) in enumerate(
            ((made, "time", "*"), (known, "predicted", "DISTINCT prediction_id"))
        ):
            found = query(
                f"SELECT floor(epoch({time}) / {length!r}) AS place, version, count({what}) AS rows"  # noqa: S608
                " FROM rows GROUP BY ALL",
                {"rows": rows},
            )
            for row in found.to_pylist():
                key = (row["place"] * length, row["version"])
                counted.setdefault(key, [0, 0])[at] = row["rows"]
        return {key: (counts[0], counts[1]) for key, counts in counted.items()}

    def arrivals(
        self, endpoint: str, *, since: float | None = None, rows: int | None = None
    ) -> pa.Table:
        """Return when outcomes came: `predicted`, `time` and `version` of the first one of each prediction.

        `since` and `rows` speak of the times of the predictions.
        """
        found = self._read(self._outcomes(), _of(endpoint), rows, since, None)
        first = first_of_each(found.sort_by("time"), "prediction_id")
        return first.select(["predicted", "time", "version"])

    def of_period(
        self, endpoint: str, since: float, until: float, version: int | None = None
    ) -> dict[str, ds.Dataset]:
        """Return what SQL may be asked about a period: its predictions, and the outcomes of those."""
        first, last = moment(since), moment(until)
        made, known = ds.field("time"), ds.field("predicted")
        asked, joined = _asked(endpoint, version), _of(endpoint, version)
        return {
            PREDICTIONS: self._predictions().rows.filter(asked & (made >= first) & (made < last)),
            OUTCOMES: self._outcomes().rows.filter(joined & (known >= first) & (known < last)),
        }

    def counts(self, endpoint: str, since: float | None = None) -> Counts:
        """Return how many predictions and outcomes there are, of predictions made since a time."""
        versions = self._predictions().tally(_asked(endpoint), "version", since)
        outcomes = self._outcomes().tally(_of(endpoint), "endpoint", since)
        return Counts(
            predictions=sum(versions.values()),
            outcomes=outcomes.get(endpoint, 0),
            versions=dict(sorted(versions.items())),
        )

    def _read(
        self,
        scan: Scan,
        where: Any,
        rows: int | None,
        since: float | None,
        until: float | None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        if rows is None:
            found = scan.between(where, since=since, until=until, columns=columns)
        else:
            now = self._clock.now() + SLACK
            found = scan.newest(where, rows, now=now, since=since, until=until, columns=columns)
        return in_seconds(found)

    def _predictions(self) -> Scan:
        return self._scan(PREDICTIONS, PREDICTION_SCHEMA, "time")

    def _outcomes(self) -> Scan:
        return self._scan(OUTCOMES, OUTCOME_SCHEMA, "predicted")

    def _scan(self, table: str, schema: pa.Schema, time: str) -> Scan:
        """Open the table, unless nothing was written to it since the last time."""
        version = self._tables.version(table)
        known, scan = self._open.get(table, (None, None))
        if scan is None or known != version:
            scan = Scan(self._tables, table, schema, time)
            self._open[table] = version, scan
        return scan


def _asked(endpoint: str, version: int | None = None) -> Any:
    """Leave out what Keepwell asked itself, to see who answers: that is no traffic."""
    return _of(endpoint, version) & (ds.field("caller") != PROBE)


def _of(endpoint: str, version: int | None = None) -> Any:
    where = ds.field("endpoint") == endpoint
    return where if version is None else where & (ds.field("version") == version)
