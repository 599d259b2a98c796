"""A workspace that watches a model which is served elsewhere."""

import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa

from keepwell.core.clock import ManualClock
from keepwell.core.spec import DataSpec, ProjectSpec
from keepwell.infrastructure.project_file import render_project
from keepwell.operations.elsewhere import register_elsewhere
from keepwell.operations.elsewhere.registering import Reference
from keepwell.workspace import Workspace

NOW = 1_800_000_000.0
NAME = "credit"


def row(draw: random.Random, *, older: float = 0.0) -> dict[str, Any]:
    """Return one scored row: the older, the likelier `yes`."""
    age = draw.gauss(40 + older, 8)
    score = min(max((age - 20) / 40, 0.02), 0.98)
    return {
        "age": round(age, 1),
        "plan": draw.choice(["year", "month"]),
        "said": "yes" if score >= 0.5 else "no",
        "likely": score,
        "paid": "yes" if draw.random() < score else "no",
    }


def reference(rows: int = 400) -> Reference:
    """Return what the model said when all was well."""
    draw = random.Random(1)
    table = pa.Table.from_pylist([row(draw) for _ in range(rows)])
    return Reference(rows=table, prediction="said", target="paid", score="likely")


def watching(root: Path, clock: ManualClock | None = None) -> Workspace:
    """Return a new workspace in which `credit` is registered."""
    root.mkdir()
    spec = ProjectSpec(name="shop", root=root, data=DataSpec(source="shop.csv", target="churn"))
    (root / "keepwell.yaml").write_text(render_project(spec))
    workspace = Workspace.open(root, clock=clock)
    register_elsewhere(workspace.bench, NAME, reference(), label="2026-11")
    return workspace


def told(at: int, **fields: Any) -> dict[str, Any]:
    """Return a prediction as an application tells it."""
    one = row(random.Random(at))
    return {
        "id": f"order-{at}",
        "time": NOW - 600 + at / 10,
        "inputs": {"age": one["age"], "plan": one["plan"]},
        "prediction": one["said"],
        "score": one["likely"],
        **fields,
    }


def inputs_of(workspace: Workspace, identifier: str) -> Any:
    """Return the inputs of a prediction of the log, by its sender's name for it."""
    found = workspace.predictions.named(NAME, [identifier])
    prediction = workspace.predictions.find(found[identifier])
    assert prediction is not None
    return json.loads(prediction.inputs)
