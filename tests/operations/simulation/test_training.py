"""With trainings carried out, a simulated policy answers the rows that followed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from outside import customers
from past_shop import LOOP, MONITOR, log_answers, past_of
from standing_world import DAY, START

from keepwell.core.clock import ManualClock
from keepwell.core.errors import UsageError
from keepwell.core.spec import DataSpec, ProjectSpec, RolloutSpec, ServeSpec, TrainSpec
from keepwell.operations.simulation import Candidate, Plan, simulate
from keepwell.workspace import Workspace

CANARY = RolloutSpec(strategy="canary", steps=(50.0, 100.0), hold=3600.0)
ROWS, DAYS = 800, 4


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Return a shop whose loyal customers begin to leave on the second day, and the new ones to stay."""
    root = tmp_path_factory.mktemp("trained") / "shop"
    root.mkdir()
    (root / "keepwell.yaml").write_text("project: shop\ndata: {source: customers.csv}\n")
    (root / "customers.csv").write_text(customers(400))
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
    with Workspace(spec, clock=clock) as workspace:
        workspace.builder.run()
        random = np.random.default_rng(0)
        tenure = random.integers(0, 72, ROWS)
        times = START + np.sort(random.random(ROWS)) * DAYS * DAY
        turned = times > START + DAY
        leaves = (tenure < 36) ^ turned ^ (random.random(ROWS) < 0.05)
        log_answers(
            workspace,
            [{"tenure": int(one), "plan": "monthly", "charges": 70.0} for one in tenure],
            times.tolist(),
            np.where(leaves, "yes", "no").tolist(),
            late=1800.0,
        )
        clock.advance(30 * DAY)
        yield workspace


def test_a_challenger_takes_over_and_its_answers_are_the_better_ones(shop: Workspace) -> None:
    events = len(shop.metadata.events())
    found = simulate(
        past_of(shop),
        "shop",
        [Candidate(name="as it is", spec=shop.spec)],
        Plan(step=DAY / 4, train=1.5),
    )
    course = found.policies[0]
    trained = next(one for one in course.retrainings if one.better)
    assert (trained.status, trained.passed, trained.candidate) == ("done", True, 2)
    assert course.training is not None
    assert course.training >= trained.seconds > 0
    assert [one.version for one in course.takeovers][:1] == [2]
    assert course.incidents[0].resolution == "healed"
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


def test_what_cannot_be_trained_as_of_then_is_refused(shop: Workspace, tmp_path: Path) -> None:
    other = replace(shop.spec, name="elsewhere", serve=replace(shop.spec.serve, endpoint="shop"))
    past = replace(past_of(shop), bench=replace(shop.bench, spec=other))
    with pytest.raises(UsageError, match="nothing can be trained"):
        simulate(past, "shop", [Candidate(name="x", spec=other)], Plan(train=1.0))
