"""A shop with a past: days of predictions whose truth turned around at some time, outcomes a day late."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from standing_world import DAY, START, ask, open_shop, tell

from keepwell.core.clock import ManualClock
from keepwell.core.identifiers import new_id
from keepwell.core.records import Outcome, Prediction
from keepwell.core.spec import MonitorSpec
from keepwell.core.spec.looping import LoopSpec, RetrainSpec
from keepwell.monitoring.prediction_log.schema import (
    OUTCOMES,
    PREDICTIONS,
    outcome_table,
    prediction_table,
)
from keepwell.operations.build.judge import open_scorer
from keepwell.operations.simulation import Past
from keepwell.workspace import Workspace

MONITOR = MonitorSpec(window_seconds=DAY, every=DAY / 4, min_rows=30, concept="off", drift="off")
LOOP = LoopSpec(retrain=RetrainSpec(on=("drift", "performance"), cooldown=DAY, min_labels=50))


def shop_with_past(
    root: Path,
    *,
    days: int = 6,
    turns: float = 3.0,
    rows: int = 60,
    replaced: float | None = None,
) -> Workspace:
    """Return a shop that was asked for so many days; from `turns` on the opposite is true.

    Args:
        root: Its folder.
        days: How long it was asked.
        turns: The day from which on the opposite is true.
        rows: Predictions a day.
        replaced: The day on which version 2, which is as version 1, took its place.
    """
    clock = ManualClock(START - DAY)
    workspace = open_shop(root, clock, MONITOR)
    made = [
        answer for day in range(days) for answer in ask(workspace, day, rows, turned=day >= turns)
    ]
    if replaced is not None:
        clock.advance((replaced + 1) * DAY)
        replace_version(workspace)
    clock.advance((days + 30) * DAY)
    tell(workspace, made, days=0.2)
    return workspace


def replace_version(workspace: Workspace) -> None:
    """Put another version like the first one behind the endpoint."""
    first = workspace.registry.get("shop", 1)
    second = workspace.registry.register(
        "shop",
        run="another",
        bundle=first.bundle,
        signature=first.signature,
        metric=first.metric,
        metrics=first.metrics,
    )
    workspace.endpoints.deploy("shop", "shop", second.version, "by hand")


def past_of(workspace: Workspace) -> Past:
    """Return where a workspace's past is read from."""
    return Past(
        bench=workspace.bench,
        tables=workspace.tables,
        predictions=workspace.predictions,
        incidents=workspace.incidents,
    )


def log_answers(
    workspace: Workspace,
    instances: Sequence[Mapping[str, Any]],
    times: Sequence[float],
    truths: Sequence[str],
    late: float,
    number: int = 1,
) -> None:
    """Log what a version says to instances, and their outcomes some seconds after."""
    version = workspace.registry.get("shop", number)
    scores = open_scorer(workspace.bench, version).rows(instances)
    assert scores.probabilities is not None
    made = [
        Prediction(
            id=new_id(time),
            time=time,
            endpoint="shop",
            model="shop",
            version=number,
            role="champion",
            request=new_id(time),
            key="",
            inputs=json.dumps(dict(instance)),
            prediction=json.dumps(said),
            probabilities=tuple(map(float, chances)),
            latency_ms=1.0,
        )
        for instance, time, said, chances in zip(
            instances, times, scores.predictions, scores.probabilities, strict=True
        )
    ]
    known = [
        Outcome(
            prediction_id=one.id, endpoint="shop", outcome=json.dumps(truth), time=one.time + late
        )
        for one, truth in zip(made, truths, strict=True)
    ]
    rows = prediction_table(made)
    workspace.tables.write(PREDICTIONS, rows)
    workspace.tables.write(OUTCOMES, outcome_table(known, rows))
