"""A report in sentences: the finding, and what to know about how it was made."""

from collections.abc import Iterator, Sequence

from keepwell.core.records import ColumnType
from keepwell.core.spec import MonitorSpec
from keepwell.monitoring.report import ColumnReport, Report

_ALIKE = 0.5  # worth a row, below which the reader should know
_NAMED = 3


def read_out(report: Report, spec: MonitorSpec) -> str:
    """Return the finding in one sentence."""
    if report.rows < spec.min_rows:
        return f"too few rows to say: {report.rows:,} of {spec.min_rows:,}"
    moved = [column.name for column in report.columns if column.drifted]
    damaged = sorted({signal.column for signal in report.signals if signal.kind == "quality"})
    performance = report.performance
    if performance is not None and performance.fell:
        if performance.cause == "concept":
            return (
                f"{performance.metric} fell while the inputs look as in training:"
                " the relation between inputs and outcome has changed (concept drift)"
            )
        return f"{performance.metric} fell, and {_names(moved or damaged)} changed (data drift)"
    if report.concept is not None and report.concept.certain:
        return (
            "errors rose on equal inputs: the relation between inputs and outcome has changed"
            " (concept drift)"
        )
    if damaged:
        return (
            f"{_names(damaged)} arrive damaged"
            if len(damaged) > 1
            else f"{_names(damaged)} arrives damaged"
        )
    if not moved:
        held = f", and {performance.metric} holds" if performance is not None else ""
        return f"inputs look as in training{held}"
    if performance is None:
        return f"{_names(moved)} moved; no outcomes yet to say whether it hurts"
    return f"{_names(moved)} moved, but {performance.metric} holds"


def read_notes(
    columns: Sequence[ColumnReport], rows: int, spec: MonitorSpec, *, most: int
) -> tuple[str, ...]:
    """Return what the reader should know."""
    return tuple(_notes(columns, rows, spec, most))


def _notes(
    columns: Sequence[ColumnReport], rows: int, spec: MonitorSpec, most: int
) -> Iterator[str]:
    if rows < spec.min_rows:
        yield f"{rows:,} rows: fewer than {spec.min_rows:,} decide nothing"
        return
    if rows >= most:
        yield f"the newest {most:,} predictions of the window were looked at"
    alike = [
        column for column in columns if column.detector and column.worth < _ALIKE * column.rows
    ]
    if alike:
        worst = min(alike, key=lambda column: column.worth)
        yield (
            f"rows that follow each other are alike in {_names([item.name for item in alike])}:"
            f" the {worst.rows:,} rows of `{worst.name}` are worth {worst.worth:,.0f} independent ones."
            " A season longer than the window looks like drift"
        )
    dates = [column.name for column in columns if column.type is ColumnType.DATETIME]
    if dates:
        yield f"dates move on by themselves: {_names(dates)} is watched for missing values only"


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_NAMED])
    more = len(names) - _NAMED
    return f"{shown} and {more} more" if more > 0 else shown
