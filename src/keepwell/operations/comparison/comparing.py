"""The second version against the first."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import InvalidDataError, KeepwellError, UsageError
from keepwell.core.records import Estimate, ModelVersion, Run
from keepwell.operations.build.bench import Bench
from keepwell.operations.build.judge import open_scorer
from keepwell.operations.comparison.ground import common_ground
from keepwell.operations.comparison.result import Measured, VersionComparison

if TYPE_CHECKING:
    import pyarrow as pa

    from keepwell.deployment.scoring import Scores
    from keepwell.tracking.metrics import Scored
    from keepwell.tracking.metrics.mcnemar import McNemar

_MOST_PACKAGES = 20


def compare_versions(
    bench: Bench, first: ModelVersion, second: ModelVersion, table: "pa.Table | None" = None
) -> VersionComparison:
    """Return how the second version differs from the first.

    Args:
        bench: The workspace's parts.
        first: The one to be beaten.
        second: The other.
        table: Rows with their outcome to measure both on; rows that neither learnt from unless given.

    Raises:
        UsageError: If they predict different things.
        InvalidDataError: If the rows given do not hold what is true.
    """
    one, other = first.signature, second.signature
    if (one.task, one.target) != (other.task, other.target) or set(one.classes) != set(
        other.classes
    ):
        raise UsageError(
            f"{first.key} and {second.key} cannot be measured on the same rows",
            why=f"one is a {one.task.value} model of '{one.target}' with the classes "
            f"{list(one.classes)}, the other a {other.task.value} model of '{other.target}' "
            f"with {list(other.classes)}",
            now="compare versions that predict the same",
        )
    judged = _judged(bench, first, second, table)
    runs = [bench.runs.get(version.run) for version in (first, second)]
    return VersionComparison(
        first=first.key,
        second=second.key,
        metric=first.metric,
        rows=judged.rows,
        rows_from=judged.rows_from,
        verdict=judged.verdict,
        metrics=judged.metrics,
        mcnemar=judged.mcnemar,
        agree=judged.agree,
        params=_params(runs),
        data=(first.dataset, second.dataset),
        inputs=tuple(input_changes(first, second)),
        code=(_code(runs[0]), _code(runs[1])),
        environment=_packages(bench, runs),
        importance=_importance(first, second),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    rows: int
    rows_from: str
    verdict: str
    metrics: tuple[Measured, ...] = ()
    mcnemar: "McNemar | None" = None
    agree: float | None = None


def _judged(
    bench: Bench, first: ModelVersion, second: ModelVersion, table: "pa.Table | None"
) -> _Judged:
    """Measure both on the same rows; where there are none, say so."""
    target, words = first.signature.target, "the rows given"
    if table is None:
        try:
            table, words = common_ground(bench, first, second)
        except InvalidDataError as error:
            told = f"{error.what}: {error.why}; {error.now}"
            return _Judged(rows=0, rows_from="no rows", verdict=told)
    if target not in table.column_names:
        raise InvalidDataError(
            f"the rows have no column '{target}'",
            why="what is true has to be known to compare",
            now="add it, or name other rows",
        )
    rows = table.filter(table[target].is_valid())
    answers = _answers(bench, first, second, rows)
    actual = rows[target].to_pylist()
    metrics = measured(first, actual, answers[0], answers[1])
    test, agree = _by_row(first, actual, answers)
    return _Judged(
        rows=rows.num_rows,
        rows_from=words,
        verdict=_verdict(first, second, metrics, rows.num_rows),
        metrics=metrics,
        mcnemar=test,
        agree=agree,
    )


def _answers(
    bench: Bench, first: ModelVersion, second: ModelVersion, rows: "pa.Table"
) -> "list[Scores]":
    """Return what both say; of two forecasts the older one looks at the values that the newer one has."""
    from keepwell.deployment.scoring.following import following

    scorers = [open_scorer(bench, version) for version in (first, second)]
    old, new = (0, 1) if first.version < second.version else (1, 0)
    scorers[old] = following(scorers[old], scorers[new]) or scorers[old]
    return [scorer.batch(rows, lenient=True) for scorer in scorers]


def measured(
    version: ModelVersion, actual: Sequence[Any], first: "Scored", second: "Scored"
) -> tuple[Measured, ...]:
    """Return every usual metric of both answers, the one that the version was chosen by first."""
    from keepwell.tracking.metrics import direction, headlines, intervals, paired_difference

    task, classes = version.signature.task, version.signature.classes
    names = list(dict.fromkeys((version.metric, *headlines(task))))
    one, other = (intervals(task, classes, actual, item, only=names) for item in (first, second))
    found = []
    for name in names:
        if name not in one or name not in other:
            continue
        gap = paired_difference(name, task, classes, actual, second, first)
        found.append(
            Measured(
                metric=name,
                first=one[name],
                second=other[name],
                difference=gap,
                verdict=_beyond_chance(gap, direction(name)),
            )
        )
    return tuple(found)


def _beyond_chance(gap: Estimate, better: int) -> str:
    if gap.low is None or gap.high is None or gap.low <= 0 <= gap.high:
        return "unclear"
    return "better" if gap.value * better > 0 else "worse"


def _verdict(
    first: ModelVersion, second: ModelVersion, metrics: tuple[Measured, ...], rows: int
) -> str:
    deciding = next((item for item in metrics if item.metric == first.metric), None)
    if deciding is None:
        return f"{first.metric} cannot be measured on these {rows:,} rows"
    gap = deciding.difference
    reach = (
        ""
        if gap.low is None
        else f" (95% interval of the difference {gap.low:+.4g} to {gap.high:+.4g})"
    )
    words = {
        "better": f"{second.key} is better than {first.key}",
        "worse": f"{second.key} is worse than {first.key}",
        "unclear": f"No difference beyond chance between {first.key} and {second.key}",
    }[deciding.verdict]
    return f"{words}: {first.metric} {gap.value:+.4g} on the same {rows:,} rows{reach}"


def _by_row(
    version: ModelVersion, actual: Sequence[Any], answers: "Sequence[Scored]"
) -> "tuple[McNemar | None, float | None]":
    from keepwell.tracking.metrics.mcnemar import mcnemar

    if not version.signature.task.labelled:
        return None, None
    truth = np.array([str(value) for value in actual])
    said = [np.array([str(label) for label in item.predictions]) for item in answers]
    agree = float(np.mean(said[0] == said[1])) if len(truth) else None
    return mcnemar(said[0] == truth, said[1] == truth), agree


def _params(runs: Sequence[Run]) -> dict[str, tuple[object, object]]:
    one, other = (run.params for run in runs)
    names = sorted({*one, *other})
    return {
        name: (one.get(name), other.get(name)) for name in names if one.get(name) != other.get(name)
    }


def input_changes(first: ModelVersion, second: ModelVersion) -> list[str]:
    """Return what changed about the inputs, in words."""
    before = {item.name: item for item in first.signature.inputs}
    after = {item.name: item for item in second.signature.inputs}
    told = [f"'{name}' is new" for name in after if name not in before]
    told += [f"'{name}' is gone" for name in before if name not in after]
    for name in before.keys() & after.keys():
        one, other = before[name], after[name]
        if one.type is not other.type:
            told.append(f"'{name}' was {one.type.value}, is {other.type.value}")
        if one.required != other.required:
            told.append(f"'{name}' {'may be missing now' if one.required else 'is required now'}")
        fresh = [label for label in other.categories if label not in one.categories]
        if fresh and one.type is other.type:
            told.append(f"'{name}' has new values: {', '.join(fresh[:5])}")
    return sorted(told)


def _code(run: Run) -> str:
    if not run.code.commit:
        return "no repository"
    return run.code.commit[:12] + (" with changes" if run.code.dirty else "")


def _packages(bench: Bench, runs: Sequence[Run]) -> tuple[str, ...]:
    found = []
    for run in runs:
        try:
            found.append(json.loads(bench.runs.environment(run.id)))
        except (KeepwellError, ValueError):
            return ()
    one, other = (item.get("packages", {}) for item in found)
    told = [
        f"{name} {one.get(name, 'absent')} → {other.get(name, 'absent')}"
        for name in sorted({*one, *other}, key=str.lower)
        if one.get(name) != other.get(name)
    ]
    pythons = [item.get("python", {}).get("version", "") for item in found]
    if pythons[0] != pythons[1]:
        told.insert(0, f"Python {pythons[0]} → {pythons[1]}")
    more = [f"and {len(told) - _MOST_PACKAGES} more"] if len(told) > _MOST_PACKAGES else []
    return (*told[:_MOST_PACKAGES], *more)


def _importance(first: ModelVersion, second: ModelVersion) -> dict[str, tuple[float, float]]:
    names = {*first.importance, *second.importance}
    pairs = {
        name: (first.importance.get(name, 0.0), second.importance.get(name, 0.0)) for name in names
    }
    return dict(sorted(pairs.items(), key=lambda pair: (-abs(pair[1][1] - pair[1][0]), pair[0])))
