"""Drift by column: how far the present is from training, and both distributions side by side."""

import math
from dataclasses import dataclass

from keepwell.console.charts import Bar, bars
from keepwell.console.wording import date, number, percent
from keepwell.core.records import ColumnType
from keepwell.monitoring.report import Bars, ColumnReport, Report

FULL = 1.5
"""How many times the limit fills the bar; the mark on it is the limit."""

MOST_LABELS = 4
"""Categories that are named under their bars; of more, the first and the last."""

_WORTH_TELLING = 0.005  # a share of rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One column's distance from training, ready to be drawn.

    Attributes:
        column: What the monitor said of it.
        level: How much of the bar is filled, 0..1; the limit is at 2/3.
        reference: Bars of training.
        current: Bars of the window, in the same places.
        labels: What stands under the bars, from left to right.
        quality: What is wrong with its values, in words.
    """

    column: ColumnReport
    level: float
    reference: tuple[Bar, ...]
    current: tuple[Bar, ...]
    labels: tuple[str, ...]
    quality: tuple[str, ...]


def drifts_of(report: Report) -> list[Drift]:
    """Return every column of a report, ready to be drawn, the gravest first."""
    found = [of_column(column) for column in report.columns]
    return sorted(
        found,
        key=lambda item: (
            not item.column.drifted,
            -item.column.severity,
            -item.level,
            item.column.name,
        ),
    )


def of_column(column: ColumnReport) -> Drift:
    """Return one column, ready to be drawn."""
    top = max([*column.bars.reference, *column.bars.current], default=0.0)
    share = column.effect / column.limit if column.limit else 0.0
    return Drift(
        column=column,
        level=min(share, FULL) / FULL,
        reference=bars(column.bars.reference, top=top, inset=0.04),
        current=bars(column.bars.current, top=top, inset=0.3),
        labels=_labels(column.bars, column.type),
        quality=tuple(_quality(column)),
    )


def _labels(drawn: Bars, kind: ColumnType) -> tuple[str, ...]:
    if drawn.labels:
        ends = (drawn.labels[0], drawn.labels[-1])
        return drawn.labels if len(drawn.labels) <= MOST_LABELS else ends
    if not drawn.edges:
        return ()
    first, last = drawn.edges[0], drawn.edges[-1]
    if kind is ColumnType.INTEGER:  # the edges lie between two counts; nobody makes -0.5 calls
        first, last = math.ceil(first), math.floor(last)
    said = date if kind is ColumnType.DATETIME else number
    return said(first), said(last)


def _quality(column: ColumnReport) -> list[str]:
    said = []
    if abs(column.missing - column.missing_reference) > _WORTH_TELLING:
        said.append(
            f"{percent(column.missing)} missing ({percent(column.missing_reference)} in training)"
        )
    if column.wrong > 0:
        said.append(f"{percent(column.wrong)} of another type")
    if column.outside > _WORTH_TELLING:
        said.append(f"{percent(column.outside)} beyond what training saw")
    said += [f"new value {value} in {percent(share)}" for value, share in column.unseen[:2]]
    return said
