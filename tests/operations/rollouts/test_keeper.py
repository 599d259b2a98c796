"""Rollouts led over a real workspace: its tables, its models, its record; the clock is moved by hand."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rollout_world import make_project

from keepwell.core.clock import ManualClock
from keepwell.core.identifiers import new_id
from keepwell.core.records import Endpoint, Outcome, Prediction
from keepwell.core.spec import RolloutSpec
from keepwell.deployment.routing import Split
from keepwell.monitoring.prediction_log.schema import (
    OUTCOMES,
    PREDICTIONS,
    outcome_table,
    prediction_table,
)
from keepwell.operations.rollouts.evidence import Evidence
from keepwell.operations.rollouts.keeper import Keeper
from keepwell.operations.rollouts.pairs import SHADOWS, sampled
from keepwell.operations.serving.effects import LiveEffects
from keepwell.operations.serving.retraining_jobs import RetrainingJobs
from keepwell.operations.serving.trial_sight import see_trial
from keepwell.workspace import Workspace

START = 1_700_000_000.0


@dataclass(kw_only=True)
class World:
    workspace: Workspace
    clock: ManualClock
    keeper: Keeper
    evidence: Evidence
    asked: int = 0

    def start(self, versions: Sequence[int], **options: Any) -> str:
        rollouts, spec = self.workspace.rollouts, RolloutSpec(**options)
        return rollouts.start("churn", versions, spec=spec, probe=self.probe).id

    def probe(self, endpoint: Endpoint, keys: Sequence[str]) -> Mapping[str, int]:
        split = Split(endpoint.name, endpoint.routes)
        return {key: endpoint.routes[split.pick(key)].version for key in keys}

    def status(self, rollout: str) -> str:
        found = self.workspace.rollouts.get(rollout)
        assert found is not None
        return found.status

    def ask(self, rows: int, seconds: float = 30.0, *, late: bool = False) -> None:
        """Let customers ask for a while, and their outcomes come: those who stay short leave."""
        endpoint = self.workspace.endpoints.read("churn")
        split = Split(endpoint.name, endpoint.routes)
        random = np.random.default_rng(self.asked)
        made, outcomes = [], []
        for at in range(rows):
            self.asked += 1
            route = endpoint.routes[split.pick(f"c{self.asked}")]
            tenure = 50 if late else int(random.integers(0, 72))
            time = self.clock.now() + 2 + seconds * at / rows
            said = ("yes" if tenure < 24 else "no") if route.version != 3 else "yes"
            prediction = Prediction(
                id=new_id(time),
                time=time,
                endpoint="churn",
                model="churn",
                version=route.version,
                role=route.role,
                request=new_id(time),
                key=f"c{self.asked}",
                inputs=json.dumps({"tenure": tenure}),
                prediction=json.dumps(said),
                latency_ms=3.0,
            )
            made.append(prediction)
            true = "yes" if (tenure < 24) ^ (random.random() < 0.05) else "no"
            outcomes.append(
                Outcome(
                    prediction_id=prediction.id, endpoint="churn", outcome=f'"{true}"', time=time
                )
            )
        table = prediction_table(made)
        self.workspace.tables.write(PREDICTIONS, table)
        self.workspace.tables.write(OUTCOMES, outcome_table(outcomes, table))
        self.clock.advance(seconds + 3)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project that each test has a copy of."""
    folder = tmp_path_factory.mktemp("rollouts") / "churn"
    return make_project(folder, ManualClock(START - 100))


@pytest.fixture
def world(home: Path, tmp_path: Path) -> Iterator[World]:
    import shutil

    root = tmp_path / "churn"
    shutil.copytree(home, root)
    clock = ManualClock(START)
    with Workspace.open(root, clock=clock) as workspace:
        evidence = Evidence(workspace.bench, workspace.predictions, workspace.tables)
        made = World(
            workspace=workspace,
            clock=clock,
            evidence=evidence,
            keeper=Keeper(workspace.bench, evidence, None),
        )
        made.keeper = Keeper(workspace.bench, evidence, made.probe)
        yield made


def test_a_shadow_is_scored_off_the_path_stored_and_judged(world: World) -> None:
    rollout = world.start([2], strategy="shadow", hold=60.0)
    world.ask(120)
    (move,) = world.keeper.look()
    assert move.verb == "hold"
    stored = world.workspace.tables.read(SHADOWS)
    assert stored.num_rows == 120
    assert set(stored["agree"].to_pylist()) == {True}
    world.ask(120)
    world.keeper.look()
    assert world.workspace.tables.read(SHADOWS).num_rows == 240  # each row once
    assert world.status(rollout) == "completed"
    assert world.workspace.endpoints.read("churn").champion == 1


def test_outcomes_say_that_a_shadow_is_worse(world: World) -> None:
    rollout = world.start([3], strategy="shadow", hold=60.0)
    world.ask(300, 70.0)
    world.keeper.look()
    found = world.workspace.rollouts.get(rollout)
    assert found is not None
    assert found.history[-1].verdict is not None
    assert not found.history[-1].verdict.passed
    assert "wrong answers" in found.reason
    assert found.history[-1].numbers["paired"]["agreement"] < 0.5


def test_a_shadow_that_cannot_answer_harms_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(number: object) -> Any:
        raise OSError("gone")

    rollout = world.start([2], strategy="shadow", hold=30.0)
    world.ask(60)
    monkeypatch.setattr(world.evidence, "_scorer", broken)
    world.keeper.look()
    stored = world.workspace.tables.read(SHADOWS)
    assert set(stored["error"].to_pylist()) == {"OSError: gone"}
    assert world.status(rollout) == "completed"


def test_a_sample_is_the_same_rows_every_time() -> None:
    ids = [new_id(START + at) for at in range(4000)]
    share = sum(sampled(one, 0.25) for one in ids) / 4000
    assert share == pytest.approx(0.25, abs=0.03)
    assert all(sampled(one, 0.5) for one in ids if sampled(one, 0.25))


def test_the_next_process_goes_on_where_the_last_one_ended(world: World) -> None:
    rollout = world.start([2], strategy="shadow", hold=60.0)
    world.ask(50)
    world.keeper.look()
    evidence = Evidence(world.workspace.bench, world.workspace.predictions, world.workspace.tables)
    again = Keeper(world.workspace.bench, evidence, world.probe)
    world.ask(50)
    again.look()
    assert world.workspace.tables.read(SHADOWS).num_rows == 100
    assert world.status(rollout) == "completed"


def test_a_comparison_decides_and_a_bandit_follows_outcomes(world: World) -> None:
    rollout = world.start([2, 3], strategy="bandit", every=30.0)
    for _ in range(4):
        world.ask(150)
        world.keeper.look()
    shares = {
        route.version: route.weight for route in world.workspace.endpoints.read("churn").routes
    }
    assert shares[3] == pytest.approx(5.0)  # always wrong about who stays: the minimum
    assert sum(shares.values()) == pytest.approx(100)
    found = world.workspace.rollouts.get(rollout)
    assert found is not None
    assert len(found.history) == 5
    document = world.workspace.desk.describe(found)
    assert [arm["version"] for arm in document["arms"]] == [1, 2, 3]
    assert document["arms"][2]["gain_high"] < 0
    assert not document["ratio"]["mismatch"]


def test_an_hour_of_one_class_alone_is_no_breach(world: World) -> None:
    """Every row is far from both evaluations, and both versions say the same of it."""
    world.start([2], strategy="canary", steps=(50.0, 100.0), hold=30.0)
    world.ask(200, late=True)
    world.keeper.look()
    endpoint = world.workspace.endpoints.read("churn")
    rollout = world.workspace.rollouts.get(endpoint.rollout)
    assert rollout is not None
    paired = world.evidence.paired(rollout, rollout.started)
    assert paired.agreement == 1.0
    assert paired.rows == 200
    trial = see_trial(world.workspace.bench, endpoint, None, _no_report, world.evidence)
    assert trial is not None
    assert trial.paired == paired
    assert trial.ratio is not None
    assert not trial.ratio.mismatch


def _no_report(*_: object) -> Any:
    from keepwell.monitoring.report import Report

    return Report(
        endpoint="churn", model="churn", version=1, time=0.0, since=0.0, until=0.0, rows=0
    )


def test_a_promotion_that_errs_more_is_taken_back(world: World) -> None:
    rollout = world.start([3], strategy="all-at-once", watch=600.0)
    world.workspace.rollouts.promote(rollout, probe=world.probe)
    assert world.workspace.endpoints.read("churn").champion == 3
    world.ask(200)
    (move,) = world.keeper.look()
    assert move.verb == "roll_back"
    found = world.workspace.rollouts.get(rollout)
    assert found is not None
    assert found.status == "rolled_back"
    assert "proved worse after its promotion" in found.notes
    assert world.workspace.endpoints.read("churn").champion == 1
    assert world.workspace.registry.resolve("churn", "champion") == 1


def test_a_promotion_that_does_well_is_let_go_of(world: World) -> None:
    rollout = world.start([2], strategy="blue-green", watch=60.0, keep=90.0)
    world.workspace.rollouts.promote(rollout)
    world.ask(100, 70.0)
    assert [move.verb for move in world.keeper.look()] == ["release_watch"]
    world.clock.advance(30)
    assert [move.verb for move in world.keeper.look()] == ["release_standby"]
    assert world.keeper.look() == []
    assert len(world.workspace.endpoints.read("churn").routes) == 1


def test_a_comparison_makes_room_for_a_model_that_heals(world: World, tmp_path: Path) -> None:
    compared = world.start([3], strategy="bandit")
    bench = world.workspace.bench
    jobs = RetrainingJobs(bench.metadata, bench.home, [])
    effects = LiveEffects(bench, jobs, world.probe)
    trial = effects.start_rollout("churn", 2, incident="i", why="it heals")
    assert world.status(compared) == "completed"
    assert world.status(trial) == "running"
    assert effects.start_rollout("churn", 2, incident="i", why="again") == trial


def test_columns_that_the_log_keeps_back_make_no_pairs(world: World) -> None:
    spec = world.workspace.bench.spec
    serve = replace(spec.serve, log=replace(spec.serve.log, redact=("tenure",)))
    bench = replace(world.workspace.bench, spec=replace(spec, serve=serve))
    evidence = Evidence(bench, world.workspace.predictions, world.workspace.tables)
    rollout = world.start([2], strategy="shadow")
    world.ask(40)
    found = world.workspace.rollouts.get(rollout)
    assert found is not None
    assert evidence.pair(found, START) == 0
    assert "does not hold every column" in evidence.paired(found, START).note
