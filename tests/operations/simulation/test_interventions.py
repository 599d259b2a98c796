"""Rules of a simulated policy: done where the log knows what follows, noted where it does not."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from past_shop import MONITOR, log_answers, past_of
from standing_world import DAY, START

from keepwell.core.clock import ManualClock
from keepwell.core.errors import UsageError
from keepwell.core.events import acting_as
from keepwell.core.spec import DataSpec, ProjectSpec
from keepwell.core.spec.looping import LoopRuleSpec, LoopSpec, RetrainSpec
from keepwell.operations.own_model import register_own
from keepwell.operations.simulation import Candidate, Course, Plan, simulate
from keepwell.workspace import Workspace

ROWS, DAYS = 300, 3
RULE = LoopRuleSpec(
    name="bad", when="metric:roc_auc < 0.5", do="roll_back", looks=1, cooldown=10 * DAY
)
ACT = Plan(step=DAY / 2, act=True)


def make(root: Path) -> Workspace:
    """Return a shop where, after a day, somebody deployed a version that says the opposite."""
    from sklearn.linear_model import LogisticRegression

    root.mkdir()
    (root / "keepwell.yaml").write_text("project: shop\ndata: {source: customers.csv}\n")
    spec = ProjectSpec(
        name="shop",
        root=root,
        data=DataSpec(source="customers.csv", target="churn"),
        monitor=MONITOR,
    )
    clock = ManualClock(START - DAY)
    workspace = Workspace(spec, clock=clock)
    random = np.random.default_rng(0)
    tenure = random.integers(0, 72, ROWS)
    truth = np.where((tenure < 36) ^ (random.random(ROWS) < 0.1), "yes", "no")
    rows = pa.table({"tenure": tenure, "churn": truth})
    for learnt in (truth, np.where(truth == "yes", "no", "yes")):
        model = LogisticRegression().fit(rows.select(["tenure"]).to_pandas(), learnt)
        register_own(workspace.bench, model, rows, "churn")
    times = START + np.sort(random.random(ROWS)) * DAYS * DAY
    early = int(np.searchsorted(times, START + DAY))
    for number, part in ((1, slice(0, early)), (2, slice(early, ROWS))):
        clock.set(times[part][0] - 1.0)
        with acting_as("user:ana"):
            workspace.registry.point("shop", "champion", number, why="by hand", force=True)
            workspace.endpoints.deploy("shop", "shop", number, "by hand")
        instances = [{"tenure": int(one)} for one in tenure[part]]
        log_answers(
            workspace,
            instances,
            times[part].tolist(),
            truth[part].tolist(),
            late=600.0,
            number=number,
        )
    clock.set(START + 30 * DAY)
    return workspace


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with make(tmp_path_factory.mktemp("rules") / "shop") as workspace:
        yield workspace


def course(shop: Workspace, plan: Plan, rule: LoopRuleSpec = RULE) -> Course:
    loop = LoopSpec(builtin=False, rules=(rule,), retrain=RetrainSpec(min_labels=10_000))
    policy = Candidate(name="tried", spec=replace(shop.spec, loop=loop))
    return simulate(past_of(shop), "shop", [policy], plan).policies[0]


def test_a_bad_deployment_by_hand_is_rolled_back_and_answers_get_better(shop: Workspace) -> None:
    events = len(shop.metadata.events())
    found = course(shop, ACT)
    assert [(one.version, one.why.partition(":")[0]) for one in found.takeovers] == [
        (2, "by hand"),
        (1, "bad"),
    ]
    (one,) = found.interventions
    assert one.simulated
    assert one.intervention.status in ("watching", "kept")
    assert found.quality is not None
    values = [point.value for point in found.quality.points if point.value is not None]
    assert values[0] > 0.8
    assert min(values) < 0.2, "until it was noticed"
    assert values[-1] > 0.8, "version 1 answers what version 2 really did"
    assert len(shop.metadata.events()) == events


def test_without_act_it_is_noted_once(shop: Workspace) -> None:
    found = course(shop, Plan(step=DAY / 2))
    (one,) = found.interventions
    assert (one.simulated, one.intervention.status) == (False, "kept")
    assert "nothing is carried out in this simulation" in one.intervention.outcome
    assert [decision.action for decision in found.decisions].count("note") == 1
    assert [takeover.version for takeover in found.takeovers] == [2]
    assert found.quality is None


@pytest.mark.parametrize("playbook", ["scale", "ask"])
def test_what_no_log_knows_is_told_to_be_unknown(shop: Workspace, playbook: str) -> None:
    found = course(shop, ACT, replace(RULE, do=playbook))
    (one,) = found.interventions
    assert (one.simulated, one.intervention.status) == (False, "kept")
    noted = next(decision for decision in found.decisions if decision.action == "note")
    assert "is in no log, so its effect cannot be simulated" in noted.reason
    assert noted.time == one.intervention.decided
    assert [takeover.version for takeover in found.takeovers] == [2]


@pytest.mark.parametrize(("approve", "done"), [("none", False), ("all", True)])
def test_whether_somebody_agrees_is_an_assumption(
    shop: Workspace, approve: str, done: bool
) -> None:
    rule = replace(RULE, approval="operator")
    found = course(shop, replace(ACT, approve=approve), rule)
    assert [one.simulated for one in found.interventions] == [done]
    status = found.interventions[0].intervention.status
    assert (status in ("proposed", "expired")) is not done
    assert [takeover.version for takeover in found.takeovers] == ([2, 1] if done else [2])
    assert any("--approve all assumes" in note for note in found.notes)


def test_what_answers_somewhere_else_cannot_be_acted_on(shop: Workspace, tmp_path: Path) -> None:
    with make(tmp_path / "shop") as other:
        endpoint = replace(other.endpoints.read("shop"), external=True)
        other.endpoints.alter("shop", lambda _: endpoint, "moved")
        with pytest.raises(UsageError, match="nothing can be carried out"):
            course(other, ACT)
