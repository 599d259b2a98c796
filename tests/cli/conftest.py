"""Runs commands in this process, as a user would read them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from keepwell.cli.main import run
from keepwell.core.clock import ManualClock
from keepwell.core.records import (
    Cause,
    ColumnType,
    Decision,
    Entry,
    Estimate,
    Field,
    Incident,
    Signal,
    Signature,
    Task,
)
from keepwell.core.spec import DataSpec, ProjectSpec
from keepwell.infrastructure.project_file import render_project
from keepwell.tracking.bundles import pack
from keepwell.workspace import Workspace


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Parse standard output, which must hold one JSON document and nothing else."""
        return json.loads(self.out)


Keepwell = Callable[..., Ended]


@pytest.fixture
def keepwell(capsys: pytest.CaptureFixture[str]) -> Keepwell:
    """Run one command line, given as words."""

    def call(*words: object) -> Ended:
        capsys.readouterr()
        code = run([str(word) for word in words])
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return call


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with a record written by hand: two runs, two versions, an incident."""
    root = tmp_path / "shop"
    root.mkdir()
    spec = ProjectSpec(name="shop", root=root, data=DataSpec(source="shop.csv", target="churn"))
    (root / "keepwell.yaml").write_text(render_project(spec))
    clock = ManualClock(1_800_000_000.0)
    with Workspace.open(root, clock=clock) as workspace:
        for number in (1, 2):
            clock.advance(60)
            run = workspace.runs.start("shop", params={"folds": 5})
            metrics = {"roc_auc": Estimate(value=0.8 + number / 100, low=0.79, high=0.85)}
            bundle = pack(workspace.blobs, {"scorer.json": str(number).encode()})
            workspace.registry.register(
                "shop",
                run=run.id,
                bundle=bundle,
                signature=SIGNATURE,
                metric="roc_auc",
                metrics=metrics,
                importance={"tenure": 0.7, "plan": 0.3},
                learner="lightgbm",
                dataset="shop/1",
            )
            workspace.runs.finish(run.id, metrics=metrics, model=f"shop/{number}")
        workspace.registry.point("shop", "champion", 1, why="gate passed")
        _write_incident(workspace)
    return root


SIGNATURE = Signature(
    task=Task.BINARY,
    target="churn",
    classes=("no", "yes"),
    inputs=(
        Field(name="tenure", type=ColumnType.INTEGER, required=True, example=3),
        Field(name="plan", type=ColumnType.CATEGORY, categories=("year", "month"), example="year"),
    ),
)


def _write_incident(workspace: Workspace) -> None:
    incident = Incident(
        id="01KTESTINCIDENT00000000000",
        endpoint="shop",
        title="accuracy of 'shop' fell",
        status="closed",
        opened=1_800_000_000.0,
        closed=1_800_000_090.0,
        resolution="healed",
        signals=(
            Signal(
                kind="drift", endpoint="shop", version=1, value=0.4, limit=0.2, severity=0.5,
                message="plan moved", column="plan",
            ),
        ),
        causes=(Cause(title="plan has a new value", score=0.9, evidence="'week' in 40%"),),
        timeline=(Entry(time=1_800_000_000.0, text="plan moved", kind="signal"),),
    )  # fmt: skip
    decision = Decision(
        id="01KTESTDECISION00000000000",
        time=1_800_000_000.0,
        endpoint="shop",
        action="open_incident",
        reason="drift of plan in 3 looks",
        incident=incident.id,
        evidence={"psi": 0.4},
    )
    workspace.incidents.write(decision, incident=incident)
