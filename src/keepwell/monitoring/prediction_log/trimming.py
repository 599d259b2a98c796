"""Retention: rows that are too old, or too many, leave the prediction log; the record says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, runtime_checkable

import pyarrow.dataset as ds

from keepwell.core.clock import Clock
from keepwell.core.events import Change
from keepwell.core.ports import MetadataStore, TableStore
from keepwell.core.references import Ref
from keepwell.core.spec import LogSpec
from keepwell.monitoring.prediction_log.schema import (
    OUTCOMES,
    PREDICTIONS,
    moment,
)

SHARE = 0.9
"""Down to which share of its limit a log that is too large is cut: else it would be cut at every look."""

_TIMES = ((PREDICTIONS, "time"), (OUTCOMES, "predicted"), ("sketches", "bucket"))


@runtime_checkable
class Measured(Protocol):
    """A store that knows how large its files are; of others only the age of rows is limited."""

    def extents(self, table: str, column: str) -> Sequence[Any]:
        """Return the size, rows and times of each file."""
        ...

    def maintain(self, table: str, keep_days: float) -> Any:
        """Delete files that no version within `keep_days` needs."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Trimmed:
    """What a trimming did.

    Attributes:
        before: Rows predicted before this time were deleted, Unix seconds.
        predictions: How many predictions.
        outcomes: How many outcomes of theirs.
        reason: Which limit was met.
    """

    before: float
    predictions: int
    outcomes: int
    reason: str


class Trimmer:
    """Holds the prediction log to its limits.

    Args:
        tables: Where `predictions` and `outcomes` are.
        metadata: The record: what was deleted is an event.
        clock: Tells what is old.
        spec: The limits.
    """

    def __init__(
        self, tables: TableStore, metadata: MetadataStore, clock: Clock, spec: LogSpec
    ) -> None:
        self._tables = tables
        self._metadata = metadata
        self._clock = clock
        self._spec = spec

    def trim(self) -> Trimmed | None:
        """Delete what the limits no longer allow; None if nothing had to go."""
        if self._tables.version(PREDICTIONS) is None:
            return None
        limits = [
            (cut, reason) for cut, reason in (self._too_old(), self._too_large()) if cut is not None
        ]
        if not limits:
            return None
        before, reason = max(limits)
        counts = [self._delete(table, column, before) for table, column in _TIMES]
        if not any(counts):
            return None
        done = Trimmed(before=before, predictions=counts[0], outcomes=counts[1], reason=reason)
        self._metadata.commit(
            [
                Change(
                    ref=Ref("prediction_log", PREDICTIONS),
                    verb="trimmed",
                    data={"before": before, "predictions": counts[0], "outcomes": counts[1]},
                    why=reason,
                )
            ]
        )
        return done

    def _too_old(self) -> tuple[float | None, str]:
        age = self._spec.retention
        return None if age is None else self._clock.now() - age, "older than serve.log.retention"

    def _too_large(self) -> tuple[float | None, str]:
        """Return the time before which rows must go so that the rest is small enough."""
        most, reason = self._spec.max_bytes, "beyond serve.log.max_size"
        if most is None or not isinstance(self._tables, Measured):
            return None, reason
        files = [one for one in self._tables.extents(PREDICTIONS, "time") if one.last is not None]
        if sum(one.size for one in files) <= most:
            return None, reason
        kept = 0
        for file in sorted(files, key=lambda one: one.last, reverse=True):
            kept += file.size
            if kept > most * SHARE:
                return file.last.timestamp() + 1e-6, reason  # this file and all before it
        return None, reason

    def _delete(self, table: str, column: str, before: float) -> int:
        if self._tables.version(table) is None:
            return 0
        rows = self._tables.dataset(table)
        gone = int(rows.count_rows(filter=ds.field(column) < moment(before)))
        if not gone:
            return 0
        end = datetime.fromtimestamp(before, UTC).isoformat(timespec="microseconds")
        none = rows.schema.empty_table()
        self._tables.write(table, none, mode="overwrite", where=f"{column} < '{end}'")
        if isinstance(self._tables, Measured):
            self._tables.maintain(table, 1 / 24)
        return gone
