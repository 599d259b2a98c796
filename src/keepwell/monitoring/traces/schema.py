"""The two tables of traces, as they lie on the disk."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from keepwell.monitoring.prediction_log.schema import in_seconds
from keepwell.monitoring.traces.span import Score, Span

SPANS = "spans"
SCORES = "trace_scores"

_TIME = pa.timestamp("us", "UTC")

SPAN_SCHEMA = pa.schema(
    [
        ("trace", pa.string()),
        ("id", pa.string()),
        ("parent", pa.string()),
        ("app", pa.string()),
        ("name", pa.string()),
        ("kind", pa.string()),
        ("time", _TIME),
        ("ms", pa.float64()),
        ("first_token_ms", pa.float64()),
        ("model", pa.string()),
        ("provider", pa.string()),
        ("input", pa.string()),
        ("output", pa.string()),
        ("input_tokens", pa.int64()),
        ("output_tokens", pa.int64()),
        ("cached_tokens", pa.int64()),
        ("cost", pa.float64()),
        ("error", pa.string()),
        ("user", pa.string()),
        ("session", pa.string()),
        ("attributes", pa.string()),
        ("caller", pa.string()),
    ]
)

SCORE_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("trace", pa.string()),
        ("span", pa.string()),
        ("app", pa.string()),
        ("name", pa.string()),
        ("value", pa.float64()),
        ("source", pa.string()),
        ("by", pa.string()),
        ("comment", pa.string()),
        ("time", _TIME),
        ("traced", _TIME),  # the trace's own time: lets a join skip files
    ]
)


def span_table(spans: Sequence[Span]) -> pa.Table:
    """Return steps as rows of the table."""
    return _table(spans, SPAN_SCHEMA)


def score_table(scores: Sequence[Score]) -> pa.Table:
    """Return scores as rows of the table."""
    return _table(scores, SCORE_SCHEMA)


def spans_of(table: pa.Table) -> list[Span]:
    """Return rows of the table as steps."""
    return [Span(**row) for row in in_seconds(table).to_pylist()]


def scores_of(table: pa.Table) -> list[Score]:
    """Return rows of the table as scores."""
    return [Score(**row) for row in in_seconds(table).to_pylist()]


def _table(records: Sequence[Any], schema: pa.Schema) -> pa.Table:
    columns = {}
    for field in schema:
        values = [getattr(record, field.name) for record in records]
        if field.type == _TIME:
            values = [datetime.fromtimestamp(value, UTC) for value in values]
        columns[field.name] = values
    return pa.table(columns, schema=schema)
