"""`loop.limits` binds whatever the loop begins, and says so."""

from dataclasses import replace

import pytest
from rule_world import BUSY, overloaded, ruled, told

from keepwell.core.spec.looping import LoopRuleSpec
from keepwell.operations.loop.view import TrainingUse
from keepwell.testing.loop_world import LoopWorld, make_signal

NEVER = "sat 00:00-00:01"
RETUNE = LoopRuleSpec(name="again", when="metric:accuracy < 0.7", do="retune", cooldown=0.0)


def _drifting(world: LoopWorld) -> LoopWorld:
    world.signals = (make_signal("performance", value=0.3),)
    world.live = {1: 0.6, 2: 0.9}
    return world


def _scheduled(world: LoopWorld) -> LoopWorld:
    retrain = replace(world.policy.loop.retrain, schedule="* * * * *")
    world.policy = replace(world.policy, loop=replace(world.policy.loop, retrain=retrain))
    return world


def _ruled(world: LoopWorld) -> LoopWorld:
    rules = replace(world.policy.loop, rules=(RETUNE,))
    world.policy = replace(world.policy, loop=rules)
    world.live = {1: 0.6, 2: 0.9}
    return world


def _waits(world: LoopWorld) -> str:
    return " | ".join(one.reason for one in world.decisions if one.action == "wait")


@pytest.mark.parametrize("begin", [_drifting, _scheduled, _ruled])
def test_concurrency_counts_all_endpoints(begin) -> None:  # type: ignore[no-untyped-def]
    world = begin(ruled(concurrency=2))
    world.training = TrainingUse(running=2)
    world.look(times=15)
    assert not world.journal.retrainings
    assert "as many retrainings as are allowed at a time (2)" in _waits(world)
    world.training = TrainingUse(running=1)
    world.look(times=15)
    assert world.journal.retrainings


@pytest.mark.parametrize("begin", [_drifting, _scheduled, _ruled])
def test_the_budget_counts_what_trainings_really_took(begin) -> None:  # type: ignore[no-untyped-def]
    world = begin(ruled(budget=100.0, per=3600.0))
    world.training_seconds = 50.0
    world.train = world.refused
    world.look(times=200)  # 2,000 s: the cooldown of 600 s alone would let three begin
    took = [one.seconds for one in world.journal.retrainings.values()]
    assert took == [50.0]
    assert "another retraining would exceed the budget of 1m 40s per 1h" in _waits(world)
    world.look(times=200)
    assert len(world.journal.retrainings) > 1


@pytest.mark.parametrize(
    ("when", "trains"),
    [("drift", False), ("performance | drift", False), ("quality & drift", True)],
)
def test_a_rule_that_trains_waits_while_a_column_is_broken(when: str, trains: bool) -> None:
    """Unless it speaks of damage: who writes that is not second-guessed."""
    world = ruled(LoopRuleSpec(name="again", when=when, do="retune", cooldown=0.0))
    broke = replace(make_signal("quality", "age", value=1.0), damage="unit")
    world.signals = (make_signal("drift", "age"), broke)
    world.look(times=15)
    assert bool(world.journal.retrainings) == trains
    assert trains or "'age' broke upstream" in _waits(world)


def test_a_budget_smaller_than_one_retraining_is_said() -> None:
    world = _drifting(ruled(budget=10.0))
    world.look(times=10)
    assert "one retraining (1m) is more than the budget of 10s" in _waits(world)


@pytest.mark.parametrize("begin", [_drifting, _scheduled, _ruled])
def test_hours_bind_retrainings(begin) -> None:  # type: ignore[no-untyped-def]
    world = begin(ruled(hours=NEVER))
    world.look(times=15)
    assert not world.journal.retrainings
    assert f"something may begin only {NEVER} UTC" in _waits(world)


def test_hours_bind_interventions_and_not_their_undoing() -> None:
    world = overloaded(ruled(BUSY, hours=NEVER))
    world.look(times=10)
    assert not world.interventions
    assert "something may begin only" in _waits(world)
    world.policy = ruled(BUSY).policy
    world.look(times=4)
    world.policy = ruled(BUSY, hours=NEVER).policy
    world.look(times=60)
    assert world.interventions[0].status == "undone"


def test_hours_bind_the_trial_of_a_candidate() -> None:
    world = _drifting(ruled())
    world.look(times=4)
    world.policy = ruled(hours=NEVER).policy
    world.look(times=10)
    assert not world.rollouts
    assert "waits for its trial: something may begin only" in _waits(world)


def test_a_role_must_agree_before_a_candidate_goes_on_trial() -> None:
    world = _drifting(ruled(approval="operator"))
    world.look(times=20)
    assert not world.rollouts
    (one,) = world.interventions
    assert (one.playbook, one.status, one.approval) == ("roll_out", "proposed", "operator")
    assert (one.predicted.before, one.predicted.after) == (0.6, 0.9)
    assert f"keepwell loop approve {one.id}" in _waits(world)
    world.say(one.id, "approved")
    world.look(times=30)
    assert world.incidents[0].resolution == "healed"
    assert world.interventions[0].status == "kept"


@pytest.mark.parametrize("how", ["refused", "expired"])
def test_a_candidate_that_nobody_wants_is_rejected(how: str) -> None:
    world = _drifting(ruled(approval="operator"))
    world.look(times=10)
    if how == "refused":
        world.say(world.interventions[0].id, "refused")
    else:
        world.clock.advance(90_000)
    world.look(times=3)
    retraining = next(iter(world.journal.retrainings.values()))
    assert retraining.settled == "rejected"
    said = "ana refused it" if how == "refused" else "nobody agreed within 1d"
    assert any(said in one.reason for one in world.decisions if one.action == "reject")


def test_a_role_must_agree_before_an_endpoint_changes() -> None:
    world = overloaded(ruled(BUSY, approval="operator"))
    world.look(times=10)
    assert told(world) == ["propose"]
    (one,) = world.interventions
    assert (one.status, one.approval, one.steps) == ("proposed", "operator", ("scale",))
    world.say(one.id, "approved")
    world.look()
    assert world.interventions[0].status == "watching"
    assert world.interventions[0].approved_by == "ana"


def test_a_refused_proposal_rests_for_its_cooldown() -> None:
    world = overloaded(ruled(replace(BUSY, approval="operator")))
    world.look(times=4)
    one = world.interventions[0]
    world.journal.interventions[one.key] = replace(one, status="refused", ended=world.clock.now())
    world.look(times=25)
    assert len(world.interventions) == 1
    world.look(times=10)
    assert len(world.interventions) == 2


def test_a_proposal_ends_with_its_reason() -> None:
    world = overloaded(ruled(replace(BUSY, approval="operator")))
    world.look(times=4)
    world.signals = ()
    world.look(times=4)
    assert world.interventions[0].status == "expired"
    assert "its reason is gone" in world.interventions[0].outcome


def test_telling_somebody_needs_nobody() -> None:
    rule = LoopRuleSpec(name="tell", when="quality", do="open_issue")
    world = ruled(rule, approval="operator")
    world.signals = (make_signal("quality", "age"),)
    world.look(times=6)
    assert told(world) == ["intervene", "keep"]


def test_what_cannot_be_planned_is_not_proposed() -> None:
    world = overloaded(ruled(BUSY, approval="operator"))
    world.failing = {"plan": 1}
    world.look(times=5)
    (one,) = world.interventions
    assert (one.status, one.outcome) == ("failed", "plan does not work at present")


def test_a_training_that_a_rule_asks_for_waits_for_its_role_and_nothing_overtakes_it() -> None:
    world = _drifting(
        ruled(LoopRuleSpec(name="again", when="performance", do="retune", approval="a"))
    )
    world.look(times=10)
    assert not world.journal.retrainings
    assert "is to come first" in _waits(world)
    world.say(world.interventions[0].id, "approved")
    world.look(times=30)
    (retraining,) = world.journal.retrainings.values()
    assert retraining.mode == "tune"
    assert world.incidents[0].resolution == "healed"


def test_a_disabled_loop_does_nothing() -> None:
    world = overloaded(ruled(BUSY))
    world.policy = replace(world.policy, loop=replace(world.policy.loop, enabled=False))
    world.look(times=10)
    assert not world.interventions
    assert "loop.enabled: false" in _waits(world)
