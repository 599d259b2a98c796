"""A small company's history, told through the real stores, for tests of the doors that people use.

`tell` plays six hours by a hand-moved clock: data, two trainings, a drift that hurts, an incident that
heals. Nothing is trained, so it takes a second; everything that is read later was written by the parts
that write it in production.
"""

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from console_customers import IMPORTANCE, NAME, SIGNATURE, rows
from console_traffic import HOUR, measure, predict, watch

from keepwell.core.clock import ManualClock
from keepwell.core.events import acting_as
from keepwell.core.identifiers import new_id
from keepwell.core.records import (
    Cause,
    Decision,
    Entry,
    Estimate,
    GateCheck,
    GateVerdict,
    Incident,
    ModelVersion,
    Proof,
    Run,
    Signal,
)
from keepwell.core.spec import RolloutSpec
from keepwell.tracking.bundles import pack
from keepwell.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The workspace and the names that a test asks for."""

    workspace: Workspace
    clock: ManualClock
    first: ModelVersion
    second: ModelVersion
    run: Run
    incident: Incident
    predictions: tuple[str, ...]


def new_workspace(root: Path, clock: ManualClock) -> Workspace:
    """Return the workspace of a fresh project with a small CSV file."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "keepwell.yaml").write_text(
        f"project: {NAME}\ndata:\n  source: customers.csv\n  target: Churn\n  key: customerID\n"
    )
    _write_csv(root / "customers.csv", count=600, seed=1)
    return Workspace.open(root, clock=clock)


def _write_csv(path: Path, *, count: int, seed: int) -> None:
    import csv

    listed = list(rows(count, seed))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(listed[0]))
        writer.writeheader()
        writer.writerows(listed)


def tell(root: Path, now: float) -> Told:
    """Play the six hours that end at `now`."""
    clock = ManualClock(now - 6 * HOUR)
    workspace = new_workspace(root, clock)
    with acting_as("user:ana"):
        data = workspace.datasets.ingest(
            NAME, "customers.csv", root=workspace.root, contract=workspace.root / "contract.yaml"
        )
        first, run = _train(workspace, clock, "train", data.key, accuracy=0.81)
        workspace.registry.point(
            NAME, "champion", first.version, why="the first version passed its gate"
        )
        workspace.endpoints.deploy(
            NAME, NAME, first.version, why="the first version passed its gate"
        )
    with acting_as("loop"):
        clock.advance(3 * HOUR)
        incident = _open_incident(workspace, clock)
        clock.advance(240)
        _write_csv(workspace.root / "customers.csv", count=700, seed=1)
        newer = workspace.datasets.ingest(NAME, "customers.csv", root=workspace.root)
        second, retraining = _train(workspace, clock, "retrain", newer.key, accuracy=0.835)
        incident = _heal(workspace, clock, incident, second, retraining)
    clock.advance(now - clock.now())
    measure(workspace, now)
    watch(workspace, now, second.version)
    return Told(
        workspace=workspace,
        clock=clock,
        first=first,
        second=second,
        run=run,
        incident=incident,
        predictions=predict(workspace, now, second.version),
    )


def start_canary(told: Told) -> Incident:
    """Open another incident whose challenger has a tenth of the traffic."""
    workspace, clock = told.workspace, told.clock
    with acting_as("loop"):
        incident = _open_incident(workspace, clock)
        third, run = _train(workspace, clock, "retrain", f"{NAME}/2", accuracy=0.841)
        rollout = workspace.rollouts.start(
            NAME,
            third.version,
            spec=RolloutSpec(steps=(10.0, 50.0, 100.0)),
            reason="version 3 beats the champion by 0.013 on the same 900 rows",
            incident=incident.id,
        )
        moved = replace(
            incident, status="rolling_out", run=run.id, candidate=third.version, rollout=rollout.id
        )
        decision = Decision(
            id=new_id(clock.now()),
            time=clock.now(),
            endpoint=NAME,
            action="start_rollout",
            incident=incident.id,
            reason=rollout.reason,
            outcome="done",
        )
        workspace.incidents.write(decision, incident=moved)
    return moved


def _train(
    workspace: Workspace, clock: ManualClock, kind: str, dataset: str, *, accuracy: float
) -> tuple[ModelVersion, Run]:
    """Leave what a training leaves."""
    run = workspace.runs.start(
        NAME,
        kind,
        params={"budget": 60.0, "folds": 5, "seed": 0, "split": "stratified"},
        dataset=dataset,
    )
    for step in range(40):
        workspace.runs.log(run.id, {"validation_loss": 0.35 + 0.4 * math.exp(-step / 9)}, step)
    for name, document in _artifacts(accuracy).items():
        workspace.runs.attach(run.id, name, json.dumps(document).encode(), "application/json")
    clock.advance(38)
    metrics = {
        "roc_auc": _estimate(accuracy + 0.04),
        "accuracy": _estimate(accuracy),
        "average_precision": _estimate(accuracy - 0.16),
        "f1": _estimate(accuracy - 0.2),
        "log_loss": Estimate(value=0.412, low=0.389, high=0.436),
    }
    workspace.runs.finish(run.id, metrics=metrics, params={"learner": "lightgbm", "leaves": 15})
    version = workspace.registry.register(
        NAME,
        run=run.id,
        bundle=pack(workspace.blobs, {"scorer.json": b"{}", "booster.txt": run.id.encode() * 900}),
        signature=SIGNATURE,
        metric="roc_auc",
        metrics=metrics,
        importance=IMPORTANCE,
        learner="lightgbm",
        dataset=dataset,
        proof=Proof(rows=500, largest_difference=0.0, compiled=True),
    )
    checks = (
        GateCheck(name="min roc_auc", passed=True, value=accuracy + 0.04, limit=0.8),
        GateCheck(name="latency_ms", passed=True, value=0.012, limit=5.0),
    )
    workspace.registry.record_gate(NAME, version.version, GateVerdict(passed=True, checks=checks))
    return version, workspace.runs.finish(run.id, model=version.key)


def _estimate(value: float) -> Estimate:
    return Estimate(value=value, low=value - 0.021, high=value + 0.019)


def _artifacts(accuracy: float) -> dict[str, Any]:
    steps = [index / 30 for index in range(31)]
    curve = {"x": steps, "y": [1 - (1 - x) ** 4 for x in steps], "type": "scatter", "mode": "lines"}
    chance = {"x": [0, 1], "y": [0, 1], "type": "scatter", "mode": "lines", "name": "chance"}
    board = [
        ("lightgbm/wide", "lightgbm", accuracy + 0.041, 14.2, {"leaves": 15, "rate": 0.05}),
        ("linear/l2", "linear", accuracy + 0.032, 3.1, {"c": 0.3}),
        ("baseline", "baseline", 0.5, 0.1, {}),
    ]
    return {
        "plots/roc_curve.json": {
            "data": [{**curve, "name": "test rows"}, chance],
            "layout": {
                "xaxis": {"title": {"text": "false positive rate"}},
                "yaxis": {"title": {"text": "true positive rate"}},
            },
        },
        "leaderboard.json": [
            {
                "name": name,
                "learner": learner,
                "mean": mean,
                "low": mean - 0.012,
                "high": mean + 0.011,
                "seconds": seconds,
                "params": params,
            }
            for name, learner, mean, seconds, params in board
        ],
        "findings.json": [
            {
                "column": "customerID",
                "message": "customerID differs in every row: it names rows, nothing more",
                "dropped": True,
            }
        ],
    }


def _open_incident(workspace: Workspace, clock: ManualClock) -> Incident:
    now = clock.now()
    signals = (
        _signal(
            "drift",
            0.41,
            0.1,
            0.8,
            "MonthlyCharges moved: median 66 in training, 91 now",
            "MonthlyCharges",
        ),
        _signal("performance", 0.64, 0.785, 0.95, "accuracy fell from 0.810 to 0.640 on 412 rows"),
        _signal(
            "drift",
            0.17,
            0.1,
            0.4,
            "PaymentMethod moved: Electronic check 25% in training, 44% now",
            "PaymentMethod",
        ),
    )
    incident = Incident(
        id=new_id(now),
        endpoint=NAME,
        title="Performance of churn v1 fell: accuracy 0.640, 0.810 was promised",
        opened=now,
        detected=now - 420,
        signals=signals,
        causes=(
            Cause(
                title="MonthlyCharges means something else since 11:20",
                score=0.82,
                column="MonthlyCharges",
                evidence="it drifts 40 rows before accuracy falls; shuffled, half of the loss is gone",
            ),
            Cause(
                title="The relation between inputs and outcome changed",
                score=0.46,
                evidence="errors grew within every decile of the prediction",
            ),
        ),
        timeline=(
            Entry(time=now, text=signals[1].message, kind="signal"),
            Entry(
                time=now + 1, text="MonthlyCharges means something else since 11:20", kind="cause"
            ),
        ),
    )
    decision = Decision(
        id=new_id(now),
        time=now,
        endpoint=NAME,
        action="open_incident",
        incident=incident.id,
        reason=signals[1].message,
        evidence={"live": {"metric": "accuracy", "value": 0.64, "rows": 412, "expected": 0.81}},
        outcome="done",
    )
    workspace.incidents.write(decision, incident=incident)
    return incident


def _signal(
    kind: str, value: float, limit: float, severity: float, message: str, column: str = ""
) -> Signal:
    return Signal(
        kind=kind,
        endpoint=NAME,
        version=1,
        value=value,
        limit=limit,
        severity=severity,
        message=message,
        column=column,
        rows=412,
    )


def _heal(
    workspace: Workspace,
    clock: ManualClock,
    incident: Incident,
    second: ModelVersion,
    retraining: Run,
) -> Incident:
    story = [
        (
            "retrain",
            "retraining",
            "accuracy is 0.170 below what was promised, and 1,204 outcomes came since",
        ),
        (
            "start_rollout",
            "rolling_out",
            "version 2 beats the champion by 0.182 on the same 412 rows",
        ),
        ("promote", "verifying", "version 2 held at 5% and 25% of the traffic"),
        ("close", "closed", "accuracy is back at 0.828, 0.835 was promised"),
    ]
    comparison = {
        "metric": "accuracy",
        "rows": 412,
        "champion": 0.64,
        "challenger": 0.822,
        "gain": 0.182,
        "low": 0.141,
        "high": 0.223,
    }
    for action, status, reason in story:
        clock.advance(150)
        now = clock.now()
        if action == "promote":
            workspace.registry.point(NAME, "champion", second.version, why=reason)
            workspace.endpoints.deploy(NAME, NAME, second.version, why=reason)
        incident = replace(
            incident,
            status=status,
            run=retraining.id,
            candidate=second.version,
            closed=now if status == "closed" else None,
            resolution="healed" if status == "closed" else "",
            summary=f"Healed by version 2: {reason}." if status == "closed" else "",
            evidence={"comparison": comparison},
            timeline=(*incident.timeline, Entry(time=now, text=reason, kind="decision")),
        )
        decision = Decision(
            id=new_id(now),
            time=now,
            endpoint=NAME,
            action=action,
            incident=incident.id,
            reason=reason,
            evidence={"champion": 1, "comparison": comparison},
            outcome="done",
        )
        workspace.incidents.write(decision, incident=incident)
    return incident
