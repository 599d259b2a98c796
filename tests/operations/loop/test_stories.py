"""Whole stories, look by look: from a signal to the end of its incident."""

import math

import pytest

from keepwell.operations.loop.actions import Wait
from keepwell.testing.loop_world import LoopWorld, make_policy, make_signal

DRIFT = make_signal("drift", "age", value=0.4)
FALLEN = make_signal("performance", value=0.3)


def broken_world() -> LoopWorld:
    """Return a world in which the inputs moved and version 1 lost a third of its accuracy."""
    world = LoopWorld()
    world.signals, world.live = (DRIFT, FALLEN), {1: 0.6, 2: 0.9}
    return world


def test_from_drift_to_healed() -> None:
    world = broken_world()
    world.look(times=20)
    (incident,) = world.incidents
    assert world.verbs() == [
        "open_incident",
        "retrain",
        "start_rollout",
        "advance",
        "promote",
        "verify",
        "close",
    ]
    assert (incident.resolution, incident.candidate, incident.attempts) == ("healed", 2, 1)
    assert incident.rollout == "rollout-1"
    assert incident.causes[0].column == "age"
    assert world.champion == 2
    assert "accuracy is 0.9000 on 300 rows with outcomes, it was 0.6000" in incident.summary


def test_each_decision_of_a_story_carries_its_numbers() -> None:
    world = broken_world()
    world.look(times=20)
    evidence = {decision.action: decision.evidence for decision in world.decisions}
    assert evidence["open_incident"]["signals"][0]["value"] == 0.4
    assert evidence["retrain"]["labels"] == 500
    assert evidence["start_rollout"]["comparison"]["rows"] == 400
    assert evidence["advance"]["candidate"]["requests"] == 200
    assert evidence["promote"]["percent"] == 100.0
    assert evidence["close"]["healed"]["value"] == 0.9


def test_a_drift_that_does_not_hurt_ends_in_no_change_and_stays_accepted() -> None:
    world = LoopWorld()
    world.signals, world.live, world.train = (DRIFT,), {1: 0.9}, world.as_good
    world.look(times=200)
    (incident,) = world.incidents
    assert incident.resolution == "no_change"
    assert world.champion == 1
    assert world.rollouts == {}
    assert world.verbs() == ["open_incident", "retrain", "reject", "close"]


def test_an_accepted_drift_is_news_again_once_it_has_grown_by_half() -> None:
    world = LoopWorld()
    world.signals, world.live, world.train = (DRIFT,), {1: 0.9}, world.as_good
    world.look(times=10)
    world.signals = (make_signal("drift", "age", value=0.59),)
    world.look(times=10)
    assert len(world.incidents) == 1
    world.signals = (make_signal("drift", "age", value=0.61),)
    world.look(times=2)
    assert len(world.incidents) == 2


def test_an_accepted_drift_does_not_hide_a_fall_of_performance() -> None:
    world = LoopWorld()
    world.signals, world.live, world.train = (DRIFT,), {1: 0.9}, world.as_good
    world.look(times=10)
    world.signals = (DRIFT, FALLEN)
    world.look(times=2)
    assert world.incidents[-1].title.startswith("Performance of churn v1 fell")
    assert {signal.kind for signal in world.incidents[-1].signals} == {"performance"}


def test_a_candidate_that_fails_on_trial_is_rolled_back() -> None:
    world = broken_world()
    world.candidate_errors = 0.2
    world.look(times=10)
    (incident,) = world.incidents
    assert incident.resolution == "failed"
    assert "version 2 failed 40 of 200 rows (20.0%)" in incident.summary
    assert "Version 1 serves all traffic again" in incident.summary
    assert world.champion == 1
    assert world.rollouts["rollout-1"].status == "aborted"


def test_a_rollback_that_nobody_saw_is_reported_as_failed() -> None:
    world = broken_world()
    world.candidate_errors, world.rollback_seen = 0.2, False
    world.look(times=20)
    (incident,) = world.incidents
    assert incident.resolution == "failed"
    assert incident.summary.startswith("The rollback from version 2 failed")
    assert world.verbs().count("abort") == 3


def test_a_failed_incident_is_not_opened_again_while_it_rests() -> None:
    world = LoopWorld(make_policy(attempts=1))
    world.signals, world.live, world.train = (FALLEN,), {1: 0.6}, world.as_good
    world.look(times=100)
    assert [incident.resolution for incident in world.incidents] == ["failed"]
    world.clock.advance(world.policy.rest)
    world.look(times=2)
    assert len(world.incidents) == 2


def test_a_failed_retraining_is_tried_again_after_the_cooldown_then_given_up() -> None:
    world = LoopWorld()
    world.signals, world.live, world.train = (DRIFT, FALLEN), {1: 0.6}, world.broken
    world.look(times=200)
    (incident,) = world.incidents
    started = [d.time for d in world.decisions if d.action == "retrain"]
    assert [later - started[0] for later in started] == [0.0, 600.0, 1200.0]
    assert incident.resolution == "failed"
    assert "3 retraining(s) brought no better model" in incident.summary
    assert "the disk is full" in incident.summary


def test_a_fall_that_one_retraining_could_not_mend_gets_another_with_more_outcomes() -> None:
    world = LoopWorld()
    world.signals, world.live, world.train = (FALLEN,), {1: 0.6, 3: 0.9}, world.as_good
    world.look(times=10)
    assert world.incidents[0].status == "open"
    world.train = world.better
    world.look(times=80)
    assert (world.incidents[0].resolution, world.champion) == ("healed", 3)


def test_a_retraining_that_hangs_is_stopped_and_counted() -> None:
    world = LoopWorld(make_policy(attempts=1))
    world.signals, world.training_seconds = (DRIFT,), math.inf
    world.look(times=4)
    world.clock.advance(world.policy.retraining_deadline)
    world.look(times=2)
    assert world.calls[-1].startswith("stop_retraining")
    assert world.running == {}
    assert world.incidents[0].resolution == "failed"


def test_a_retraining_whose_process_died_is_started_again_as_the_same_one() -> None:
    world = broken_world()
    world.look(times=4)
    world.restart()
    world.look(times=20)
    asked = [call for call in world.calls if call.startswith("retrain")]
    assert len(asked) == 2
    assert len(set(asked)) == 1
    assert (world.incidents[0].resolution, world.incidents[0].attempts) == ("healed", 1)


def test_a_retraining_that_kills_its_process_each_time_is_given_up() -> None:
    world = LoopWorld(make_policy(attempts=1))
    world.signals, world.training_seconds = (DRIFT,), math.inf
    for _ in range(8):
        world.restart()
        world.look()
    assert world.incidents[0].resolution == "failed"
    assert "its process died 3 time(s)" in world.incidents[0].summary


def test_signals_that_go_away_by_themselves_close_the_incident() -> None:
    world = LoopWorld()
    world.signals, world.labels = (DRIFT,), 0
    world.look(times=5)
    world.signals = ()
    world.look(times=3)
    assert world.incidents[0].resolution == "no_change"
    assert "went away by themselves" in world.incidents[0].summary
    assert world.incidents[0].accepted == ()


@pytest.mark.parametrize("period", [2, 3])
def test_a_flapping_signal_makes_one_incident(period: int) -> None:
    world = LoopWorld()
    world.labels = 0
    for look in range(60):
        world.signals = (DRIFT,) if look % period or look < 2 else ()
        world.look()
    assert len(world.incidents) == 1


def test_a_rollout_that_somebody_else_started_is_led_to_its_end() -> None:
    world = LoopWorld()
    world.start_rollout("churn", 2, incident="", why="keepwell run")
    world.look(times=10)
    assert world.verbs() == ["advance", "promote"]
    assert world.champion == 2
    assert world.incidents == []


def test_a_promotion_that_does_not_help_ends_as_failed_with_numbers() -> None:
    world = broken_world()
    world.live = {1: 0.6, 2: 0.55}
    world.look(times=110)
    (incident,) = world.incidents
    assert incident.resolution == "failed"
    assert "accuracy is 0.5500 on 300 rows" in incident.summary


def test_a_drift_that_remains_after_healing_is_accepted_at_the_new_version() -> None:
    world = broken_world()
    world.signals_of = {2: (make_signal("drift", "age", version=2),)}
    world.look(times=60)
    assert [incident.resolution for incident in world.incidents] == ["healed"]
    assert "1 signal(s) remain and do no harm" in world.incidents[0].summary


def test_waiting_is_recorded_once_however_long_it_takes() -> None:
    world = LoopWorld()
    world.signals, world.labels = (DRIFT,), 10
    world.look(times=50)
    waits = [decision for decision in world.decisions if decision.action == "wait"]
    assert [wait.reason for wait in waits] == [
        "100 outcomes since the last training are needed to learn from:"
        " post them to /endpoints/churn/feedback"
    ]
    assert waits[0].evidence["labels"] == 10
    assert waits[0].incident == world.incidents[0].id


def test_nothing_is_decided_where_nothing_is_wrong() -> None:
    world = LoopWorld()
    assert world.look(times=20) == ()
    assert world.decisions == []


def test_a_dry_run_is_a_tick_without_an_executor() -> None:
    world = LoopWorld()
    world.signals, world.labels = (DRIFT,), 10
    actions = world.look(times=3)
    assert all(isinstance(action, Wait) for action in actions)
    assert world.calls == []
