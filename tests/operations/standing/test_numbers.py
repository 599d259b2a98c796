"""A model of numbers: estimated by its loss, realised by its outcomes, worse in one part of the rows."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from standing_world import DAY, START, tell

from keepwell.core.clock import ManualClock
from keepwell.core.identifiers import new_id
from keepwell.core.records import ColumnType, Estimate, Field, Prediction, Signature, Task
from keepwell.core.spec import DataSpec, MonitorSpec, ProjectSpec
from keepwell.infrastructure.codec import to_json
from keepwell.monitoring.estimation import fit_reference
from keepwell.monitoring.prediction_log.schema import PREDICTIONS, prediction_table
from keepwell.operations.standing.references import KEPT
from keepwell.tracking.bundles import pack
from keepwell.tracking.metrics import Scores
from keepwell.workspace import Workspace

SIGNATURE = Signature(
    task=Task.REGRESSION,
    target="price",
    inputs=(Field(name="where", type=ColumnType.CATEGORY, categories=("town", "land")),),
)


def draw(rows: int, seed: int, land: float) -> tuple[list[str], np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    wheres = np.where(random.random(rows) < land, "land", "town")
    said = random.normal(100, 10, rows)
    true = said + random.normal(0, 1, rows) * np.where(wheres == "land", 6.0, 1.0)
    return wheres.tolist(), said, true


def test_a_model_of_numbers_is_followed_where_its_inputs_go(tmp_path: Path) -> None:
    clock = ManualClock(START)
    spec = ProjectSpec(
        name="shop",
        root=tmp_path,
        data=DataSpec(source="x.csv", target="price"),
        monitor=MonitorSpec(period=DAY),
    )
    wheres, said, true = draw(800, 0, land=0.3)
    reference = fit_reference(
        SIGNATURE, {"where": pa.array(wheres)}, true.tolist(), Scores(predictions=said)
    )
    promised = float(np.sqrt(np.mean((said - true) ** 2)))
    with Workspace(spec, clock=clock) as shop:
        run = shop.runs.start("shop")
        shop.runs.attach(run.id, KEPT, to_json(reference), "application/json")
        version = shop.registry.register(
            "shop",
            run=run.id,
            bundle=pack(shop.blobs, {"scorer.json": b"{}"}),
            signature=SIGNATURE,
            metric="rmse",
            metrics={"rmse": Estimate(value=promised, low=promised - 0.3, high=promised + 0.3)},
        )
        shop.endpoints.deploy("shop", "shop", version.version)
        wheres, said, true = draw(600, 1, land=0.9)
        made = []
        for at, (where, guess, truth) in enumerate(zip(wheres, said, true, strict=True)):
            time = START + at * 60.0
            one = Prediction(
                id=new_id(time),
                time=time,
                endpoint="shop",
                model="shop",
                version=1,
                role="champion",
                request=new_id(time),
                key="",
                inputs=json.dumps({"where": where}),
                prediction=json.dumps(float(guess)),
                probabilities=(),
            )
            made.append((one, float(truth)))
        shop.tables.write(PREDICTIONS, prediction_table([one for one, _ in made]))
        clock.advance(3 * DAY)
        before = shop.standings.look("shop")
        tell(shop, made, days=0.1)
        after = shop.standings.look("shop")
    assert before is not None
    assert after is not None
    assert before.method == "loss"
    guess = before.points[0].estimated["rmse"].value
    truth = after.points[0].realised["rmse"].value
    assert truth > 1.3 * promised
    assert abs(guess - truth) < 0.5 * (truth - promised)
    assert [one.kind for one in before.signals] == ["estimated_performance"]
    assert after.tracks[1].periods == 1
    assert any("`where` is land" in part.words for part in after.slices)
    assert after.advice.verdict == "retrain now"
    assert pytest.approx(after.points[0].coverage) == 1.0
