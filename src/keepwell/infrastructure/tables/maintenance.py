"""Keeping a table that is appended to all day quick to read."""

from collections.abc import Sequence
from dataclasses import dataclass

from deltalake import DeltaTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """What was tidied: `merged` small files became `into` large ones, `removed` old ones were deleted."""

    merged: int
    into: int
    removed: int


def tidy(table: DeltaTable, keep_days: float, keep_versions: Sequence[int]) -> Maintenance:
    """Merge small files, delete what only versions older than `keep_days` need, shorten the log."""
    merged = table.optimize.compact()
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
