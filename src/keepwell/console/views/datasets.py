"""Named, versioned tables: the list, and one version column by column."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keepwell.console.charts import Bar, bars
from keepwell.console.wording import date, number
from keepwell.core.errors import NotFoundError
from keepwell.core.records import Column, ColumnProfile, ColumnType

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

SHOWN_COLUMNS = 200
SHOWN_VALUES = 12
MEDIAN = 4  # place of the 50% quantile in `ColumnProfile.quantiles`


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRow:
    """A column of a version with its statistics in words."""

    column: Column
    profile: ColumnProfile | None
    missing: float | None
    bars: tuple[Bar, ...]
    summary: str


def datasets(workspace: "Workspace") -> dict[str, Any]:
    """Return the context of `datasets.html`."""
    return {
        "datasets": [
            (name, workspace.datasets.versions(name)) for name in workspace.datasets.names()
        ]
    }


def dataset(workspace: "Workspace", name: str, number: str = "") -> dict[str, Any]:
    """Return the context of `dataset.html`."""
    if number and not number.isdecimal():
        raise NotFoundError(f"'{name}' has no version '{number}'", now=f"see /datasets/{name}")
    version = workspace.datasets.get(name, int(number) if number else None)
    profile = workspace.datasets.profile(version)
    previous = version.version - 1
    return {
        "version": version,
        "versions": workspace.datasets.versions(name),
        "rows": [_row(item, profile.column(item.name)) for item in version.columns[:SHOWN_COLUMNS]],
        "hidden": max(0, len(version.columns) - SHOWN_COLUMNS),
        "previous": previous,
        "runs": [run for run in workspace.runs.find() if run.dataset == version.key],
    }


def difference(workspace: "Workspace", name: str, number: str) -> dict[str, Any]:
    """Return the context of `difference.html`: what changed since the version before."""
    version = workspace.datasets.get(name, int(number) if number.isdecimal() else None)
    key = workspace.spec.data.key if name == workspace.spec.dataset else ""
    return {"diff": workspace.datasets.diff(name, version.version - 1, version.version, key=key)}


def _row(column: Column, profile: ColumnProfile | None) -> ColumnRow:
    if profile is None:
        return ColumnRow(column=column, profile=None, missing=None, bars=(), summary="")
    return ColumnRow(
        column=column,
        profile=profile,
        missing=profile.missing / profile.rows if profile.rows else 0.0,
        bars=_bars(profile),
        summary=_summary(profile),
    )


def _bars(profile: ColumnProfile) -> tuple[Bar, ...]:
    if profile.top:
        return bars([count for _, count in profile.top[:SHOWN_VALUES]], inset=0.08)
    return bars(profile.histogram.counts, inset=0.04)


def _summary(profile: ColumnProfile) -> str:
    """Say in a few words what values there are."""
    if profile.top and profile.rows:
        shown = ", ".join(f"{value} {count / profile.rows:.0%}" for value, count in profile.top[:3])
        return shown + (" …" if profile.distinct > 3 else "")  # noqa: PLR2004
    if len(profile.quantiles) <= MEDIAN or profile.minimum is None or profile.maximum is None:
        return ""
    if profile.type is ColumnType.DATETIME:
        return f"{date(profile.minimum)} to {date(profile.maximum)}"
    middle = number(profile.quantiles[MEDIAN])
    return f"{number(profile.minimum)} to {number(profile.maximum)}, half below {middle}"
