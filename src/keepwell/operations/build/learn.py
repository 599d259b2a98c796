"""Training, recorded: a table in, a draft out. `keepwell run` and the loop both go through here."""

from __future__ import annotations

import itertools
import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np

from keepwell import __version__
from keepwell.core.progress import Progress
from keepwell.core.records import Column
from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.infrastructure.codec import to_json
from keepwell.operations.build.bench import Bench
from keepwell.operations.build.draft import Draft
from keepwell.operations.build.earlier import trial_files, winners
from keepwell.operations.build.recipe import ROWS, keep_evidence
from keepwell.operations.build.sources.parts import Part
from keepwell.operations.build.sources.sides import sides
from keepwell.operations.insight.fairness import keep_fairness
from keepwell.operations.insight.overall import EXPLAINED, LEAST, keep_overview
from keepwell.operations.windows.declaring import with_history

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    from keepwell.training import CurvePoint, Trained

PROOF_ROWS = 500
"""Rows that the compiled scorer must reproduce before a version can be registered."""

_FEWEST_PROOF_ROWS = 50
_PROOF = 0.05  # of the budget
_ANSWERS = 4  # to each of these rows: by the pipeline and by both faces of the scorer
_REST = 0.3  # seconds for storing what was made, and the least for explaining it
_STORED = 0.01  # of the budget, kept until the end


def learn(  # noqa: PLR0913 (each is a decision of the caller, by name)
    bench: Bench,
    table: pa.Table,
    columns: Sequence[Column],
    *,
    data: DataSpec,
    spec: TrainSpec,
    dataset: str,
    kind: str = "train",
    tags: Mapping[str, str] | None = None,
    progress: Progress,
    test_rows: npt.NDArray[np.int64] | None = None,
    weights: npt.NDArray[np.float64] | None = None,
    part: Part | None = None,
) -> Draft:
    """Train on a table, record the run, and return the draft of a model version.

    The run ends as `failed` with the error if training raises, as `killed` if it is interrupted.
    """
    from keepwell.operations.build.own.learners import must_have_raced
    from keepwell.training import Budget, Following, Past, load_libraries, train
    from keepwell.training.afterwards import affordable
    from keepwell.training.learners.field import anchored
    from keepwell.training.modalities.readiness import rooted

    bench.must_allow("training" if kind == "train" else "the retraining")
    run = bench.runs.start(
        bench.spec.name,
        kind,
        params=_params(spec),
        dataset=dataset,
        tags=dict(tags or {}),
        root=bench.spec.root,
    )
    store = trial_files(bench, kind)
    best = itertools.count()
    load_libraries()
    import_module("skops.io")  # which stores the model in the end: seconds on a cold machine
    clock = Budget(spec.budget)

    def better(point: CurvePoint) -> None:
        values = {f"best_{point.metric}": point.score, "best_after_seconds": point.seconds}
        bench.runs.log(run.id, values, step=next(best))

    def curve(name: str, step: int, values: Mapping[str, float]) -> None:
        bench.runs.log(run.id, {f"{name}/{key}": value for key, value in values.items()}, step=step)

    try:
        trained = train(
            table,
            columns,
            data,
            replace(
                spec,
                learners=anchored(spec.learners, bench.spec.root),
                text_model=rooted(spec.text_model, bench.spec.root),
                image_model=rooted(spec.image_model, bench.spec.root),
            ),
            progress=progress,
            test_rows=test_rows,
            weights=weights,
            past=Past(store=store, winners=winners(bench), folder=str(store.folder), log=curve),
            latency_ms=bench.spec.gate.latency_ms,
            better=better,
            features=bench.spec.features,
            **sides(bench, data),
            clock=clock,
            following=Following(
                rows=_ANSWERS * PROOF_ROWS,
                share=_PROOF,
                seconds=_REST + min(LEAST, EXPLAINED * spec.budget),
            ),
        )
        must_have_raced(spec, trained)
        trained = _told(trained, part)
        trained = replace(trained, signature=with_history(bench, trained.signature))
        progress.update("compiling and proving the scorer")
        rows = affordable(
            PROOF_ROWS,
            _PROOF * spec.budget,
            _ANSWERS * trained.row_seconds,
            _FEWEST_PROOF_ROWS,
        )
        draft = _draft(bench, run.id, dataset, table, trained, rows, part)
        _attach(bench, run.id, trained)
        keep_evidence(
            bench,
            run.id,
            table,
            trained,
            task=spec.task.value if spec.task else "",
            seed=spec.seed,
            weights=weights,
        )
        if kind != "trial":  # a window on trial is compared, never served
            progress.update("explaining the model")
            keep_fairness(bench, run.id, table, trained)
            left = clock.left - _STORED * spec.budget
            keep_overview(bench, draft, table, trained, seconds=left)
        bench.runs.finish(
            run.id,
            metrics=trained.metrics,
            params={"learner": trained.learner, **trained.params},
        )
        store.clear()
    except BaseException as error:
        killed = not isinstance(error, Exception)
        bench.runs.fail(run.id, "interrupted" if killed else str(error), killed=killed)
        raise
    return draft


def _params(spec: TrainSpec) -> dict[str, str | int | float | bool | None]:
    return {
        "budget": spec.budget,
        "folds": spec.folds,
        "seed": spec.seed,
        "split": spec.split.by,
        "test": spec.split.test,
        "keepwell": __version__,
        "python": platform.python_version(),
    }


def _told(trained: Trained, part: Part | None) -> Trained:
    """Return the same, with a note where not all rows were read."""
    from keepwell.training import Finding

    if part is None or not part.told:
        return trained
    told = Finding(column="", message=part.told, kind="search")
    return replace(trained, findings=(told, *trained.findings))


def _draft(
    bench: Bench,
    run: str,
    dataset: str,
    table: pa.Table,
    trained: Trained,
    proven: int,
    part: Part | None,
) -> Draft:
    from keepwell.operations.build.own.learners import scorer_files
    from keepwell.tracking.bundles import pack

    step = max(1, table.num_rows // proven)
    sample = table.take(np.arange(0, table.num_rows, step)[:proven])
    files, proof = scorer_files(bench, trained, sample)
    files["profile.json"] = to_json(trained.profile)
    return Draft(
        run=run,
        bundle=pack(bench.blobs, files),
        signature=trained.signature,
        metric=trained.metric,
        learner=trained.learner,
        dataset=dataset,
        test_rows=_keep_places(bench, run, trained, part),
        metrics=trained.metrics,
        importance=trained.importance,
        proof=proof,
        findings=tuple(finding.message for finding in trained.findings),
    )


def _keep_places(bench: Bench, run: str, trained: Trained, part: Part | None) -> str:
    """Return where the places of the test rows are noted; which rows were read is kept, if not all were."""
    places = np.asarray(trained.test_rows, dtype=np.int64)
    if part is not None and part.positions is not None:
        positions = np.asarray(part.positions, dtype=np.int64)
        bench.runs.attach(run, ROWS, positions.tobytes(), "application/octet-stream")
        places = positions[places]
    return bench.blobs.write(places.tobytes())


def _attach(bench: Bench, run: str, trained: Trained) -> None:
    import json

    def attach(name: str, document: object) -> None:
        bench.runs.attach(run, name, json.dumps(document).encode(), "application/json")

    for name, figure in trained.plots.items():
        attach(f"plots/{name}.json", figure)
    bench.runs.attach(run, "leaderboard.json", to_json(trained.leaderboard), "application/json")
    if trained.search is not None:
        bench.runs.attach(run, "search.json", to_json(trained.search), "application/json")
    if trained.features is not None:
        bench.runs.attach(run, "features.json", to_json(trained.features), "application/json")
    attach(
        "findings.json",
        [
            {"column": item.column, "message": item.message, "dropped": item.dropped}
            for item in trained.findings
        ],
    )
    for step, candidate in enumerate(reversed(trained.leaderboard)):
        if candidate.mean is not None:  # the curve climbs to the candidate that was chosen
            bench.runs.log(run, {f"cv_{trained.metric}": candidate.mean}, step=step)
