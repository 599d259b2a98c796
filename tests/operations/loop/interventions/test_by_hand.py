"""A playbook that a person asks for is carried out like a rule's; history and status tell of it."""

from dataclasses import replace

from rule_world import BUSY, overloaded, ruled, told

from keepwell.core.records import Intervention
from keepwell.operations.loop.interventions.history import deeds
from keepwell.operations.loop.interventions.status import status_of
from keepwell.operations.loop.tick import tick
from keepwell.testing.loop_world import ENDPOINT, LoopWorld, make_signal


def asked(world: LoopWorld, playbook: str = "scale") -> str:
    """Leave what `keepwell loop run` leaves."""
    one = Intervention(
        id="hand-1",
        endpoint=ENDPOINT,
        playbook=playbook,
        reason="asked for by ana",
        status="approved",
        approved_by="ana",
        decided=world.clock.now(),
    )
    world.journal.interventions[one.key] = one
    return one.id


def test_it_is_carried_out_measured_and_stays_until_it_is_taken_back() -> None:
    world = overloaded(ruled(hours="sat 00:00-00:01"))  # which bind no person
    world.look(times=2)
    asked(world)
    world.look(times=60)
    assert told(world) == ["intervene", "measure"]
    assert world.interventions[0].status == "watching"
    world.say("hand-1", "undoing")
    world.look()
    assert world.interventions[0].status == "undone"


def test_a_training_by_hand_trains() -> None:
    world = ruled()
    world.live = {1: 0.6, 2: 0.9}
    world.look(times=2)
    asked(world, "compress")
    world.look(times=40)
    (retraining,) = world.journal.retrainings.values()
    assert (retraining.mode, retraining.settled) == ("compress", "rolled_out")
    assert world.interventions[0].status == "kept"


def test_it_waits_for_a_trial_to_end() -> None:
    world = ruled()
    world.signals, world.live = (make_signal("performance", value=0.3),), {1: 0.6, 2: 0.9}
    while not any(one.status == "running" for one in world.rollouts.values()):
        world.look()
    asked(world, "roll_back")
    while any(one.status == "running" for one in world.rollouts.values()):
        assert not any(call.startswith("intervene") for call in world.calls)
        world.look()
    world.look(times=4)  # its incident is verified and closed first
    assert any(call.startswith("intervene roll_back") for call in world.calls)


def test_the_history_tells_each_deed_once_with_its_effects() -> None:
    world = overloaded(ruled(BUSY))
    world.look(times=60)
    world.signals, world.live = (make_signal("performance", value=0.3),), {1: 0.6, 2: 0.9}
    world.look(times=40)
    found = deeds(world.interventions, world.journal.retrainings.values(), world.incidents)
    assert [(deed.action, deed.status) for deed in found] == [
        ("retrain", "kept"),
        ("scale", "undone"),
    ]
    trained, scaled = found
    assert (trained.predicted.before, trained.predicted.after) == (0.6, 0.9)
    assert (trained.measured.before, trained.measured.after) == (0.6, 0.9)
    assert trained.seconds == 20.0
    assert (scaled.by, scaled.measured.after) == ("rule busy", 50.0)


def test_the_status_says_what_is_seen_and_waited_for() -> None:
    world = overloaded(ruled(BUSY, budget=3600.0, approval="operator"))
    world.look(times=6)
    view, now = world.view(), world.clock.now()
    status = status_of(view, tick(view, now), now)
    assert status.sees == ("latency",)
    assert status.load == "high"
    (rule,) = status.rules
    assert rule.holds
    assert "keepwell loop approve busy-" in rule.waits
    lines = {line.name: line for line in status.limits}
    assert lines["training"].allowed == "1h per 1d"
    assert lines["approval"].allowed == "operator"
    assert [one.status for one in status.interventions] == ["proposed"]


def test_asking_how_it_stands_changes_nothing() -> None:
    world = overloaded(ruled(BUSY))
    world.look(times=3)
    before = replace(world.view())
    status_of(world.view(), (), world.clock.now())
    assert world.view() == before
