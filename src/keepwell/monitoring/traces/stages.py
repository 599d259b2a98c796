"""The stages of requests that were answered here, as they were told."""

import pyarrow.dataset as ds

from keepwell.core.ports import TableStore
from keepwell.monitoring.prediction_log.scan import Scan
from keepwell.monitoring.traces.log import WORKERS
from keepwell.monitoring.traces.schema import SPAN_SCHEMA, SPANS, spans_of
from keepwell.monitoring.traces.span import Span

LONGEST = 120.0
"""Seconds that a request may take to be among them."""


def stages_between(tables: TableStore, since: float, until: float) -> list[Span]:
    """Return the traced requests that ended in a stretch of time, each with its stages."""
    if tables.version(SPANS) is None:
        return []
    rows = Scan(tables, SPANS, SPAN_SCHEMA, "time").between(
        ds.field("caller") == WORKERS, since=since - LONGEST, until=until
    )
    spans = spans_of(rows)
    ended = {
        (span.trace, span.id)
        for span in spans
        if span.kind == "server" and since <= span.end < until
    }
    return [
        span
        for span in spans
        if (span.trace, span.id if span.kind == "server" else span.parent) in ended
    ]
