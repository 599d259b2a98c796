"""A retraining that searches settings again: near what was best, within a number of trials.

The search begins with the settings that won in earlier runs of the project (`build.earlier.winners`), and
tries only the kinds of learners that those are of.
"""

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from keepwell.core.errors import KeepwellError
from keepwell.core.spec import LearnerSpec, TrainSpec
from keepwell.operations.build.earlier import winners
from keepwell.operations.loop.retrainings import Comparison, Retraining

if TYPE_CHECKING:
    from keepwell.core.records import ModelVersion
    from keepwell.operations.build.bench import Bench

TRIALS = 30
"""Settings that are tried, unless said."""


def narrowed(bench: "Bench", baseline: "ModelVersion", request: Retraining) -> TrainSpec:
    """Return how the project trains, with the search bounded and near what was best.

    Args:
        bench: The workspace's parts.
        baseline: The champion.
        request: What was asked for; its option `trials` is the bound.
    """
    spec: TrainSpec = bench.spec.train
    search = spec.search
    trials = int(request.options.get("trials") or TRIALS)
    if search.trials is not None:
        trials = min(trials, search.trials)
    method = "tpe" if search.method == "auto" else search.method
    return replace(
        spec,
        learners=_near(bench, baseline, spec),
        search=replace(search, trials=trials, method=method),
    )


def tuning_evidence(
    bench: "Bench", run: str, comparison: Comparison | None
) -> dict[str, float | int | str]:
    """Return what the search did, and how the best of it compares with the champion."""
    found: dict[str, float | int | str] = {
        "mode": "tune",
        "settings it began with": len(winners(bench)),
    }
    try:
        report = json.loads(bench.runs.read(run, "search.json"))
        found |= {"trials": int(report["tried"]), "method": str(report["method"])}
    except (KeepwellError, KeyError, ValueError):  # a search without trials leaves no report
        found["trials"] = 0
    if comparison is not None:
        found |= {
            f"{comparison.metric} before": comparison.champion,
            f"{comparison.metric} after": comparison.challenger,
        }
    return found


def _near(
    bench: "Bench", baseline: "ModelVersion", spec: TrainSpec
) -> tuple[str | LearnerSpec, ...]:
    """Return the learners that won before; those of the project where none is known."""
    from keepwell.training.learners.field import installed

    best = {one.learner for one in winners(bench)} | {baseline.learner}
    if spec.learners:
        kept = tuple(
            one
            for one in spec.learners
            if (one.name if isinstance(one, LearnerSpec) else one) in best
        )
        return kept or spec.learners
    return tuple(name for name in installed() if name in best)
