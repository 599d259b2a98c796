"""A flapping signal is one incident; a clock that is set, forward or back, does no harm."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.clock import Continuity
from keepwell.testing.loop_world import LoopWorld, make_policy, make_signal

DRIFT = make_signal("drift", "age", value=0.4)
FALLEN = make_signal("performance", value=0.3)
HOUR = 3600.0
TEN_YEARS = 10 * 365 * 86400.0


def flapping(on: int, off: int, looks: int) -> LoopWorld:
    """Return a world in which a signal came and went for hours; nothing could be learnt from it."""
    world = LoopWorld()
    world.labels = 0
    for number in range(looks):
        world.signals = (DRIFT,) if number % (on + off) < on else ()
        world.look()
    return world


@pytest.mark.parametrize(("on", "off"), [(2, 3), (3, 8), (9, 20), (15, 47)])
def test_a_signal_that_flaps_for_hours_is_one_incident(on: int, off: int) -> None:
    world = flapping(on, off, looks=720)
    (incident,) = world.incidents
    assert incident.reopened <= 4, "it stays open for longer each time"
    assert incident.opened < 1_000_100.0


def test_an_incident_that_goes_on_tells_so_and_stays_open_for_longer_each_time() -> None:
    world = flapping(3, 8, looks=300)
    (incident,) = world.incidents
    assert incident.status == "open", "8 quiet looks are no end any more"
    assert incident.reopened == 2
    lines = [entry.text for entry in incident.timeline]
    assert lines.count("the signals are back: drift age") == 2
    assert world.verbs().count("open_incident") == 1
    world.signals = ()
    world.look(times=12)
    assert world.incidents[0].resolution == "no_change"


def test_what_comes_back_much_later_is_another_incident() -> None:
    world = LoopWorld()
    world.labels = 0
    world.signals = (DRIFT,)
    world.look(times=3)
    world.signals = ()
    world.look(times=3)
    world.clock.advance(world.policy.relapse + 1)
    world.signals = (DRIFT,)
    world.look(times=3)
    assert [one.reopened for one in world.incidents] == [0, 0]


def test_other_signals_are_another_incident() -> None:
    world = LoopWorld()
    world.labels = 0
    for column in ("age", "income", "age"):
        world.signals = (make_signal("drift", column),)
        world.look(times=3)
        world.signals = ()
        world.look(times=6)
    assert [one.reopened for one in world.incidents] == [1, 0]


def test_a_flapping_fall_of_performance_uses_up_its_attempts_over_all_its_returns() -> None:
    world = LoopWorld()
    world.train, world.live = world.as_good, {1: 0.6}
    for number in range(900):
        world.signals = (FALLEN,) if number % 25 < 15 else ()
        world.look()
        if any(one.resolution == "failed" for one in world.incidents):
            break
    assert len(world.incidents) == 1
    assert world.incidents[0].attempts == 3
    assert world.incidents[0].resolution == "failed"


# Clocks


def sound(world: LoopWorld) -> None:
    """Hold that no duration is negative, and the story is in order."""
    for incident in world.incidents:
        assert incident.detected <= incident.opened
        assert incident.closed is None or incident.closed >= incident.opened


@pytest.mark.parametrize("step", [3 * HOUR, -3 * HOUR, 40 * 86400.0, -40 * 86400.0])
@pytest.mark.parametrize("looks", [0, 2, 3, 5, 7, 10, 14, 18])
def test_a_clock_that_is_set_at_any_time_changes_nothing_about_the_ending(
    step: float, looks: int
) -> None:
    world = LoopWorld(start=1e9)
    world.signals, world.live = (DRIFT, FALLEN), {1: 0.6, 2: 0.9}
    world.look(times=looks)
    world.set_clock(step)
    world.look(times=30)
    assert [one.resolution for one in world.incidents] == ["healed"]
    assert world.incidents[0].attempts == 1
    assert world.champion == 2
    assert world.verbs().count("retrain") == 1
    sound(world)


@pytest.mark.parametrize("step", [3 * HOUR, -3 * HOUR, -TEN_YEARS])
def test_a_step_alone_opens_nothing(step: float) -> None:
    world = LoopWorld(start=1e9)
    world.look(times=5)
    world.set_clock(step)
    assert world.look(times=30) == ()
    assert world.decisions == []


def test_a_promotion_is_not_called_a_failure_because_the_clock_leapt() -> None:
    world = LoopWorld(start=1e9)
    world.signals, world.live = (DRIFT, FALLEN), {1: 0.6}
    world.look(times=20)
    assert world.incidents[0].status == "verifying"
    world.set_clock(30 * 86400.0)
    world.look(times=5)
    assert world.incidents[0].status == "verifying", "nobody watched in those days"
    world.live = {1: 0.6, 2: 0.9}
    world.look()
    assert world.incidents[0].resolution == "healed"


def test_a_step_of_a_trial_is_held_for_its_time_whatever_the_clock_does() -> None:
    world = LoopWorld(start=1e9)
    world.start_rollout("churn", 2, incident="", why="keepwell run")
    world.requests = 5  # too few to decide by: the step is held for three times its time
    world.look()
    world.set_clock(3 * HOUR)
    world.look(times=3)
    assert world.verbs() == []
    world.look(times=6)
    assert world.verbs() == ["advance"]


@pytest.mark.parametrize("restart", [False, True])
def test_a_cooldown_ends_though_its_beginning_lies_years_ahead(*, restart: bool) -> None:
    world = LoopWorld(start=1e9 + TEN_YEARS)
    world.signals, world.live, world.train = (FALLEN,), {1: 0.6}, world.broken
    world.look(times=6)
    assert world.verbs().count("retrain") == 1
    world.set_clock(-TEN_YEARS)
    if restart:
        world.restart()
    world.look(times=30)
    assert world.verbs().count("retrain") == 1, "it may not end at once either"
    world.look(times=35)
    assert world.verbs().count("retrain") == 2
    sound(world)


def test_a_retraining_that_hangs_is_found_out_though_the_clock_was_set_back() -> None:
    world = LoopWorld(make_policy(attempts=1), start=1e9)
    world.signals, world.training_seconds = (DRIFT,), float("inf")
    world.look(times=4)
    world.set_clock(-TEN_YEARS / 20)
    world.clock.advance(world.policy.retraining_deadline)
    world.look(times=2)
    assert world.calls[-1].startswith("stop_retraining")
    assert world.incidents[0].resolution == "failed"
    sound(world)


def test_what_was_accepted_by_a_wrong_clock_is_not_accepted_for_years() -> None:
    world = LoopWorld(make_policy(attempts=1), start=1e9 + TEN_YEARS)
    world.signals, world.live, world.train = (FALLEN,), {1: 0.6}, world.broken
    world.look(times=12)
    assert world.incidents[0].resolution == "failed"
    world.set_clock(-TEN_YEARS)
    world.look(times=3)
    assert len(world.incidents) == 2


def test_a_clock_set_back_does_not_keep_an_incident_open() -> None:
    world = LoopWorld(start=1e9)
    world.labels = 0
    world.signals = (DRIFT,)
    world.look(times=4)
    world.set_clock(-10 * HOUR)
    world.signals = ()
    world.look(times=5)
    assert world.incidents[0].resolution == "no_change"
    sound(world)


@settings(max_examples=20, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.integers(1, 12), st.sampled_from([-9e5, -7200.0, -30.0, 30.0, 7200.0, 9e5])),
        max_size=5,
    )
)
def test_however_often_it_is_set_there_is_one_incident_and_one_training(
    steps: list[tuple[int, float]],
) -> None:
    world = LoopWorld(start=1e9)
    world.signals, world.live = (DRIFT, FALLEN), {1: 0.6, 2: 0.9}
    for looks, step in steps:
        world.look(times=looks)
        world.set_clock(step)
    world.look(times=30)
    assert [one.resolution for one in world.incidents] == ["healed"]
    assert world.verbs().count("retrain") == 1
    sound(world)


@given(moves=st.lists(st.tuples(st.floats(0.1, 100.0), st.floats(-4.0, 4.0)), max_size=30))
def test_a_clock_that_is_slewed_is_not_taken_for_one_that_is_set(
    moves: list[tuple[float, float]],
) -> None:
    seen, now, steady = Continuity(), 1e9, 0.0
    for passed, slew in moves:
        now, steady = now + passed + slew, steady + passed
        seen.look(now, steady)
    assert seen.gaps == ()


def test_time_in_which_nobody_ran_is_a_gap() -> None:
    seen = Continuity()
    seen.resume(1000.0, 87_400.0)
    seen.look(87_400.0, 0.0)
    assert seen.gaps == ((1000.0, 87_400.0),)
    quick = Continuity()
    quick.resume(1000.0, 1030.0)
    assert quick.gaps == ()
    first = Continuity()
    first.resume(None, 1030.0)
    assert first.gaps == ()
