"""Profiles and differences of datasets, as tables."""

from typing import TYPE_CHECKING, Any

from keepwell.cli.output import Output
from keepwell.core.records import ColumnProfile, ColumnType, Profile

if TYPE_CHECKING:
    from keepwell.data.differences import DatasetDiff

SHIFTS = 20  # of a difference, at most shown
MEDIAN = 4  # of the quantiles 0, 1, 5, 25, 50, 75, 95, 99, 100 percent


def tell_profile(out: Output, name: str, profile: Profile) -> None:
    """Print one line a column."""
    out.say(f"dataset {name}  {profile.rows:,} rows", style="bold")
    columns = [
        "column",
        "type",
        "missing",
        "distinct",
        "mean",
        "min",
        "median",
        "max",
        "most frequent",
    ]
    out.table(columns, [_profile_row(item) for item in profile.columns])


def _profile_row(item: ColumnProfile) -> list[Any]:
    missing = f"{item.missing / item.rows:.1%}" if item.rows and item.missing else ""
    dates = item.type is ColumnType.DATETIME
    median = item.quantiles[MEDIAN] if len(item.quantiles) > MEDIAN else None
    values = [None, *(_day(v) for v in (item.minimum, median, item.maximum))] if dates else [
        item.mean, item.minimum, median, item.maximum,
    ]  # fmt: skip
    top = ", ".join(f"{value[:20]} ({count:,})" for value, count in item.top[:3])
    return [item.name, item.type.value, missing, item.distinct, *values, top]


def _day(seconds: float | None) -> str:
    from datetime import UTC, datetime

    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M").removesuffix(" 00:00")


def tell_diff(out: Output, diff: "DatasetDiff") -> None:
    """Print what changed between two versions: schema, rows, statistics."""
    out.say(f"dataset {diff.name}  version {diff.before} → {diff.after}", style="bold")
    out.facts(
        {
            "rows": f"{diff.rows_before:,} → {diff.rows_after:,}",
            "added": diff.added,
            "removed": diff.removed,
            "changed": diff.changed if diff.key else None,
            "shared": f"{diff.shared} of {diff.chunks} chunks, stored once",
        }
    )
    if diff.schema:
        rows = [[item.column, item.before, item.after] for item in diff.schema]
        out.table(["column", "before", "after"], rows, title="schema")
    if diff.shifts:
        shifts = [[s.column, s.statistic, s.before, s.after] for s in diff.shifts[:SHIFTS]]
        out.table(["column", "statistic", "before", "after"], shifts, title="statistics that moved")
    for title, found in (
        ("added rows", diff.added_rows),
        ("removed rows", diff.removed_rows),
        ("changed rows", diff.changed_rows),
    ):
        if found:
            out.table(list(found[0]), [list(row.values()) for row in found], title=f"first {title}")
