"""Rates by group in one period of one version, and whether a gap is too wide."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.records import (
    ColumnType,
    Estimate,
    FairnessView,
    Field,
    Group,
    ModelVersion,
    Signal,
)
from keepwell.monitoring.estimation.answers import answers_of
from keepwell.monitoring.inputs import parse_inputs
from keepwell.monitoring.labels import Labels, read_numbers
from keepwell.monitoring.report import Scope
from keepwell.monitoring.words import number
from keepwell.tracking.fairness import fairness_view
from keepwell.tracking.metrics import Scores

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_ROWS = 5_000
BEFORE_OUTCOMES = ("selection_rate", "disparate_impact", "mean_prediction")
"""Gaps that the answers alone tell; all others need outcomes."""

RATIO = "disparate_impact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One column whose groups are watched; `max_gap` is None where nobody set a limit."""

    column: str
    metric: str = "selection_rate"
    max_gap: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPoint:
    """The groups of one column in one period.

    Attributes:
        since: Start of the period, Unix seconds.
        until: Its end.
        version: Who answered.
        column: The column.
        predictions: Answers that it rests on.
        outcomes: Those with an outcome.
        gaps: By metric the largest difference between two groups, with a 95% interval.
        groups: Rates by group, among the rows with an outcome where there are some.
        note: Why there is nothing to tell, if so.
    """

    since: float
    until: float
    version: int
    column: str
    predictions: int = 0
    outcomes: int = 0
    gaps: dict[str, Estimate] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    note: str = ""


def measure_groups(
    logged: pa.Table,
    labelled: pa.Table,
    *,
    version: ModelVersion,
    column: str,
    since: float,
    until: float,
) -> GroupPoint:
    """Return how the groups of a column were treated.

    Args:
        logged: Predictions of the period: `prediction`, `probabilities`, `inputs`.
        labelled: Those with an `outcome`.
        version: Who answered.
        column: The column.
        since: Start of the period.
        until: Its end.
    """
    signature = version.signature
    field_of = signature.input(column) or Field(name=column, type=ColumnType.CATEGORY)
    blank = GroupPoint(
        since=since,
        until=until,
        version=version.version,
        column=column,
        predictions=logged.num_rows,
        outcomes=labelled.num_rows,
    )
    if signature.task.several or not logged.num_rows:
        return blank
    answers = answers_of(logged, signature, (field_of,))
    values = answers.columns[column]
    if values.null_count == len(values):
        return replace(
            blank, note=f"the log keeps no `{column}`: only what the model takes is logged"
        )
    before = _view(column, values, answers.predictions, answers.predictions, version)
    after = _after(column, labelled, field_of, version) if labelled.num_rows else None
    gaps = {name: gap for name, gap in before.gaps.items() if name in BEFORE_OUTCOMES}
    if after is not None:
        gaps |= {name: gap for name, gap in after.gaps.items() if name not in BEFORE_OUTCOMES}
    known = after.groups if after is not None else ()
    return GroupPoint(
        since=since,
        until=until,
        version=version.version,
        column=column,
        predictions=logged.num_rows,
        outcomes=labelled.num_rows,
        gaps=gaps,
        groups=known or tuple(_answers_only(group) for group in before.groups),
        note=before.note,
    )


def verdict(point: GroupPoint, watched: Watched, *, endpoint: str) -> Signal | None:
    """Return a signal if a gap is too wide, its whole interval included."""
    gap, limit = point.gaps.get(watched.metric), watched.max_gap
    if gap is None or limit is None or gap.low is None or gap.high is None:
        return None
    ratio = watched.metric == RATIO
    distance = 1 - gap.value if ratio else gap.value
    sure = 1 - gap.high if ratio else gap.low
    if sure <= limit:
        return None
    scope = Scope(endpoint=endpoint, version=point.version, since=point.since, until=point.until)
    words = watched.metric.replace("_", " ")
    wide = f"is {number(gap.value)}" if ratio else f"differs by {number(gap.value)}"
    allowed = f"at least {number(1 - limit)}" if ratio else f"at most {number(limit)}"
    return scope.signal(
        "fairness",
        f"{words} {wide} between groups of `{point.column}`, {allowed} is allowed",
        value=distance,
        limit=limit,
        severity=distance / limit / 4 if limit else 1.0,
        rows=point.predictions,
        column=point.column,
    )


def _answers_only(group: Group) -> Group:
    """Return what is known of a group without outcomes."""
    return Group(
        name=group.name,
        rows=group.rows,
        selection_rate=group.selection_rate,
        mean_prediction=group.mean_prediction,
    )


def _after(column: str, labelled: pa.Table, field_of: Field, version: ModelVersion) -> FairnessView:
    signature = version.signature
    if signature.task.numeric:
        actual = read_numbers(labelled["outcome"])
        said = read_numbers(labelled["prediction"])
        known = np.isfinite(actual) & np.isfinite(said)
        values = parse_inputs(labelled["inputs"].filter(pa.array(known)), [field_of]).columns[
            column
        ]
        return _view(column, values, said[known], actual[known], version)
    labels = Labels(signature.classes)
    truth, given = labels.read(labelled["outcome"]), labels.read(labelled["prediction"])
    told = [a is not None and b is not None for a, b in zip(truth, given, strict=True)]
    kept = labelled.filter(pa.array(told, pa.bool_()))
    values = parse_inputs(kept["inputs"], [field_of]).columns[column]
    pairs = [(a, b) for a, b, one in zip(truth, given, told, strict=True) if one]
    return _view(column, values, [b for _, b in pairs], [a for a, _ in pairs], version)


def _view(
    column: str,
    values: pa.Array,
    said: "Sequence[Any] | Any",
    actual: "Sequence[Any] | Any",
    version: ModelVersion,
) -> FairnessView:
    return fairness_view(
        column,
        values.to_pylist(),
        task=version.signature.task,
        classes=version.signature.classes,
        actual=actual,
        scores=Scores(predictions=said),
    )
