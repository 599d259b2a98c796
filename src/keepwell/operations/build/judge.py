"""The gate of a version: limits, and the champion on the same rows."""

from __future__ import annotations

import statistics
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from keepwell.core.records import GateCheck, GateVerdict, ModelVersion
from keepwell.operations.build.bench import Bench
from keepwell.operations.insight.papers import regulated_checks

if TYPE_CHECKING:
    import pyarrow as pa

    from keepwell.deployment.scoring import Scorer

LATENCY_ROUNDS = 200


def open_scorer(bench: Bench, version: ModelVersion) -> Scorer:
    """Return the scorer of a version, read from its verified bundle."""
    from keepwell.deployment.scoring import load_scorer
    from keepwell.tracking.bundles import unpack

    return load_scorer(lambda name: unpack(bench.blobs, version.bundle, name), version.signature)


def judge_version(
    bench: Bench, version: ModelVersion, table: pa.Table, *, champion: int | None
) -> GateVerdict:
    """Judge a version on rows that it has never seen.

    Args:
        bench: The workspace's parts.
        version: The candidate.
        table: The rows, target included.
        champion: Version to compare with on the same rows; None if there is none.
    """
    from keepwell.training.gates import judge
    from keepwell.training.tasks.exams import exam_of

    gate = bench.spec.gate
    candidate = open_scorer(bench, version)
    exam = exam_of(version.signature, table, bench.spec.data, candidate.catalogue)
    table = exam.table

    rival = _rival(bench, version, candidate, champion)
    verdict = judge(
        gate,
        task=version.signature.task,
        classes=version.signature.classes,
        metric=version.metric,
        actual=exam.actual,
        candidate=candidate.examined(table),
        champion=rival.examined(table) if rival is not None else None,
        latency_ms=_latency_ms(candidate, table, version) if gate.latency_ms is not None else None,
        groups=_groups(table, gate.fairness.by) if gate.fairness is not None else None,
    )
    if champion is not None and rival is None:
        verdict = replace(verdict, checks=(*verdict.checks, _incomparable(version, gate.max_drop)))
    if not gate.regulated:
        return verdict
    papers = regulated_checks(bench, version)
    return replace(
        verdict,
        passed=verdict.passed and all(check.passed for check in papers),
        checks=(*verdict.checks, *papers),
    )


def _rival(
    bench: Bench, version: ModelVersion, candidate: Scorer, champion: int | None
) -> Scorer | None:
    """Return the champion as it can be compared; None if there is none that can answer these rows."""
    from keepwell.deployment.scoring.following import following

    if champion is None:
        return None
    return following(open_scorer(bench, bench.registry.get(version.model, champion)), candidate)


def _incomparable(version: ModelVersion, max_drop: float) -> GateCheck:
    """Say that the champion was no hurdle: it cannot answer rows of the new kind at all."""
    return GateCheck(
        name=f"champion {version.metric}",
        passed=True,
        value=0.0,
        limit=-max_drop,
        detail="not compared: the champion's steps are of another length, or it lacks some of the series",
    )


def _latency_ms(scorer: Scorer, table: pa.Table, version: ModelVersion) -> float:
    """Return the median milliseconds of one row, in process."""
    names = [item.name for item in version.signature.inputs]
    row: dict[str, Any] = {
        name: value
        for name, value in table.slice(0, 1).to_pylist()[0].items()
        if name in names and isinstance(value, (str, int, float, bool))
    }
    required = [item for item in version.signature.inputs if item.required]
    row |= {item.name: item.example for item in required if item.name not in row}
    times = []
    for _ in range(LATENCY_ROUNDS):
        start = time.perf_counter()
        scorer.rows([row])
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def _groups(table: pa.Table, column: str) -> list[Any]:
    from keepwell.core.errors import UsageError
    from keepwell.core.suggestions import did_you_mean

    if column not in table.column_names:
        raise UsageError(
            f"gate.fairness.by names '{column}', which the data does not have",
            why=f"its columns are {', '.join(table.column_names[:20])}",
            now=did_you_mean(column, table.column_names) or "name one of them",
        )
    values: list[Any] = table[column].to_pylist()
    return values
