"""Retention: traces that are too old leave the tables; the record says so."""

from datetime import UTC, datetime

import pyarrow.dataset as ds

from keepwell.core.clock import Clock
from keepwell.core.events import Change
from keepwell.core.ports import MetadataStore, TableStore
from keepwell.core.references import Ref
from keepwell.monitoring.prediction_log.schema import moment
from keepwell.monitoring.prediction_log.trimming import Measured
from keepwell.monitoring.traces.schema import SCORES, SPANS

_TIMES = ((SPANS, "time"), (SCORES, "traced"))


def trim_traces(
    tables: TableStore, metadata: MetadataStore, clock: Clock, retention: float | None
) -> int:
    """Delete steps and scores that are older, and return how many steps those were."""
    if retention is None or tables.version(SPANS) is None:
        return 0
    before = clock.now() - retention
    gone = [_delete(tables, table, column, before) for table, column in _TIMES]
    if any(gone):
        metadata.commit(
            [
                Change(
                    ref=Ref("traces", SPANS),
                    verb="trimmed",
                    data={"before": before, "spans": gone[0], "scores": gone[1]},
                    why="older than traces.retention",
                )
            ]
        )
    return gone[0]


def _delete(tables: TableStore, table: str, column: str, before: float) -> int:
    if tables.version(table) is None:
        return 0
    rows = tables.dataset(table)
    gone = int(rows.count_rows(filter=ds.field(column) < moment(before)))
    if gone:
        end = datetime.fromtimestamp(before, UTC).isoformat(timespec="microseconds")
        none = rows.schema.empty_table()
        tables.write(table, none, mode="overwrite", where=f"{column} < '{end}'")
        if isinstance(tables, Measured):
            tables.maintain(table, 1 / 24)
    return gone
