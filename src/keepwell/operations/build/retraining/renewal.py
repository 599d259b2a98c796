"""A challenger of what learns from the source itself: forecasts, recommendations, clusters, anomalies.

No outcome tells them anything, so what is new is read where it comes from. Champion and challenger are
compared on the rows that the new version sets aside.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from keepwell.core.errors import TrainingError
from keepwell.core.records import Task
from keepwell.operations.build.judge import judge_version
from keepwell.operations.build.learn import learn
from keepwell.operations.build.retraining.comparison import compare
from keepwell.operations.build.retraining.tuning import tuning_evidence
from keepwell.operations.build.sources.sides import ingest_sides
from keepwell.operations.build.stages import register_draft
from keepwell.operations.loop.retrainings import Retraining, RetrainingResult
from keepwell.operations.windows.declaring import derivation

if TYPE_CHECKING:
    from keepwell.core.progress import Progress
    from keepwell.core.records import DatasetVersion, ModelVersion
    from keepwell.operations.build.bench import Bench

CARRIES = (Task.FORECAST, Task.RANKING)
"""Versions of these carry the data that they answer by: a newer one knows more, whatever it has learnt."""


def renew(
    bench: Bench, baseline: ModelVersion, request: Retraining, *, progress: Progress
) -> RetrainingResult:
    """Train a challenger on what the source holds now; nothing is put behind the endpoint.

    Raises:
        TrainingError: If the source holds nothing new.
    """
    dataset = _dataset(bench, baseline, progress)
    table = bench.datasets.read(dataset)
    tags = {"retraining": request.id, "incident": request.incident, "why": request.reason}
    draft = learn(
        bench,
        table,
        dataset.columns,
        data=bench.spec.data,
        spec=replace(bench.spec.train, budget=request.budget),
        dataset=dataset.key,
        kind="retrain",
        tags=tags,
        progress=progress,
    )
    version = register_draft(bench, draft)
    places = np.frombuffer(bench.blobs.read(draft.test_rows), dtype=np.int64)
    tested = table.take(places)
    verdict = judge_version(bench, version, tested, champion=request.baseline)
    bench.registry.record_gate(version.model, version.version, verdict)
    evidence: dict[str, float | int | str] = {"dataset": dataset.key}
    if request.mode == "tune":
        evidence |= tuning_evidence(bench, draft.run, None)
    return RetrainingResult(
        status="done",
        run=draft.run,
        candidate=version.version,
        verdict=verdict,
        comparison=compare(bench, version, baseline, tested),
        window="source",
        rows=table.num_rows - len(places),
        renewed=baseline.signature.task in CARRIES,
        evidence=evidence,
    )


def _dataset(bench: Bench, baseline: ModelVersion, progress: Progress) -> DatasetVersion:
    """Return what the source holds now, if that is more than the champion has seen."""
    spec = bench.spec
    progress.update("reading the source")
    ingest_sides(bench, progress)
    dataset = bench.datasets.ingest(
        spec.dataset,
        spec.data.source,
        root=spec.root,
        contract=spec.root / spec.data.contract,
        types=spec.data.types,
        progress=progress,
        derive=derivation(spec),
    )
    if dataset.key == baseline.dataset:
        raise TrainingError(
            f"{baseline.key} has seen all that the source holds",
            why=f"{baseline.signature.task.value} learns from the source, not from outcomes, and "
            f"{dataset.key} is what it was trained on",
            now=f"bring {spec.data.source} up to date",
        )
    return dataset
