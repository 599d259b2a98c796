"""Keeps steps of traces, each once by its id, and what is thought of them."""

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds

from keepwell.core.clock import Clock
from keepwell.core.errors import InvalidRequestError, NotFoundError
from keepwell.core.identifiers import new_id
from keepwell.core.ports import TableStore
from keepwell.core.spec.tracing import TracesSpec
from keepwell.monitoring.elsewhere.posted import Unusable
from keepwell.monitoring.prediction_log.scan import SLACK, Scan
from keepwell.monitoring.prediction_log.tidying import Tidier
from keepwell.monitoring.traces.posted import span_of, wrong
from keepwell.monitoring.traces.redacting import Redaction
from keepwell.monitoring.traces.schema import (
    SCORE_SCHEMA,
    SCORES,
    SPAN_SCHEMA,
    SPANS,
    score_table,
    span_table,
    spans_of,
)
from keepwell.monitoring.traces.span import Score, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedSpan:
    """A step that was not kept, and why."""

    index: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenSpans:
    """What became of steps that were handed in.

    Attributes:
        accepted: New.
        duplicate: Known already.
        rejected: Not kept.
    """

    accepted: int = 0
    duplicate: int = 0
    rejected: tuple[RejectedSpan, ...] = ()


class TraceStore:
    """Appends steps and scores to their tables.

    Safe for many threads; several processes take turns by `alone`. What `take` returned from is on the disk.

    Args:
        tables: Where the tables are.
        clock: Says what lies in the future.
        spec: What may be kept.
        alone: Makes a lock that is held while ids are compared and rows are written.
    """

    def __init__(
        self,
        tables: TableStore,
        clock: Clock,
        spec: TracesSpec,
        *,
        alone: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._tables = tables
        self._clock = clock
        self._redaction = Redaction(spec)
        self._alone = alone
        self._turn = threading.Lock()
        self._tidiers = {table: Tidier(tables, table) for table in (SPANS, SCORES)}

    def check(
        self, items: Sequence[Any], *, app: str = "", caller: str = "", partial: bool = False
    ) -> tuple[list[Span], tuple[RejectedSpan, ...]]:
        """Return the steps that can be kept, less what must not be, and those that cannot.

        Raises:
            InvalidRequestError: If one cannot be used, unless `partial`.
        """
        now = self._clock.now()
        spans: list[Span] = []
        rejected: list[RejectedSpan] = []
        for at, item in enumerate(items):
            try:
                spans.append(self._redaction.of(span_of(item, now, app=app, caller=caller)))
            except Unusable as reason:
                if not partial:
                    raise wrong(at, str(reason)) from None
                rejected.append(RejectedSpan(index=at, why=str(reason)))
        return spans, tuple(rejected)

    def take(
        self, items: Sequence[Any], *, app: str = "", caller: str = "", partial: bool = False
    ) -> TakenSpans:
        """Keep steps and say what became of them; see `posted.span_of` for their form.

        Raises:
            InvalidRequestError: If one cannot be used, unless `partial`; none is kept then.
        """
        spans, rejected = self.check(items, app=app, caller=caller, partial=partial)
        fresh = self.keep(spans)
        return TakenSpans(accepted=fresh, duplicate=len(spans) - fresh, rejected=rejected)

    def keep(self, spans: Sequence[Span]) -> int:
        """Write steps that were checked, and return how many were new."""
        if not spans:
            return 0
        with self._turn, self._alone():
            known = self._known(spans)
            fresh: dict[tuple[str, str], Span] = {}
            for span in spans:
                if (span.trace, span.id) not in known:
                    fresh.setdefault((span.trace, span.id), span)
            if fresh:
                self._write(SPANS, span_table(list(fresh.values())))
        return len(fresh)

    def score(self, item: Mapping[str, Any], *, source: str = "human", by: str = "") -> Score:
        """Keep a score of a trace, and return it.

        Args:
            item: `trace`, `name`, `value` (a number, or true and false), perhaps `span` and `comment`.
            source: Who gives it: see `span.SOURCES`.
            by: In whose name.

        Raises:
            NotFoundError: If there is no such trace.
            InvalidRequestError: If it says nothing.
        """
        trace, name = str(item.get("trace", "")).strip().lower(), item.get("name")
        if not isinstance(name, str) or not name.strip():
            raise _no_score("it has no 'name': what is judged")
        value = _value(item.get("value"))
        found = self.spans_of(trace)
        if not found:
            raise NotFoundError(
                f"there is no trace '{trace}'",
                why="nothing of that id was told, or it is older than traces.retention",
                now="keepwell traces lists the newest ones",
            )
        score = self.made(
            found[0], name.strip()[:100], value, source=source, by=by,
            comment=str(item.get("comment") or "")[:2000], span=str(item.get("span") or ""),
        )  # fmt: skip
        self.keep_scores([score])
        return score

    def made(
        self,
        first: Span,
        name: str,
        value: float,
        *,
        source: str,
        by: str = "",
        comment: str = "",
        span: str = "",
    ) -> Score:
        """Return a score of the trace that a step belongs to."""
        now = self._clock.now()
        return Score(
            id=new_id(now),
            trace=first.trace,
            span=span,
            app=first.app,
            name=name,
            value=value,
            source=source,
            by=by[:200],
            comment=comment,
            time=now,
            traced=first.time,
        )

    def keep_scores(self, scores: Sequence[Score]) -> None:
        """Write scores."""
        if scores:
            with self._turn, self._alone():
                self._write(SCORES, score_table(scores))

    def spans_of(self, trace: str) -> list[Span]:
        """Return the steps of a trace, in the order of time; none if there is no such trace."""
        return spans_of(self._spans().between(ds.field("trace") == trace))

    def scores_table(self, trace: str) -> pa.Table:
        """Return what was thought of a trace, in the order of the traces' time."""
        return Scan(self._tables, SCORES, SCORE_SCHEMA, "traced").between(
            ds.field("trace") == trace
        )

    def _known(self, spans: Sequence[Span]) -> set[tuple[str, str]]:
        times = [span.time for span in spans]
        rows = self._spans().between(
            ds.field("trace").isin(pa.array(sorted({span.trace for span in spans}))),
            since=min(times) - SLACK,
            until=max(times) + SLACK,
            columns=["trace", "id"],
        )
        return set(zip(rows["trace"].to_pylist(), rows["id"].to_pylist(), strict=True))

    def _spans(self) -> Scan:
        return Scan(self._tables, SPANS, SPAN_SCHEMA, "time")

    def _write(self, table: str, rows: pa.Table) -> None:
        self._tables.write(table, rows, widen=True)
        self._tidiers[table].committed()


def _value(value: Any) -> float:
    good = isinstance(value, int | float)
    if not good or not math.isfinite(value):
        raise _no_score(f"its 'value' is {value!r:.40}, not a number")
    return float(value)


def _no_score(why: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"the score cannot be kept: {why}",
        why='a score is {"name": "helpful", "value": 0.8, "comment": "…"}',
        now="correct it and send it again",
    )
