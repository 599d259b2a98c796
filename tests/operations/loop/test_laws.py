"""What must hold whatever happens: random worlds, faults included, then quiet."""

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keepwell.core.records import Signal
from keepwell.operations.loop.actions import (
    Action,
    CloseIncident,
    PromoteRollout,
    StartRetraining,
    StartRollout,
)
from keepwell.operations.loop.retrainings import Retraining, RetrainingResult
from keepwell.operations.loop.tick import tick
from keepwell.testing.loop_world import LoopWorld, make_policy, make_signal

SIGNALS = st.lists(
    st.builds(
        make_signal,
        st.sampled_from(
            ["drift", "performance", "quality", "prediction_drift", "latency", "errors"]
        ),
        st.sampled_from(["", "age", "noise"]),
        value=st.floats(0.05, 2.0),
        version=st.integers(0, 3),
    ),
    max_size=3,
    unique_by=lambda signal: (signal.kind, signal.column, signal.version),
).map(tuple)
TRAINERS = ("better", "as_good", "refused", "broken", "hangs", "dies")
VERBS = (
    "retrain",
    "stop_retraining",
    "start_rollout",
    "advance_rollout",
    "promote_rollout",
    "abort_rollout",
)
MOMENTS = st.fixed_dictionaries(
    {
        "signals": SIGNALS,
        "trainer": st.sampled_from(TRAINERS),
        "looks": st.integers(1, 8),
        "pause": st.sampled_from([0.0, 0.0, 700.0, 5000.0]),
        "live": st.none() | st.floats(0.3, 0.99),
        "labels": st.sampled_from([0, 50, 500]),
        "requests": st.sampled_from([0, 5, 200]),
        "errors": st.sampled_from([0.0, 0.0, 0.2]),
        "failing": st.dictionaries(st.sampled_from(VERBS), st.integers(1, 8), max_size=2),
        "rollback_seen": st.booleans(),
        "restart": st.booleans(),
    }
)
STORIES = st.lists(MOMENTS, min_size=1, max_size=6)
WHEN_UNSURE = st.sampled_from(["advance", "abort"])
slow = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Watcher:
    """Plays a story and keeps what was decided, and when."""

    def __init__(self, world: LoopWorld) -> None:
        self.world = world
        self.actions: list[tuple[float, Action]] = []
        self.most_running = 0
        self.refused: set[int] = set()

    def look(self, times: int) -> None:
        for _ in range(times):
            before = self.world.view()
            assert tick(before, self.world.clock.now()) == tick(before, self.world.clock.now())
            now_actions = self.world.look()
            self.actions += [(self.world.clock.now(), action) for action in now_actions]
            self.most_running = max(self.most_running, len(self.world.running))

    def play(self, moment: dict[str, object]) -> None:
        world = self.world
        if moment["restart"]:
            world.restart()
        world.signals = moment["signals"]  # type: ignore[assignment]
        signals: tuple[Signal, ...] = world.signals
        world.signals_of = {2: signals, 3: signals}
        world.train, world.training_seconds = self._trainer(str(moment["trainer"]))
        live = moment["live"]
        world.live = {} if live is None else dict.fromkeys(range(1, 9), live)  # type: ignore[arg-type]
        world.labels, world.requests = moment["labels"], moment["requests"]  # type: ignore[assignment]
        world.candidate_errors = moment["errors"]  # type: ignore[assignment]
        world.failing = dict(moment["failing"])  # type: ignore[call-overload]
        world.rollback_seen = bool(moment["rollback_seen"])
        world.clock.advance(moment["pause"])  # type: ignore[arg-type]
        self.look(moment["looks"])  # type: ignore[arg-type]

    def quieten(self) -> None:
        world = self.world
        world.signals, world.signals_of, world.requests = (), {}, 0
        world.candidate_errors = 0.0
        for _ in range(60):
            world.clock.advance(200.0)
            self.look(1)

    def _trainer(self, name: str) -> tuple[Callable[[Retraining, int], RetrainingResult], float]:
        if name in ("hangs", "dies"):
            return self.world.better, math.inf
        inner = getattr(self.world, name)

        def train(retraining: Retraining, version: int) -> RetrainingResult:
            result: RetrainingResult = inner(retraining, version)
            if result.verdict is None or not result.verdict.passed:
                self.refused.add(version)
            return result

        return train, 20.0


def told(
    story: list[dict[str, object]], when_unsure: str = "advance", attempts: int = 2
) -> Watcher:
    watcher = Watcher(LoopWorld(make_policy(when_unsure=when_unsure, attempts=attempts)))
    for moment in story:
        watcher.play(moment)
    return watcher


@slow
@given(STORIES, WHEN_UNSURE)
def test_every_incident_ends_closed_once_the_world_is_quiet(
    story: list[dict[str, object]], when_unsure: str
) -> None:
    watcher = told(story, when_unsure)
    watcher.quieten()
    assert [item for item in watcher.world.incidents if item.status != "closed"] == []
    assert all(item.resolution and item.summary and item.closed for item in watcher.world.incidents)


@slow
@given(STORIES)
def test_never_two_retrainings_or_two_rollouts_at_once(story: list[dict[str, object]]) -> None:
    watcher = told(story)
    assert watcher.most_running <= 1
    running = [item for item in watcher.world.rollouts.values() if item.status == "running"]
    assert len(running) <= 1


@slow
@given(STORIES)
def test_never_tries_a_candidate_whose_gate_refused_it(story: list[dict[str, object]]) -> None:
    watcher = told(story)
    tried = {a.candidate for _, a in watcher.actions if isinstance(a, StartRollout)}
    assert not tried & watcher.refused
    promoted = {
        watcher.world.rollouts[a.rollout].candidate
        for _, a in watcher.actions
        if isinstance(a, PromoteRollout)
    }
    assert promoted <= tried


@slow
@given(STORIES)
def test_the_cooldown_lies_between_any_two_retrainings(story: list[dict[str, object]]) -> None:
    watcher = told(story)
    started = [
        when
        for when, action in watcher.actions
        if isinstance(action, StartRetraining) and action.retraining.resumes == 0
    ]
    gaps = [later - earlier for earlier, later in pairwise(started)]
    cooldown = watcher.world.policy.loop.retrain.cooldown
    assert all(gap >= cooldown for gap in gaps)


@slow
@given(STORIES)
def test_one_incident_at_a_time_and_each_is_closed_once(story: list[dict[str, object]]) -> None:
    watcher = told(story)
    watcher.quieten()
    incidents = sorted(watcher.world.incidents, key=lambda item: item.opened)
    for earlier, later in pairwise(incidents):
        assert earlier.closed is not None
        assert earlier.closed <= later.opened
    closes = [action for _, action in watcher.actions if isinstance(action, CloseIncident)]
    assert len(closes) == len(incidents)


@slow
@given(STORIES)
def test_every_effect_was_decided_before_and_every_decision_tells_how_it_went(
    story: list[dict[str, object]],
) -> None:
    watcher = told(story)
    assert all(decision.outcome for decision in watcher.world.decisions)
    verbs = [decision.action for decision in watcher.world.decisions]
    calls = [call.split()[0] for call in watcher.world.calls]
    assert calls.count("promote_rollout") <= verbs.count("promote")
    assert calls.count("retrain") <= verbs.count("retrain")


@pytest.mark.parametrize("trainer", ["better", "as_good", "refused", "broken"])
def test_a_crash_at_any_look_changes_nothing_about_the_ending(trainer: str) -> None:
    def ending(crash_at: int) -> tuple[list[str], int]:
        world = LoopWorld(make_policy(attempts=1))
        world.train = getattr(world, trainer)
        world.signals, world.live = (make_signal("drift", "age"),), {1: 0.6, 2: 0.9}
        for look in range(40):
            if look == crash_at:
                world.restart()
            world.look()
        return [item.resolution for item in world.incidents], world.champion

    undisturbed = ending(-1)
    assert [ending(crash_at) for crash_at in range(20)] == [undisturbed] * 20
