"""With trainings carried out, a simulated policy answers the rows that followed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from outside import customers
from past_shop import LOOP, MONITOR, log_answers, past_of
from standing_world import DAY, START

from keepwell.core.clock import ManualClock
from keepwell.core.errors import UsageError
from keepwell.core.progress import SilentProgress
from keepwell.core.records import ModelVersion
from keepwell.core.spec import DataSpec, ProjectSpec, RolloutSpec, ServeSpec, TrainSpec
from keepwell.core.spec.looping import BoundsSpec, LoopRuleSpec, LoopSpec, RetrainSpec
from keepwell.operations.build.bench import Bench
from keepwell.operations.build.live_rows import live_table
from keepwell.operations.build.retraining.comparison import compare
from keepwell.operations.loop.incidents import Incidents
from keepwell.operations.loop.retrainings import Retraining, RetrainingResult
from keepwell.operations.own_model import register_own
from keepwell.operations.serving.senses.training_use import TrainingMeter
from keepwell.operations.simulation import Candidate, Plan, simulate
from keepwell.operations.simulation import training as module
from keepwell.operations.simulation.rows import PastLog, read_rows
from keepwell.operations.simulation.training import PastTraining
from keepwell.operations.simulation.world import past_world
from keepwell.workspace import Workspace

CANARY = RolloutSpec(strategy="canary", steps=(50.0, 100.0), hold=3600.0)
ROWS, DAYS = 800, 4


def fitted(bench: Bench, rows: pa.Table, held: pa.Table) -> ModelVersion:
    """Register a model that was fitted in a moment."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit(rows.select(["tenure"]).to_pandas(), rows["churn"].to_pylist())
    return register_own(bench, model, held.select(["tenure", "churn"]), "churn")


def quick_challenger(
    bench: Bench, labelled: pa.Table, request: Retraining, *, progress: Any
) -> RetrainingResult:
    """Train on the newer half of what is known but the newest rows, and compare on those."""
    baseline = bench.registry.get("shop", request.baseline)
    rows = live_table(labelled.select(["inputs", "outcome"]).to_pylist(), baseline.signature)
    held = rows.slice(rows.num_rows - 60)
    since = request.windows[0].since or 0.0
    start = int(np.searchsorted(labelled["time"].to_numpy(), since))
    version = fitted(bench, rows.slice(start, rows.num_rows - 60 - start), held)
    assert version.gate is not None
    return RetrainingResult(
        status="done",
        candidate=version.version,
        verdict=version.gate,
        comparison=compare(bench, version, baseline, held),
        window=request.windows[0].name,
    )


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Return a shop whose loyal customers begin to leave on the second day, and the new ones to stay."""
    root = tmp_path_factory.mktemp("trained") / "shop"
    root.mkdir()
    (root / "keepwell.yaml").write_text("project: shop\ndata: {source: customers.csv}\n")
    (root / "customers.csv").write_text(customers(200))
    spec = ProjectSpec(
        name="shop",
        root=root,
        data=DataSpec(source="customers.csv", target="churn", key="customer"),
        train=TrainSpec(budget=2.0, learners=("linear",)),
        serve=ServeSpec(rollout=CANARY),
        monitor=MONITOR,
        loop=LOOP,
    )
    clock = ManualClock(START - DAY)
    random = np.random.default_rng(0)
    tenure = random.integers(0, 72, ROWS)
    times = START + np.sort(random.random(ROWS)) * DAYS * DAY
    loyal = tenure >= 36
    wrong = random.random(ROWS) < 0.05
    leaves = np.where((times > START + DAY) ^ wrong, loyal, ~loyal)
    with Workspace(spec, clock=clock) as workspace:
        workspace.datasets.ingest(
            "shop", "customers.csv", root=root, contract=root / "contract.yaml"
        )
        then = pa.table({"tenure": tenure, "churn": np.where(loyal ^ wrong, "no", "yes")})
        first = fitted(workspace.bench, then.slice(0, 400), then.slice(400))
        workspace.registry.point("shop", "champion", first.version)
        workspace.endpoints.deploy("shop", "shop", first.version)
        log_answers(
            workspace,
            [{"tenure": int(one)} for one in tenure],
            times.tolist(),
            np.where(leaves, "yes", "no").tolist(),
            late=1800.0,
        )
        clock.advance(30 * DAY)
        yield workspace


def test_a_challenger_takes_over_and_its_answers_are_the_better_ones(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "train_challenger", quick_challenger)
    events = len(shop.metadata.events())
    found = simulate(
        past_of(shop),
        "shop",
        [Candidate(name="as it is", spec=shop.spec)],
        Plan(step=DAY / 4, train=1.5),
    )
    course = found.policies[0]
    trained = next(one for one in course.retrainings if one.better)
    assert (trained.status, trained.passed) == ("done", True)
    assert course.training is not None
    assert course.training >= trained.seconds > 0
    assert course.takeovers[0].version == trained.candidate
    assert "healed" in {one.resolution for one in course.incidents}
    assert course.quality is not None
    assert found.actual.quality is not None
    assert course.quality.rows == found.actual.quality.rows == ROWS
    mine, theirs = course.quality.points, found.actual.quality.points
    assert mine[0] == theirs[0], "nothing differs before anything is done"
    assert (mine[-1].value or 0) > 0.8 > (theirs[-1].value or 0)
    # Nothing of it is in the workspace.
    assert len(shop.metadata.events()) == events
    assert [one.version for one in shop.registry.versions("shop")] == [1]
    assert shop.datasets.names() == ["shop"]


def test_trainings_are_real_and_leave_nothing_behind(shop: Workspace) -> None:
    rows = PastLog(*read_rows(shop.predictions, "shop"))
    endpoint = shop.endpoints.read("shop")
    with past_world(
        shop.bench, shop.tables, shop.spec, rows, endpoint, since=START, takeover=True
    ) as world:
        rows.advance(START + 2 * DAY)
        training = PastTraining(
            world.bench, lambda: world.predictions.labelled("shop"), 2.0, SilentProgress()
        )
        wanted = Retraining(
            id="one", endpoint="shop", baseline=1, decided=START + 2 * DAY, reason="tried"
        )
        training.start(wanted)
        training.start(wanted)
        result = training.result(wanted.key)
        assert result is not None
        assert (result.status, result.error, result.candidate) == ("done", "", 2)
        assert world.bench.datasets.get("shop.live").rows == rows.dataset("outcomes").count_rows()
        assert world.bench.datasets.get("shop").rows == 200, "what the project learnt from is read"
        lost = replace(wanted, id="two", baseline=9)
        training.start(lost)
        failed = training.result(lost.key)
        assert failed is not None
        assert (failed.status, "no version 9" in failed.error) == ("failed", True)
        assert training.result("shop/three") is None
        assert training.seconds == result.seconds + failed.seconds
        meter = TrainingMeter(
            world.bench.metadata,
            Incidents(world.store, world.clock),
            training.result,
            world.clock,
        )
        assert meter.use("shop", DAY).used == training.seconds > 0, "limits count what was used"
        assert training.seconds > failed.seconds
    assert shop.datasets.names() == ["shop"]


def test_a_limit_on_training_holds_in_a_simulation(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "train_challenger", quick_challenger)
    rule = LoopRuleSpec(name="often", when="rows > 0", do="retune", looks=1, cooldown=60.0)
    eager = RetrainSpec(on=(), cooldown=60.0, min_labels=60)

    def trained(budget: float | None) -> int:
        limits = BoundsSpec(budget=budget, per=30 * DAY)
        loop = LoopSpec(builtin=False, rules=(rule,), retrain=eager, limits=limits)
        policy = Candidate(name="often", spec=replace(shop.spec, loop=loop))
        plan = Plan(until=START + 2 * DAY, step=DAY / 4, train=1.5)
        made = simulate(past_of(shop), "shop", [policy], plan).policies[0].retrainings
        assert {one.request.mode for one in made} == {"tune"}
        return len(made)

    assert trained(budget=1.5 + 1e-6) == 1, "a second one would use more than is left"
    assert trained(budget=None) > 1


def test_what_cannot_be_trained_as_of_then_is_refused(shop: Workspace, tmp_path: Path) -> None:
    other = replace(shop.spec, name="elsewhere", serve=replace(shop.spec.serve, endpoint="shop"))
    past = replace(past_of(shop), bench=replace(shop.bench, spec=other))
    with pytest.raises(UsageError, match="nothing can be trained"):
        simulate(past, "shop", [Candidate(name="x", spec=other)], Plan(train=1.0))
