"""Validation on fresh outcomes: when it is due, what it rests on, what it says."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.errors import UnavailableError
from keepwell.core.identifiers import new_id
from keepwell.core.records import (
    Bundle,
    ColumnType,
    Field,
    Outcome,
    Prediction,
    Signature,
    Task,
)
from keepwell.core.spec import DataSpec, GateSpec, MonitorSpec, ProjectSpec, ValidationSpec
from keepwell.monitoring.prediction_log.schema import (
    OUTCOMES,
    PREDICTIONS,
    outcome_table,
    prediction_table,
)
from keepwell.operations.serving.validation import Validations
from keepwell.workspace import Workspace

DAY = 86_400.0
NOON = 1_800_000_000.0 // DAY * DAY + DAY / 2
SIGNATURE = Signature(
    task=Task.BINARY,
    target="left",
    classes=("no", "yes"),
    inputs=(Field(name="tenure", type=ColumnType.NUMBER),),
)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def workspace(tmp_path: Path, clock: ManualClock) -> Iterator[Workspace]:
    spec = ProjectSpec(
        name="shop",
        root=tmp_path,
        data=DataSpec(source="shop.csv", target="left"),
        gate=GateSpec(min={"accuracy": 0.8}),
        monitor=MonitorSpec(validation=ValidationSpec(schedule="0 6 * * *", min_rows=50)),
    )
    with Workspace(spec, clock=clock) as made:
        yield made


def deploy(workspace: Workspace) -> None:
    registry = workspace.registry
    run = f"run {len(registry.versions('shop'))}"
    version = registry.register(
        "shop", run=run, bundle=Bundle(files=()), signature=SIGNATURE, metric="accuracy"
    )
    workspace.endpoints.deploy("shop", "shop", version.version)


def answer(workspace: Workspace, rows: int, right: float, version: int = 1) -> None:
    """Log predictions of the last minute, and the outcomes of all; a share of them was right."""
    now = workspace.clock.now()
    made = []
    for at in range(rows):
        time = now - 60 + at / rows
        made.append(
            Prediction(
                id=new_id(time),
                time=time,
                endpoint="shop",
                model="shop",
                version=version,
                role="champion",
                request=new_id(time),
                key="",
                inputs="{}",
                prediction='"yes"',
                probabilities=(0.4, 0.6),
            )
        )
    workspace.tables.write(PREDICTIONS, prediction_table(made))
    outcomes = [
        Outcome(
            prediction_id=one.id,
            endpoint="shop",
            outcome=json.dumps("yes" if at < right * rows else "no"),
            time=now,
        )
        for at, one in enumerate(made)
    ]
    found = workspace.predictions.locate([one.id for one in made])
    order = [found["id"].to_pylist().index(one.id) for one in made]
    workspace.tables.write(OUTCOMES, outcome_table(outcomes, found.take(order)))


def test_each_validation_rests_on_fresh_outcomes(workspace: Workspace, clock: ManualClock) -> None:
    deploy(workspace)
    validations = Validations(workspace.bench, workspace.predictions)
    answer(workspace, 100, right=0.9)
    first = validations.validate()
    assert (first.kind, first.tags["verdict"], first.model) == ("validation", "passed", "shop/1")
    assert first.metrics["accuracy"].value == pytest.approx(0.9)
    assert (first.params["rows"], first.params["limit accuracy"]) == (100, 0.8)
    clock.advance(120)
    answer(workspace, 60, right=0.5)
    second = validations.validate()
    assert (second.tags["verdict"], second.params["rows"]) == ("failed", 60)
    assert second.tags["failed"] == "accuracy"
    clock.advance(120)
    assert validations.validate().tags["verdict"] == "too few outcomes: 0 of 50"
    assert [run.tags["verdict"] for run in validations.history()][1:] == ["failed", "passed"]


def test_a_new_champion_begins_anew(workspace: Workspace, clock: ManualClock) -> None:
    deploy(workspace)
    validations = Validations(workspace.bench, workspace.predictions)
    answer(workspace, 100, right=0.9)
    validations.validate()
    deploy(workspace)
    answer(workspace, 70, right=1.0, version=2)
    fresh = validations.validate()
    assert (fresh.model, fresh.params["rows"]) == ("shop/2", 70)


def test_it_runs_when_the_schedule_fired_once_however_long_nobody_looked(
    workspace: Workspace, clock: ManualClock
) -> None:
    validations = Validations(workspace.bench, workspace.predictions)
    assert validations.run_due() is None  # no champion yet
    with pytest.raises(UnavailableError, match="no champion"):
        validations.validate()
    deploy(workspace)
    assert validations.run_due() is None  # six o'clock was before the champion
    clock.advance(DAY * 3)
    answer(workspace, 100, right=0.9)
    run = validations.run_due()
    assert run is not None
    assert validations.run_due() is None
    clock.advance(DAY / 2)
    assert validations.run_due() is None  # midnight
    clock.advance(DAY / 2)
    assert validations.run_due() is not None


def test_without_limits_nothing_passes_or_fails(tmp_path: Path, clock: ManualClock) -> None:
    spec = ProjectSpec(name="shop", root=tmp_path, data=DataSpec(source="s.csv", target="left"))
    with Workspace(spec, clock=clock) as workspace:
        deploy(workspace)
        answer(workspace, 100, right=0.9)
        validations = Validations(workspace.bench, workspace.predictions)
        assert validations.validate().tags["verdict"] == "no limit is set"
        assert validations.run_due() is None
        own = replace(spec.monitor, validation=ValidationSpec(min={"f1": 0.999}))
        bench = replace(workspace.bench, spec=replace(spec, monitor=own))
        clock.advance(60)
        answer(workspace, 100, right=0.9)
        again = Validations(bench, workspace.predictions).validate()
        assert again.tags["verdict"] == "failed"
