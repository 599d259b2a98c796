"""A shop whose predictions and outcomes are written by hand, days late where a test says so."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from keepwell.core.clock import ManualClock
from keepwell.core.identifiers import new_id
from keepwell.core.records import (
    ColumnType,
    Estimate,
    Field,
    Outcome,
    Prediction,
    Profile,
    Signature,
    Task,
)
from keepwell.core.spec import DataSpec, MonitorSpec, ProjectSpec
from keepwell.infrastructure.codec import to_json
from keepwell.monitoring.estimation.reference import Curve, Reference
from keepwell.monitoring.prediction_log.schema import (
    OUTCOMES,
    PREDICTIONS,
    outcome_table,
    prediction_table,
)
from keepwell.operations.standing.references import KEPT
from keepwell.tracking.bundles import pack
from keepwell.workspace import Workspace

DAY = 86_400.0
START = 1_800_000_000.0 // DAY * DAY
SIGNATURE = Signature(
    task=Task.BINARY,
    target="left",
    classes=("no", "yes"),
    inputs=(
        Field(name="tenure", type=ColumnType.NUMBER),
        Field(name="gender", type=ColumnType.CATEGORY, categories=("f", "m")),
    ),
)
PROMISED = {
    "accuracy": Estimate(value=0.85, low=0.82, high=0.88),
    "roc_auc": Estimate(value=0.92, low=0.90, high=0.94),
}


def open_shop(root: Path, clock: ManualClock, monitor: MonitorSpec | None = None) -> Workspace:
    """Return a workspace with one deployed version whose probabilities mean what they say."""
    root.mkdir(parents=True, exist_ok=True)
    spec = ProjectSpec(
        name="shop",
        root=root,
        data=DataSpec(source="shop.csv", target="left"),
        monitor=monitor or MonitorSpec(period=DAY),
    )
    workspace = Workspace(spec, clock=clock)
    run = workspace.runs.start("shop")
    reference = Reference(
        method="confidence",
        rows=1000,
        calibration="none",
        curves=(Curve(said=(0.0, 1.0), true=(0.0, 1.0)),),
    )
    workspace.runs.attach(run.id, KEPT, to_json(reference), "application/json")
    workspace.runs.finish(run.id)
    version = workspace.registry.register(
        "shop",
        run=run.id,
        bundle=pack(
            workspace.blobs,
            {"scorer.json": b"{}", "profile.json": to_json(Profile(rows=1000, columns=()))},
        ),
        signature=SIGNATURE,
        metric="roc_auc",
        metrics=PROMISED,
        importance={"tenure": 0.9, "gender": 0.1},
    )
    workspace.registry.point("shop", "champion", version.version)
    workspace.endpoints.deploy("shop", "shop", version.version)
    return workspace


def ask(
    workspace: Workspace,
    day: float,
    rows: int = 200,
    *,
    sure: float = 2.5,
    unfair: float = 0.0,
    turned: bool = False,
    seed: int = 0,
) -> list[tuple[Prediction, str]]:
    """Log the predictions of a day; return each with its outcome, which nobody knows yet.

    Args:
        workspace: The shop.
        day: Which, counted from the start; a fraction is a time of day.
        rows: How many.
        sure: How far apart the chances lie: 0 and nobody can tell.
        unfair: How much more likely `yes` is for `m`.
        turned: The truth is the other way round.
        seed: Of chance.
    """
    random = np.random.default_rng([seed, int(abs(day) * 1000)])
    made = []
    for at in range(rows):
        time = START + (day + 0.9 * at / rows) * DAY
        gender = "m" if random.random() < 0.5 else "f"
        z = random.normal(0, sure) + (unfair if gender == "m" else -unfair)
        chance = float(1 / (1 + np.exp(-z)))
        happened = random.random() < (1 - chance if turned else chance)
        prediction = Prediction(
            id=new_id(time),
            time=time,
            endpoint="shop",
            model="shop",
            version=1,
            role="champion",
            request=new_id(time),
            key="",
            inputs=json.dumps({"tenure": round(z, 3), "gender": gender}),
            prediction=json.dumps("yes" if chance > 0.5 else "no"),
            probabilities=(1 - chance, chance),
            latency_ms=float(random.gamma(2.0, 2.0)),
        )
        made.append((prediction, "yes" if happened else "no"))
    workspace.tables.write(PREDICTIONS, prediction_table([one for one, _ in made]))
    return made


def tell(
    workspace: Workspace, answers: Sequence[tuple[Prediction, str | float]], days: float = 2.0
) -> None:
    """Write the outcomes that have come by now, each some days after its prediction."""
    random = np.random.default_rng(1)
    now = workspace.clock.now()
    come = []
    for one, truth in answers:
        time = one.time + random.exponential(days * DAY)
        if time <= now:
            come.append(
                Outcome(prediction_id=one.id, endpoint="shop", outcome=json.dumps(truth), time=time)
            )
    if not come:
        return
    rows = prediction_table([one for one, _ in answers])
    places = {one: at for at, one in enumerate(rows["id"].to_pylist())}
    of = rows.take([places[one.prediction_id] for one in come])
    workspace.tables.write(OUTCOMES, outcome_table(come, of))
