"""Feeds accumulators from what the collector moves, each row once, and never on the way of a request.

Rows wait until there are enough of them to be worth parsing, and accumulators until it is time to write
them. How far a slot's rows are in is committed with them (`once`), and a segment is removed only after
that: who is killed in between reads the segment again from there. An error costs statistics, never
predictions.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from keepwell.core.records import ModelVersion, Profile
from keepwell.monitoring.prediction_log.log import PROBE
from keepwell.monitoring.prediction_log.schema import seconds_of
from keepwell.monitoring.sketches.blocks import Block
from keepwell.monitoring.sketches.store import HOUR, MINUTE, Bucket, SketchStore
from keepwell.monitoring.sketches.watched import PARSED_ROWS, Watched, thinned

FLUSH_EVERY = 10.0
"""Seconds after which accumulators are written."""

SLICE_LABELS = 12
"""Of a column that slices rows, the labels most frequent in training have accumulators of their own."""

_MANY = 120  # minutes in one batch, beyond which it is counted by the hour
_COLUMNS = ["time", "endpoint", "model", "version", "caller", "inputs", "prediction"]

logger = logging.getLogger(__name__)

Lookup = Callable[[str, int], tuple[ModelVersion, Profile]]
_Key = tuple[str, int, str, float, float]


@dataclass(slots=True, kw_only=True)
class _Slot:
    """What is on its way of one slot."""

    base: int  # what was written when it began
    end: int
    waiting: list[pa.Table] = field(default_factory=list)
    counted: dict[_Key, tuple[int, Block]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return sum(table.num_rows for table in self.waiting)


class Feeder:
    """Counts logged predictions. Whoever calls holds the collector's lock.

    Args:
        store: Where accumulators are kept.
        lookup: Gives a version of a model and its profile, without what is never logged.
        slices: Columns whose labels have accumulators of their own.
        clock: Seconds that only rise.
    """

    def __init__(
        self,
        store: SketchStore,
        lookup: Lookup,
        *,
        slices: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._lookup = lookup
        self._slices = tuple(slices)
        self._clock = clock
        self._slots: dict[str, _Slot] = {}
        self._watched: dict[tuple[str, int], Watched | None] = {}
        self._flushed = clock()

    def position(self, slot: str) -> int:
        """Return how far a slot was counted, in memory or in the table."""
        try:
            written = self._store.written(slot)
        except Exception:
            logger.exception("the table of accumulators cannot be read")
            return self._slots[slot].end if slot in self._slots else -1
        known = self._slots.get(slot)
        if known is None or written > known.base:  # another process has counted them
            self._slots[slot] = _Slot(base=written, end=written)
        return self._slots[slot].end

    def take(self, slot: str, end: int, rows: pa.Table) -> None:
        """Count rows of a slot, up to a position; they are those that follow its last."""
        known = self._slots[slot]
        known.end = end
        known.waiting.append(rows.select(_COLUMNS))
        if known.rows >= PARSED_ROWS:
            self._digest(known)

    def feed(self, writer: str, number: int, rows: pa.Table) -> None:
        """Count rows that reached the log another way, at once; never raises."""
        slot = _Slot(base=-1, end=number, waiting=[rows.select(_COLUMNS)])
        self._digest(slot)
        self._write(writer, slot)

    def flush_due(self) -> bool:
        """Write, if it is time, and tell whether everything is written."""
        if self._clock() - self._flushed >= FLUSH_EVERY:
            self.flush()
        return all(slot.end == slot.base for slot in self._slots.values())

    def flush(self) -> None:
        """Write everything that was taken."""
        self._flushed = self._clock()
        for name, slot in list(self._slots.items()):
            if slot.end > slot.base and self.position(name) == slot.end:
                self._digest(slot)
                self._write(name, slot)
                slot.base, slot.counted = slot.end, {}

    def _write(self, writer: str, slot: _Slot) -> None:
        buckets = [
            Bucket(
                endpoint=endpoint, version=version, slice=name, start=start, seconds=seconds,
                rows=rows, state=block.to_bytes(),
            )
            for (endpoint, version, name, start, seconds), (rows, block) in slot.counted.items()
        ]  # fmt: skip
        try:
            self._store.write(buckets, once=(writer, slot.end))
        except Exception:
            logger.exception("accumulators of %s could not be written", writer)

    def _digest(self, slot: _Slot) -> None:
        """Turn what is waiting into accumulators."""
        waiting, slot.waiting = slot.waiting, []
        if not waiting:
            return
        try:
            rows = pa.concat_tables(waiting)
            for (endpoint, model, version), part in _by_version(rows):
                watched = self._watch(model, version)
                if watched is not None:
                    self._count(slot, endpoint, version, part, watched)
        except Exception:
            logger.exception("predictions could not be counted")

    def _count(
        self, slot: _Slot, endpoint: str, version: int, rows: pa.Table, watched: Watched
    ) -> None:
        total = rows.num_rows
        some = thinned(rows, PARSED_ROWS)
        columns, wrong = watched.columns(some)
        minutes = seconds_of(some["time"]) // MINUTE
        width = MINUTE if len(np.unique(minutes)) <= _MANY else HOUR
        starts = minutes * MINUTE // width * width
        for start in np.unique(starts):
            within = starts == start
            everything = bool(within.all())
            share = float(within.mean())
            parts = [("", within), *self._sliced(columns, watched, within)]
            for name, mask in parts:
                key = endpoint, version, name, float(start), width
                rows_before, block = slot.counted.get(key, (0, None))
                block = block or watched.layout.block()
                if everything and not name:
                    block.add(columns, wrong)
                else:
                    chosen = pa.array(mask)
                    spread = {item: round(count * share) for item, count in wrong.items()}
                    block.add(
                        {item: column.filter(chosen) for item, column in columns.items()},
                        {} if name else spread,
                    )
                counted = round(total * float(mask.mean()))
                slot.counted[key] = rows_before + counted, block

    def _sliced(
        self,
        columns: dict[str, pa.Array],
        watched: Watched,
        within: "np.ndarray[tuple[int], np.dtype[np.bool_]]",
    ) -> Iterable[tuple[str, "np.ndarray[tuple[int], np.dtype[np.bool_]]"]]:
        for name in self._slices:
            profile = next(
                (sketch.profile for item, sketch, _ in watched.layout.items() if item == name), None
            )
            if profile is None or name not in columns:
                continue
            texts = columns[name].cast(pa.string())
            for label, _ in profile.top[:SLICE_LABELS]:
                mask = pc.fill_null(pc.equal(texts, label), False).to_numpy(zero_copy_only=False)
                mask = mask & within
                if mask.any():
                    yield f"{name} = {label}", mask

    def _watch(self, model: str, version: int) -> Watched | None:
        key = model, version
        if key not in self._watched:
            try:
                self._watched[key] = Watched(*self._lookup(model, version))
            except Exception:
                logger.exception("%s v%s cannot be watched", model, version)
                self._watched[key] = None
        return self._watched[key]


def without_columns(profile: Profile, hidden: Iterable[str]) -> Profile:
    """Return a profile without what is never logged: it cannot be watched."""
    gone = frozenset(hidden)
    return replace(profile, columns=tuple(one for one in profile.columns if one.name not in gone))


def _by_version(rows: pa.Table) -> Iterable[tuple[tuple[str, str, int], pa.Table]]:
    rows = rows.filter(pc.not_equal(pc.fill_null(rows["caller"], ""), PROBE))
    keys = rows.select(["endpoint", "model", "version"]).group_by(["endpoint", "model", "version"])
    for key in keys.aggregate([]).to_pylist():
        names = key["endpoint"], key["model"], key["version"]
        where = pc.and_(
            pc.and_(pc.equal(rows["endpoint"], names[0]), pc.equal(rows["model"], names[1])),
            pc.equal(rows["version"], names[2]),
        )
        yield names, rows.filter(where)
