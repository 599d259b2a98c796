"""The prediction log as it was known at a time that moves on.

    past = PastLog(*read_rows(workspace.predictions, "churn", until=end))
    past.advance(monday)          # rows that were asked, and outcomes that had come, by then: nothing else
    PredictionLog(past_tables, clock).labelled("churn")

What came later is not hidden from readers: it is not there.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from keepwell.core.errors import UsageError
from keepwell.monitoring.prediction_log.log import PROBE, PredictionLog
from keepwell.monitoring.prediction_log.schema import (
    OUTCOME_SCHEMA,
    OUTCOMES,
    PREDICTION_SCHEMA,
    PREDICTIONS,
    moment,
    seconds_of,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_ROWS = 2_000_000
"""Predictions that are held in memory at a time."""

_NOBODY = -1  # a fallback's version is 0

Answering = Callable[[pa.Table], pa.Table]
"""What becomes of rows as they were logged: the same rows, as another policy would have answered them."""


def read_rows(
    log: PredictionLog, endpoint: str, *, since: float | None = None, until: float | None = None
) -> tuple[pa.Table, pa.Table]:
    """Return what the log holds of an endpoint: its predictions, and all outcomes of those.

    Raises:
        UsageError: If those are too many to be held.
    """
    held = log.tables()
    where = (ds.field("endpoint") == endpoint) & (ds.field("caller") != PROBE)
    known = ds.field("endpoint") == endpoint
    if since is not None:
        where &= ds.field("time") >= moment(since)
        known &= ds.field("predicted") >= moment(since)
    if until is not None:
        where &= ds.field("time") <= moment(until)
        known &= ds.field("predicted") <= moment(until)
    rows = held[PREDICTIONS].count_rows(filter=where)
    if rows > MOST_ROWS:
        raise UsageError(
            f"{rows:,} predictions are too many to replay",
            why=f"they are held in memory, at most {MOST_ROWS:,} at a time",
            now="replay a part: keepwell loop simulate --from DATE --to DATE",
        )
    return (
        held[PREDICTIONS].to_table(filter=where, columns=PREDICTION_SCHEMA.names),
        held[OUTCOMES].to_table(filter=known, columns=OUTCOME_SCHEMA.names),
    )


class PastLog:
    """Predictions and outcomes up to a time, as a past reader would have found them.

    Law: after `advance(t)`, no row is there that was asked after t, and no outcome that came after t. So
    nothing that reads it can be influenced by what came later.

    Args:
        predictions: As the log holds them, in any order.
        outcomes: Of those, in any order.

    Attributes:
        version: Grows whenever there is more.
    """

    def __init__(self, predictions: pa.Table, outcomes: pa.Table) -> None:
        self._predictions = predictions.sort_by("time")
        self._outcomes = outcomes.sort_by("time")
        self._asked = seconds_of(self._predictions["time"])
        self._came = seconds_of(self._outcomes["time"])
        self._rows = 0
        self._known = 0
        self._answers: list[pa.Table] = []
        self._truths: list[pa.Table] = []
        self._versions: dict[str, int] | None = None  # who answered, where that is not as logged
        self.version = 0

    @property
    def first(self) -> float | None:
        """Time of the first prediction of all; None if there is none."""
        return float(self._asked[0]) if len(self._asked) else None

    @property
    def last(self) -> float | None:
        """Time of the last prediction of all; None if there is none."""
        return float(self._asked[-1]) if len(self._asked) else None

    @property
    def end(self) -> float:
        """Time at which the last prediction was asked or the last outcome came, 0 if there is none."""
        return float(max([*self._asked[-1:], *self._came[-1:]], default=0.0))

    def between(self, since: float, until: float) -> tuple[int, int]:
        """Return how many predictions were asked and how many outcomes came in a time."""
        return _within(self._asked, since, until), _within(self._came, since, until)

    def advance(self, until: float, answering: Answering | None = None) -> None:
        """Let what came up to a time be there; `answering` says what was answered, if not as logged."""
        end = int(np.searchsorted(self._asked, until, side="right"))
        if end > self._rows:
            fresh = self._predictions.slice(self._rows, end - self._rows)
            if answering is not None:
                fresh = answering(fresh)
                if self._versions is None:
                    self._versions = {}
                names = zip(fresh["id"].to_pylist(), fresh["version"].to_pylist(), strict=True)
                self._versions.update(names)
            self._answers.append(fresh)
            self._rows = end
            self.version += 1
        end = int(np.searchsorted(self._came, until, side="right"))
        if end > self._known:
            came = self._outcomes.slice(self._known, end - self._known)
            self._truths.append(self._attributed(came))
            self._known = end
            self.version += 1

    def dataset(self, table: str) -> ds.Dataset:
        """Return `predictions` or `outcomes` as they are known."""
        if table == PREDICTIONS:
            return ds.dataset(_joined(self._answers, PREDICTION_SCHEMA))
        return ds.dataset(_joined(self._truths, OUTCOME_SCHEMA))

    def _attributed(self, came: pa.Table) -> pa.Table:
        """Return outcomes with the version that gave the answer; those of rows that it never gave go."""
        if self._versions is None:
            return came
        versions = [self._versions.get(one, _NOBODY) for one in came["prediction_id"].to_pylist()]
        column = pa.array(versions, pa.int64())
        named = came.set_column(came.schema.get_field_index("version"), "version", column)
        return named.filter(pc.not_equal(column, _NOBODY))


def _joined(parts: list[pa.Table], schema: pa.Schema) -> pa.Table:
    return pa.concat_tables(parts) if parts else schema.empty_table()


def _within(times: "NDArray[np.float64]", since: float, until: float) -> int:
    first, last = np.searchsorted(times, [since, until], side="left")
    return int(last - first) + int(np.count_nonzero(times == until))
