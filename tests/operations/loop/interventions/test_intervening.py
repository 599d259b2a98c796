"""Rules that hold are acted upon, watched, and taken back."""

from dataclasses import replace

import pytest
from rule_world import BUSY, HIGH, NORMAL, overloaded, ruled, told

from keepwell.core.records import Intervention
from keepwell.core.spec.looping import LoopRuleSpec
from keepwell.operations.loop.executor import Executor
from keepwell.operations.loop.interventions.rules import standings
from keepwell.operations.loop.load import Load
from keepwell.operations.loop.view import Happening
from keepwell.testing.loop_world import LoopWorld, make_signal


def test_a_rule_acts_helps_and_is_taken_back_once_its_reason_is_gone() -> None:
    world = overloaded(ruled(BUSY))
    world.look(times=60)
    assert told(world) == ["intervene", "measure", "fade", "undo"]
    (one,) = world.interventions
    assert (one.status, one.playbook, one.rule) == ("undone", "scale", "busy")
    assert (one.measured.before, one.measured.after) == (200.0, 50.0)
    assert "better" in one.measured.reason
    assert one.outcome == "its reason has been gone for 5m"


def test_the_incident_that_it_healed_names_it() -> None:
    world = overloaded(ruled(BUSY))
    world.look(times=20)
    (incident,) = world.incidents
    assert incident.resolution == "healed"
    assert incident.summary.startswith(f"scale ({world.interventions[0].id}) healed it")
    assert any("intervene scale: busy" in entry.text for entry in incident.timeline)
    assert world.interventions[0].incident == incident.id


def test_a_rule_holds_only_after_its_looks() -> None:
    world = overloaded(ruled(replace(BUSY, looks=5)))
    world.look(times=4)
    assert told(world) == []
    world.look(times=2)
    assert told(world) == ["intervene"]


@pytest.mark.parametrize(("load", "done"), [(NORMAL, "quarantine"), (HIGH, "lighten")])
def test_load_and_signals_together_choose_the_action(load: Load, done: str) -> None:
    world = ruled(
        LoopRuleSpec(name="calm", when="quality & load.normal", do="quarantine"),
        LoopRuleSpec(name="rush", when="quality & load.high", do="lighten"),
    )
    world.signals, world.load = (make_signal("quality", "age"),), load
    world.look(times=5)
    assert [one.playbook for one in world.interventions] == [done]


def test_what_makes_things_worse_is_undone_and_rests_longer() -> None:
    world = overloaded(ruled(BUSY), helps=False, harms=True)
    world.look(times=10)
    (one,) = world.interventions
    assert one.status == "undone"
    assert one.outcome.startswith("it made things worse: latency_p95_ms went from 200 to 900")
    world.load = HIGH
    world.look(times=60)  # twice the cooldown
    assert len(world.interventions) == 1
    world.look(times=80)
    assert len(world.interventions) > 1


def test_noise_is_no_harm() -> None:
    world = overloaded(ruled(BUSY), helps=False)
    values = iter([180.0, 230.0, 190.0, 225.0, 205.0, 215.0, 185.0, 220.0] * 4)
    for _ in range(20):
        world.measures["latency_p95_ms"] = next(values)
        world.look()
    (one,) = world.interventions
    assert one.status == "watching"
    assert "no clear change" in one.measured.reason


def test_a_reason_that_comes_back_keeps_it_in_force() -> None:
    world = overloaded(ruled(BUSY))
    world.look(times=20)
    assert told(world)[-1] == "fade"
    world.signals, world.load = (make_signal("latency", version=0),), HIGH
    world.look(times=60)
    assert told(world)[-1] == "fade"
    assert world.interventions[0].status == "watching"
    assert world.interventions[0].gone is None


def test_it_is_held_longer_each_time_that_its_reason_returns() -> None:
    world = overloaded(ruled(BUSY))

    def back(one: Intervention) -> None:
        world.signals, world.load = (make_signal("latency", version=0),), HIGH
        world.measures["latency_p95_ms"] = 200.0

    world.taken_back = back
    world.look(times=400)
    held = [
        one.ended - one.gone
        for one in world.interventions
        if one.ended is not None and one.gone is not None
    ]
    assert len(held) >= 2
    assert held[1] >= 2 * held[0]


def test_never_two_at_once() -> None:
    other = LoopRuleSpec(name="light", when="latency", do="lighten")
    world = overloaded(ruled(BUSY, other), helps=False)
    under_way = []
    for _ in range(40):
        world.look()
        under_way.append(
            sum(
                one.status == "acting" or (one.status == "watching" and one.settled is None)
                for one in world.interventions
            )
        )
    assert max(under_way) == 1
    assert {one.playbook for one in world.interventions} == {"scale", "lighten"}


def test_nothing_changes_routes_while_a_version_is_on_trial() -> None:
    world = ruled(LoopRuleSpec(name="back", when="rollout", do="roll_back", looks=1))
    world.previous = 3
    world.signals, world.live = (make_signal("performance", value=0.3),), {1: 0.6, 2: 0.9}
    waits = set()
    for _ in range(30):
        world.look()
        if any(rollout.status == "running" for rollout in world.rollouts.values()):
            waits |= {one.waits for one in standings(world.view(), world.clock.now())}
    assert waits == {"version 2 is on trial"}
    assert not world.interventions


@pytest.mark.parametrize("failures", [1, 2])
def test_a_failure_is_tried_again(failures: int) -> None:
    world = overloaded(ruled(BUSY))
    world.failing = {"intervene": failures}
    world.look(times=10)
    assert told(world)[: failures + 1] == ["intervene"] * (failures + 1)
    assert world.interventions[0].status == "watching"


def test_what_fails_three_times_is_given_up() -> None:
    world = overloaded(ruled(BUSY))
    world.failing = {"intervene": 99}
    world.look(times=10)
    (one,) = world.interventions
    assert one.status == "failed"
    assert one.outcome == "it failed 3 times: intervene does not work at present"
    (incident,) = world.incidents
    assert incident.status == "open"
    assert any("intervene failed" in entry.text for entry in incident.timeline)


def test_what_cannot_be_undone_is_said() -> None:
    world = overloaded(ruled(BUSY), helps=False, harms=True)
    world.failing = {"undo": 99}
    world.look(times=20)
    assert world.interventions[0].status == "failed"
    assert "could not be undone in 3 attempts" in world.interventions[0].outcome


def test_a_rule_that_is_taken_out_is_taken_back() -> None:
    world = overloaded(ruled(BUSY))
    world.look(times=12)
    world.policy = ruled().policy
    world.look(times=2)
    assert world.interventions[0].outcome == "the rule 'busy' is gone"
    assert world.interventions[0].status == "undone"


def test_what_only_tells_is_over_at_once() -> None:
    world = ruled(LoopRuleSpec(name="tell", when="quality", do="ask", looks=1))
    world.signals = (make_signal("quality", "age"),)
    world.look(times=6)
    assert told(world) == ["intervene", "keep"]


def test_a_broken_column_is_found_in_the_signals() -> None:
    world = ruled(LoopRuleSpec(name="fix", when="quality", do="quarantine"))
    world.signals = (make_signal("quality", "age"), make_signal("quality", "income", value=0.9))
    world.look(times=4)
    assert world.interventions[0].options == {"column": "income"}


def test_a_person_takes_back_what_the_loop_did() -> None:
    world = overloaded(ruled(BUSY))
    world.look(times=4)
    world.say(world.interventions[0].id, "undoing")
    world.look()
    assert world.interventions[0].status == "undone"


class Killed(BaseException):
    """What `kill -9` looks like from inside."""


def _killing(world: LoopWorld, verb: str, *, after: bool) -> None:
    """Let the process die once at an effect, just before or just after it happened."""
    real = getattr(world, verb)

    def dying(*args: object) -> object:
        setattr(world, verb, real)
        if after:
            real(*args)
        raise Killed

    setattr(world, verb, dying)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("verb", ["plan", "intervene", "undo"])
def test_killed_at_any_effect_it_goes_on(verb: str, after: bool) -> None:
    world = overloaded(ruled(BUSY), helps=verb != "undo", harms=verb == "undo")
    _killing(world, verb, after=after)
    for _ in range(60):
        try:
            world.look()
        except Killed:
            world.executor = Executor(world.journal, world, world.clock)
    assert world.interventions[0].status == "undone"
    assert not world.in_force
    done = [call for call in world.calls if call.startswith("intervene")]
    assert len({call.split()[-1] for call in done}) == len(world.interventions)


def test_training_by_a_rule_is_told_with_its_effect() -> None:
    rule = LoopRuleSpec(name="again", when="metric:accuracy < 0.7", do="retune")
    world = ruled(rule)
    world.live = {1: 0.6, 2: 0.9}
    world.look(times=40)
    (retraining,) = world.journal.retrainings.values()
    assert (retraining.mode, retraining.rule, retraining.settled) == ("tune", "again", "rolled_out")
    (one,) = world.interventions
    assert one.id == retraining.id
    assert (one.status, one.measured.measure) == ("kept", "metric:accuracy")
    assert (one.measured.before, one.measured.after) == (0.6, 0.9)


def test_a_rule_that_says_how_to_train_goes_before_the_usual_retraining() -> None:
    world = ruled(LoopRuleSpec(name="again", when="performance", do="compress"))
    world.signals, world.live = (make_signal("performance", value=0.3),), {1: 0.6, 2: 0.9}
    world.look(times=30)
    (retraining,) = world.journal.retrainings.values()
    assert retraining.mode == "compress"
    assert world.incidents[0].resolution == "healed"


def test_a_training_that_came_to_nothing_is_said() -> None:
    world = ruled(LoopRuleSpec(name="again", when="metric:accuracy < 0.7", do="retrain"))
    world.live, world.train = {1: 0.6}, world.as_good
    world.look(times=10)
    assert world.interventions[0].status == "failed"
    assert "its candidate was rejected" in world.interventions[0].outcome


@pytest.mark.parametrize("kind", ["latency", "errors", "resource"])
def test_what_is_lost_to_the_machine_never_trains(kind: str) -> None:
    world = ruled(builtin=True)
    world.signals = (make_signal("performance", value=0.3), make_signal(kind, version=0))
    world.live = {1: 0.6, 2: 0.9}
    world.look(times=30)
    assert not world.journal.retrainings
    waits = [one.reason for one in world.decisions if one.action == "wait"]
    assert any(kind in reason for reason in waits)


def test_a_starved_host_never_trains() -> None:
    world = ruled()
    world.happenings = (Happening(time=world.clock.now(), kind="machine", what="short of memory"),)
    world.signals = (make_signal("performance", value=0.3), make_signal("objective", version=0))
    world.live = {1: 0.6, 2: 0.9}
    world.look(times=20)
    assert not world.journal.retrainings
    assert any("the machine was short" in d.reason for d in world.decisions if d.action == "wait")


def test_a_flapping_signal_changes_nothing() -> None:
    world = overloaded(ruled(BUSY))
    trouble = world.signals
    for look in range(40):
        world.signals = trouble if look % 2 else ()
        world.look()
    assert not world.interventions


def test_unknown_load_holds_nothing() -> None:
    world = overloaded(ruled(BUSY))
    world.load = Load()
    world.look(times=10)
    assert not world.interventions
