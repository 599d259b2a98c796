"""The record comes first, and a crash anywhere loses nothing."""

from collections.abc import Callable, Sequence

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.records import Decision, GateVerdict, Incident, Intervention
from keepwell.operations.loop.actions import AdvanceRollout, Wait
from keepwell.operations.loop.effects import NoEffects
from keepwell.operations.loop.executor import Executor
from keepwell.operations.loop.journal import DraftJournal
from keepwell.operations.loop.retrainings import Retraining
from keepwell.testing.loop_world import ENDPOINT, LoopWorld, make_policy, make_signal


class Killed(BaseException):
    """What `kill -9` looks like from inside: nobody catches it."""


class MortalJournal(DraftJournal):
    """Dies at its nth write, just before or just after it is kept."""

    def __init__(self, dies_at: int, *, after: bool) -> None:
        super().__init__()
        self.left, self.after = dies_at, after

    def write(
        self,
        *decisions: Decision,
        incident: Incident | None = None,
        retraining: Retraining | None = None,
        interventions: Sequence[Intervention] = (),
    ) -> None:
        self.left -= 1
        if self.left == 0 and not self.after:
            raise Killed
        super().write(
            *decisions, incident=incident, retraining=retraining, interventions=interventions
        )
        if self.left == 0:
            raise Killed


def played(journal: DraftJournal, prepare: Callable[[LoopWorld], None]) -> LoopWorld:
    world = LoopWorld(make_policy(attempts=1))
    world.journal = journal
    world.restart()
    prepare(world)
    for _ in range(40):
        try:
            world.look()
        except Killed:
            world.restart()
    return world


def healing(world: LoopWorld) -> None:
    world.signals, world.live = (make_signal("drift", "age"),), {1: 0.6, 2: 0.9}


def harmless(world: LoopWorld) -> None:
    healing(world)
    world.train = world.as_good


def aborting(world: LoopWorld) -> None:
    healing(world)
    world.candidate_errors = 0.5


@pytest.mark.parametrize("prepare", [healing, harmless, aborting])
@pytest.mark.parametrize("after", [False, True], ids=["before-write", "after-write"])
def test_a_kill_at_any_write_changes_nothing_about_the_ending(
    prepare: Callable[[LoopWorld], None], *, after: bool
) -> None:
    undisturbed = played(DraftJournal(), prepare)
    for dies_at in range(1, 20):
        world = played(MortalJournal(dies_at, after=after), prepare)
        assert [i.resolution for i in world.incidents] == [
            i.resolution for i in undisturbed.incidents
        ]
        assert world.champion == undisturbed.champion
        assert world.calls.count("start_rollout 2") == undisturbed.calls.count("start_rollout 2")
        assert len(world.rollouts) == len(undisturbed.rollouts)
        trained = {call for call in world.calls if call.startswith("retrain ")}
        assert len(trained) == 1


def test_the_decision_is_in_the_journal_when_its_effect_begins() -> None:
    world = LoopWorld()
    seen: list[tuple[str, str, str]] = []

    class Witness(NoEffects):
        def retrain(self, retraining: Retraining) -> None:
            decision = world.journal.last_decision(ENDPOINT)
            incident = world.journal.incidents[retraining.incident]
            assert decision is not None
            seen.append((decision.action, decision.outcome, incident.status))
            assert world.journal.retrainings[retraining.key].settled == ""

    world.executor = Executor(world.journal, Witness(), world.clock)
    healing(world)
    world.look(times=3)
    assert seen == [("retrain", "", "retraining")]


def test_an_effect_that_fails_is_recorded_and_raises_nothing() -> None:
    world = LoopWorld()
    healing(world)
    world.failing = {"start_rollout": 1}
    world.look(times=5)
    failed = next(decision for decision in world.decisions if decision.action == "start_rollout")
    assert failed.outcome == "failed: start_rollout does not work at present"
    assert world.incidents[0].failures == 1
    world.look()
    assert world.incidents[0].failures == 0
    assert world.incidents[0].rollout == "rollout-1"


def test_an_effect_that_keeps_failing_ends_the_incident() -> None:
    world = LoopWorld()
    healing(world)
    world.failing = {"start_rollout": 99}
    world.look(times=10)
    assert world.incidents[0].resolution == "failed"
    assert "could not be started. start_rollout does not work" in world.incidents[0].summary
    assert all(retraining.settled for retraining in world.journal.retrainings.values())


def test_a_promotion_that_keeps_failing_is_rolled_back() -> None:
    world = LoopWorld()
    healing(world)
    world.failing = {"promote_rollout": 99}
    world.look(times=20)
    assert world.rollouts["rollout-1"].status == "aborted"
    assert world.incidents[0].resolution == "failed"
    assert world.champion == 1


def test_the_same_failure_outside_of_an_incident_is_recorded_once() -> None:
    world = LoopWorld()
    world.start_rollout(ENDPOINT, 2, incident="", why="keepwell run")
    world.failing = {"advance_rollout": 5}
    world.look(times=8)
    advances = [decision for decision in world.decisions if decision.action == "advance"]
    assert [decision.outcome for decision in advances] == [
        "failed: advance_rollout does not work at present",
        "done",
    ]


def test_a_failed_stop_keeps_other_retrainings_from_starting() -> None:
    world = LoopWorld()
    healing(world)
    world.training_seconds = float("inf")
    world.failing = {"stop_retraining": 9999}
    world.look(times=4)
    world.clock.advance(world.policy.retraining_deadline)
    world.look(times=300)
    assert len([call for call in world.calls if call.startswith("retrain ")]) == 1
    assert world.incidents[0].resolution == "failed"
    assert "cannot be ended" in world.decisions[-1].reason or len(world.running) == 1


def test_a_stranger_error_is_told_with_its_class() -> None:
    class Broken(NoEffects):
        def advance_rollout(self, rollout: str, percent: float, *, verdict: GateVerdict) -> None:
            raise ZeroDivisionError("division by zero")

    journal, clock = DraftJournal(), ManualClock(5.0)
    world = LoopWorld()
    action = AdvanceRollout(
        reason="go on", rollout="r", percent=50.0, verdict=GateVerdict(passed=True)
    )
    (decision,) = Executor(journal, Broken(), clock).carry_out(world.view(), (action,))
    assert decision.outcome == "failed: ZeroDivisionError: division by zero"


def test_a_listener_that_fails_is_not_contagious() -> None:
    class Deaf(NoEffects):
        def publish(self, decision: Decision, incident: Incident | None) -> None:
            raise OSError("broken pipe")

    executor = Executor(DraftJournal(), Deaf(), ManualClock())
    assert len(executor.carry_out(LoopWorld().view(), (Wait(reason="nothing to do"),))) == 1


def test_a_restart_does_not_repeat_what_was_said() -> None:
    world = LoopWorld()
    world.signals, world.labels = (make_signal("drift", "age"),), 0
    world.look(times=5)
    before = len(world.decisions)
    world.restart()
    world.look(times=5)
    assert len(world.decisions) == before
