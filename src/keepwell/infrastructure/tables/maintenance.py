"""Keeping a table that is appended to all day quick to read."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from deltalake import DeltaTable, WriterProperties

FILE_BYTES = 32 << 20
"""Size that small files are merged into: what merging holds in memory, and writes again, grows with it."""

GROUP_ROWS = 64 << 10
"""Rows that a reader must take together: the newest rows of a large file are read without the rest."""

_DAY_HOURS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """What was tidied: `merged` small files became `into` large ones, `removed` old ones were deleted."""

    merged: int
    into: int
    removed: int


def tidy(table: DeltaTable, keep_days: float, keep_versions: Sequence[int]) -> Maintenance:
    """Merge small files, delete what only versions older than `keep_days` need, shorten the log."""
    if not keep_versions:
        _forget_after(table, max(1, math.ceil(keep_days * 24)))
    merged = table.optimize.compact(
        target_size=FILE_BYTES,
        max_concurrent_tasks=1,
        writer_properties=WriterProperties(compression="SNAPPY", max_row_group_size=GROUP_ROWS),
    )
    removed = table.vacuum(
        retention_hours=max(0, round(keep_days * 24)),
        enforce_retention_duration=False,  # its floor of 7 days is for writers that take days
        dry_run=False,
        keep_versions=list(keep_versions) or None,
    )
    table.create_checkpoint()
    if not keep_versions:
        table.cleanup_metadata()
    return Maintenance(
        merged=int(merged["numFilesRemoved"]),
        into=int(merged["numFilesAdded"]),
        removed=len(removed),
    )


def _forget_after(table: DeltaTable, hours: int) -> None:
    """Let the log forget versions that can no longer be read anyhow.

    By itself Delta keeps a month of commits and a week of deleted files' names, and whoever opens the
    table reads them: at a commit each two seconds that is a million of one and 300,000 of the other. The
    names stay a day longer than the files, so that `vacuum` has seen each before it is forgotten.
    """
    wanted = {
        "delta.logRetentionDuration": f"interval {hours} hours",
        "delta.deletedFileRetentionDuration": f"interval {hours + _DAY_HOURS} hours",
    }
    known = table.metadata().configuration
    if any(known.get(name) != value for name, value in wanted.items()):
        table.alter.set_table_properties(wanted)
        table.update_incremental()
