"""The same rows scored by both versions of a rollout, off the path: nobody waits, nobody is harmed.

The prediction log holds what each row was and who answered it; here, in the control process, the *other*
version answers it too, and both are timed. So champion and candidate are compared on the same rows, whatever
an hour's traffic happens to be made of: an hour of one class alone is an hour of one class for both.
Every pair is a row of the Delta table `shadows`, joined to outcomes when they arrive.
"""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from keepwell.core.ports import TableStore
from keepwell.core.records import Rollout
from keepwell.infrastructure.logged_rows import believed

if TYPE_CHECKING:
    import pyarrow as pa

    from keepwell.monitoring.prediction_log import PredictionLog

SHADOWS = "shadows"
AT_ONCE = 200
"""Rows that are paired at one look; with more traffic the newest of a sample are."""

REMEMBERED = 20_000
"""The newest so many pairs are judged by; the table holds all."""

OVERLAP = 30.0
"""Seconds that are read again, for rows that reached the log late."""

PAIRED_ROLES = ("champion", "challenger")


class Answers(Protocol):
    """Whatever scores rows: a `Scorer`."""

    def rows(self, instances: Sequence[Mapping[str, Any]]) -> Any:
        """Return `Scores`."""
        ...


OpenScorer = Callable[[int], Answers]
"""Gives the scorer of a version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One row and both answers.

    Attributes:
        rollout: For which it was scored.
        endpoint: Where it was asked.
        prediction_id: The prediction that was answered.
        request: Its request.
        time: When it was answered.
        answered: The version that answered.
        old: The baseline's answer, as JSON.
        new: The candidate's, as JSON; empty if it failed.
        old_probabilities: In the order of the classes.
        new_probabilities: In the order of the classes.
        old_ms: What the baseline took for this row.
        new_ms: What the candidate took.
        error: Why the one that was not asked by the user could not answer; empty if it could.
    """

    rollout: str
    endpoint: str
    prediction_id: str
    request: str
    time: float
    answered: int
    old: str
    new: str
    old_probabilities: tuple[float, ...] = ()
    new_probabilities: tuple[float, ...] = ()
    old_ms: float = 0.0
    new_ms: float = 0.0
    error: str = ""

    @property
    def agree(self) -> bool:
        """Whether both say the same."""
        return not self.error and self.old == self.new


def sampled(prediction_id: str, share: float) -> bool:
    """Tell whether a row belongs to the sample: the same row always does, or never."""
    digest = hashlib.blake2b(prediction_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * 2**64


class Pairs:
    """All pairs. One thread extends them, any may read: nobody waits for a slow shadow.

    Args:
        tables: Where `shadows` is.
        log: The predictions.
    """

    def __init__(self, tables: TableStore, log: "PredictionLog") -> None:
        self._tables = tables
        self._log = log
        self._known: dict[str, list[Pair]] = {}
        self._lock = threading.Lock()

    def read(self, rollout: str) -> list[Pair]:
        """Return the newest pairs of a rollout, oldest first."""
        with self._lock:
            if rollout not in self._known:
                self._known[rollout] = self._stored(rollout)
            return list(self._known[rollout])

    def extend(
        self, rollout: Rollout, since: float, answered: Collection[int], open_scorer: OpenScorer
    ) -> int:
        """Score what came in since the last time by the other version; return how many rows.

        Args:
            rollout: For which.
            since: Rows before that are left alone.
            answered: The versions whose rows the log holds whole enough for the other version.
            open_scorer: Gives the scorers.
        """
        known = self.read(rollout.id)
        begin = max(since, known[-1].time - OVERLAP) if known else since
        seen = {pair.prediction_id for pair in known}
        rows = self._log.window(rollout.endpoint, rows=4 * AT_ONCE, since=begin).to_pylist()
        fresh = [row for row in rows if _wanted(row, rollout, answered) and row["id"] not in seen]
        pairs = [_pair(row, rollout, open_scorer) for row in fresh[-AT_ONCE:]]
        if pairs:
            self._write(rollout.id, pairs)
            newest = sorted([*known, *pairs], key=lambda pair: pair.time)[-REMEMBERED:]
            with self._lock:
                self._known[rollout.id] = newest
        return len(pairs)

    def forget(self, but: Collection[str]) -> None:
        """Let go of what is held in memory of other rollouts."""
        with self._lock:
            for rollout in set(self._known) - set(but):
                del self._known[rollout]

    def _write(self, rollout: str, pairs: Sequence[Pair]) -> None:
        import pyarrow as pa

        schema = _schema()
        columns = {name: [getattr(pair, name) for pair in pairs] for name in schema.names}
        table = pa.table(columns, schema=schema)
        writer = f"shadow-{rollout}"
        number = -1
        if self._tables.version(SHADOWS) is not None:
            number = self._tables.written(SHADOWS, writer)
        self._tables.write(SHADOWS, table, once=(writer, number + 1))

    def _stored(self, rollout: str) -> list[Pair]:
        import pyarrow.compute as pc

        if self._tables.version(SHADOWS) is None:
            return []
        table = self._tables.read(SHADOWS, where=pc.field("rollout") == rollout)
        names = [name for name in _schema().names if name != "agree"]
        pairs = [_read(row) for row in table.select(names).to_pylist()]
        return sorted(pairs, key=lambda pair: pair.time)[-REMEMBERED:]


def _read(row: dict[str, Any]) -> Pair:
    for name in ("old_probabilities", "new_probabilities"):
        row[name] = tuple(row[name] or ())
    return Pair(**row)


def _schema() -> "pa.Schema":
    import pyarrow as pa

    text, number, numbers = pa.string(), pa.float64(), pa.list_(pa.float64())
    return pa.schema(
        [
            ("rollout", text),
            ("endpoint", text),
            ("prediction_id", text),
            ("request", text),
            ("time", number),
            ("answered", pa.int64()),
            ("old", text),
            ("new", text),
            ("agree", pa.bool_()),
            ("old_probabilities", numbers),
            ("new_probabilities", numbers),
            ("old_ms", number),
            ("new_ms", number),
            ("error", text),
        ]
    )


def _wanted(row: Mapping[str, Any], rollout: Rollout, answered: Collection[int]) -> bool:
    ours = row["version"] in answered and row["role"] in PAIRED_ROLES
    return ours and sampled(row["id"], rollout.sample)


def _pair(row: Mapping[str, Any], rollout: Rollout, open_scorer: OpenScorer) -> Pair:
    instance = believed(json.loads(row["inputs"]))
    by_new = row["version"] == rollout.candidate
    old, old_ms, old_error = _ask(open_scorer, rollout.baseline, instance)
    new, new_ms, new_error = _ask(open_scorer, rollout.candidate, instance)
    logged = (row["prediction"], tuple(row["probabilities"] or ()))
    old, new = (old, logged) if by_new else (logged, new)
    return Pair(
        rollout=rollout.id,
        endpoint=rollout.endpoint,
        prediction_id=row["id"],
        request=row["request"],
        time=row["time"],
        answered=row["version"],
        old=old[0],
        new=new[0],
        old_probabilities=old[1],
        new_probabilities=new[1],
        old_ms=old_ms,
        new_ms=new_ms,
        error=old_error if by_new else new_error,
    )


def _ask(
    open_scorer: OpenScorer, version: int, instance: Mapping[str, Any]
) -> tuple[tuple[str, tuple[float, ...]], float, str]:
    """Return a version's answer, the milliseconds it took, and why it failed (empty if it did not)."""
    start = time.perf_counter()
    try:
        scores = open_scorer(version).rows([instance])
    except Exception as error:  # noqa: BLE001 (whatever a shadow does, it is written down)
        taken = (time.perf_counter() - start) * 1000
        return ("", ()), taken, f"{type(error).__name__}: {error}"[:300]
    taken = (time.perf_counter() - start) * 1000
    said = scores.predictions[0]
    text = msgspec.json.encode(said.item() if hasattr(said, "item") else said).decode()
    chances = scores.probabilities
    return (text, () if chances is None else tuple(chances[0].tolist())), taken, ""
