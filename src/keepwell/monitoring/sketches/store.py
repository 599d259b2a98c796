"""The table `sketches`: accumulators by endpoint, version, slice and minute, and the sum of a window."""

import math
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds

from keepwell.core.clock import Clock
from keepwell.core.identifiers import new_id
from keepwell.core.ports import TableStore
from keepwell.monitoring.prediction_log.schema import in_seconds, moment
from keepwell.monitoring.sketches.blocks import Block, Layout
from keepwell.monitoring.sketches.states import merge_states

SKETCHES = "sketches"
MINUTE, HOUR = 60.0, 3600.0

_TIME = pa.timestamp("us", "UTC")
_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("made", _TIME),
        ("endpoint", pa.string()),
        ("version", pa.int64()),
        ("slice", pa.string()),
        ("bucket", _TIME),  # its start
        ("seconds", pa.float64()),
        ("rows", pa.int64()),
        ("state", pa.binary()),
    ]
)
_OVERLAP = 120.0  # seconds that another process may take from stamping rows to committing them
_SETTLED = 2 * HOUR  # after which minutes become hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """The accumulators of some time: of a slice (`plan = fiber`), or of all rows if that is empty."""

    endpoint: str
    version: int
    start: float
    seconds: float
    rows: int
    state: bytes
    slice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """What the accumulators of a window say together.

    Attributes:
        block: All of it.
        rows: How many predictions that were.
        since: Where the earliest bucket begins.
    """

    block: Block
    rows: int
    since: float


class SketchStore:
    """Keeps accumulators, and adds up those of a window.

    What was read is remembered, so a look reads what came since the last one; what is older than any window
    that was asked for is forgotten. Safe for many threads.

    Args:
        tables: Where the table is.
        clock: Tells which minutes are settled.
    """

    def __init__(self, tables: TableStore, clock: Clock) -> None:
        self._tables = tables
        self._clock = clock
        self._turn = threading.Lock()
        self._begun = math.inf
        self._span = 0.0  # how far back windows reach
        self._seen: int | None = None
        self._newest = 0.0
        self._ids: dict[str, float] = {}
        self._buckets: dict[tuple[str, int, str], list[Bucket]] = {}

    def written(self, writer: str) -> int:
        """Return how far a writer has come, -1 if it never wrote."""
        return (
            -1 if self._tables.version(SKETCHES) is None else self._tables.written(SKETCHES, writer)
        )

    def write(self, buckets: Iterable[Bucket], once: tuple[str, int] | None = None) -> None:
        """Add accumulators; those of one time and slice are added up when read."""
        rows = _table(buckets, self._clock.now())
        if rows.num_rows or once is not None:
            self._tables.write(SKETCHES, rows, once=once)

    def window(
        self,
        endpoint: str,
        version: int,
        layout: Layout,
        *,
        since: float = 0.0,
        until: float = math.inf,
        rows: int | None = None,
        slice: str = "",
    ) -> Sum:
        """Return the sum of the buckets that end after `since` and begin before `until`.

        Args:
            endpoint: Whose.
            version: Of which version.
            layout: What the sums mean; accumulators of another layout are left out.
            since: A bucket belongs as a whole to the window that it reaches into.
            until: The end.
            rows: At most the newest buckets that hold so many predictions.
            slice: Of these rows only.
        """
        now = self._clock.now()
        with self._turn:
            self._span = max(self._span, now - since)
            self._refresh(since)
            self._drop_before(now - self._span - HOUR)
            found = [
                one
                for one in self._buckets.get((endpoint, version, slice), [])
                if one.start + one.seconds > since and one.start < until
            ]
        total, block, begun = 0, layout.block(), until
        for one in sorted(found, key=lambda one: -one.start):
            if rows is not None and total >= rows:
                break
            read = layout.read(one.state)
            if read is not None:
                block.merge(read)
                total, begun = total + one.rows, min(begun, one.start)
        return Sum(block=block, rows=total, since=begun)

    def slices(self, endpoint: str, version: int) -> list[str]:
        """Return the slices that rows of a version fell into, of the times asked for before."""
        with self._turn:
            keys = [key for key in self._buckets if key[:2] == (endpoint, version)]
        return sorted(key[2] for key in keys if key[2])

    def compact(self) -> int:
        """Merge settled minutes into hours, and return how many buckets that removed."""
        if self._tables.version(SKETCHES) is None:
            return 0
        before = (self._clock.now() - _SETTLED) // HOUR * HOUR
        settled = (ds.field("bucket") < moment(before)) & (ds.field("made") < moment(before + HOUR))
        minutes = in_seconds(
            self._tables.read(
                SKETCHES, columns=["bucket"], where=settled & (ds.field("seconds") < HOUR)
            )
        )
        if not minutes.num_rows:
            return 0
        first = min(minutes["bucket"].to_pylist()) // HOUR * HOUR
        # With the hours that are there already: a minute that came late joins its own.
        where = settled & (ds.field("bucket") >= moment(first))
        rows = in_seconds(self._tables.read(SKETCHES, where=where))
        parts: dict[tuple[str, int, str, float], list[dict[str, Any]]] = {}
        for row in rows.to_pylist():
            hour = row["bucket"] // HOUR * HOUR
            parts.setdefault((row["endpoint"], row["version"], row["slice"], hour), []).append(row)
        hours = []
        for (endpoint, version, name, hour), group in parts.items():
            states = merge_states(row["state"] for row in group)
            total = sum(row["rows"] for row in group)
            hours += [
                Bucket(
                    endpoint=endpoint, version=version, slice=name, start=hour, seconds=HOUR,
                    rows=total if not place else 0, state=state,
                )
                for place, state in enumerate(states)
            ]  # fmt: skip
        made = float(max(rows["made"].to_pylist()))
        self._tables.write(
            SKETCHES,
            _table(hours, made),
            mode="overwrite",
            where=f"bucket >= '{_iso(first)}' AND bucket < '{_iso(before)}'"
            f" AND made < '{_iso(before + HOUR)}'",
        )
        return int(rows.num_rows) - len(hours)

    def _refresh(self, since: float) -> None:
        """Read what was written since the last time; everything, if earlier times are asked for."""
        version = self._tables.version(SKETCHES)
        if version is None or (version == self._seen and since >= self._begun):
            return
        earlier = since < self._begun
        if earlier:
            self._begun = since
            self._forget()
        where = ds.field("bucket") >= moment(max(self._begun - HOUR, 0.0))
        if self._newest:
            where &= ds.field("made") >= moment(max(self._newest - _OVERLAP, 0.0))
        rows = in_seconds(self._tables.read(SKETCHES, where=where)).to_pylist()
        fresh = [row for row in rows if row["id"] not in self._ids]
        if self._newest and any(row["seconds"] >= HOUR for row in fresh):
            self._forget()  # minutes were merged into hours: what is known is in them, again
            self._seen = None
            self._refresh(since)
            return
        touched = set()
        for row in fresh:
            self._ids[row["id"]] = row["made"]
            self._newest = max(self._newest, row["made"])
            key = row["endpoint"], row["version"], row["slice"]
            touched.add(key)
            self._buckets.setdefault(key, []).append(
                Bucket(
                    endpoint=key[0], version=key[1], slice=key[2], start=row["bucket"],
                    seconds=row["seconds"], rows=row["rows"], state=row["state"],
                )
            )  # fmt: skip
        for key in touched:
            self._buckets[key] = _merged(self._buckets[key])
        self._seen = version
        self._drop_old()

    def _forget(self) -> None:
        self._newest = 0.0
        self._ids.clear()
        self._buckets.clear()

    def _drop_old(self) -> None:
        horizon = self._newest - _OVERLAP
        self._ids = {name: made for name, made in self._ids.items() if made >= horizon}

    def _drop_before(self, since: float) -> None:
        """Forget what no window of this length will ask for again."""
        if since <= self._begun + HOUR:
            return
        self._begun = since
        for key, buckets in self._buckets.items():
            self._buckets[key] = [one for one in buckets if one.start + one.seconds > since]


def _merged(buckets: list[Bucket]) -> list[Bucket]:
    """Return one bucket for each start and layout."""
    by_start: dict[tuple[float, float], list[Bucket]] = {}
    for one in buckets:
        by_start.setdefault((one.start, one.seconds), []).append(one)
    merged = []
    for group in by_start.values():
        if len(group) == 1:
            merged += group
            continue
        first, total = group[0], sum(one.rows for one in group)
        merged += [
            Bucket(
                endpoint=first.endpoint, version=first.version, slice=first.slice,
                start=first.start, seconds=first.seconds, rows=0 if place else total, state=state,
            )
            for place, state in enumerate(merge_states(one.state for one in group))
        ]  # fmt: skip
    return merged


def _table(buckets: Iterable[Bucket], made: float) -> pa.Table:
    rows = list(buckets)
    columns = {
        "id": [new_id(made) for _ in rows],
        "made": [round(made * 1e6)] * len(rows),
        "endpoint": [one.endpoint for one in rows],
        "version": [one.version for one in rows],
        "slice": [one.slice for one in rows],
        "bucket": [round(one.start * 1e6) for one in rows],
        "seconds": [one.seconds for one in rows],
        "rows": [one.rows for one in rows],
        "state": [one.state for one in rows],
    }
    return pa.Table.from_arrays(
        [
            pa.array(columns[field.name], pa.int64()).cast(field.type)
            if field.type == _TIME
            else pa.array(columns[field.name], field.type)
            for field in _SCHEMA
        ],
        schema=_SCHEMA,
    )


def _iso(seconds: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")
