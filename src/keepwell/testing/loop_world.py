"""A simulated endpoint for the loop to look after, moved by hand.

    world = LoopWorld()
    world.signals = (make_signal("performance", value=0.2),)
    world.live = {1: 0.6, 2: 0.9}              # live accuracy, by version
    world.look(times=20)
    assert [incident.resolution for incident in world.incidents] == ["healed"]

It is `Views` and `Effects` at once: what the loop does to it shows in the next view. Its clock stands
still between looks, so that a story of hours is told in milliseconds. Good for testing one's own policy.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from keepwell.core.clock import ManualClock
from keepwell.core.errors import ConflictError, UnavailableError
from keepwell.core.records import (
    Bundle,
    Decision,
    Endpoint,
    Estimate,
    GateCheck,
    GateVerdict,
    Incident,
    Intervention,
    ModelVersion,
    Rollout,
    RolloutStep,
    Route,
    Signal,
    Signature,
    Task,
)
from keepwell.core.spec import MonitorSpec, RolloutSpec
from keepwell.core.spec.looping import LoopSpec, RetrainSpec
from keepwell.operations.loop.actions import Action
from keepwell.operations.loop.executor import Executor
from keepwell.operations.loop.journal import DraftJournal
from keepwell.operations.loop.policy import Limits, Policy
from keepwell.operations.loop.retrainings import Comparison, Retraining, RetrainingResult
from keepwell.operations.loop.tick import tick
from keepwell.operations.loop.view import LiveMetric, Look, RouteStats, Trial, View

ENDPOINT = "churn"
PASSED = GateVerdict(passed=True)
REFUSED = GateVerdict(
    passed=False,
    checks=(
        GateCheck(
            name="min accuracy", passed=False, value=0.5, limit=0.8, detail="accuracy 0.50 < 0.80"
        ),
    ),
)
_REMEMBERED = 8


def make_policy(**limits: float | str) -> Policy:
    """Return a policy of round numbers: looks every 10 s, cooldown 10 min, windows of 5 min."""
    return Policy(
        loop=LoopSpec(retrain=RetrainSpec(cooldown=600.0, min_labels=100)),
        rollout=RolloutSpec(steps=(10.0, 100.0), hold=30.0),
        monitor=MonitorSpec(window_seconds=300.0, every=10.0, min_rows=100),
        limits=replace(Limits(), **limits),  # type: ignore[arg-type]  # each is of its field's type
    )


def make_champion(version: int = 1, *, created: float = 0.0) -> ModelVersion:
    """Return a version of a model that leans on `age` most and on `noise` not at all."""
    return ModelVersion(
        model=ENDPOINT,
        version=version,
        run=f"run-{version}",
        bundle=Bundle(files=()),
        signature=Signature(task=Task.BINARY, target="left", inputs=(), classes=("no", "yes")),
        metric="accuracy",
        importance={"age": 0.7, "income": 0.3, "noise": 0.0},
        created=created,
    )


def make_signal(
    kind: str = "drift",
    column: str = "",
    *,
    value: float = 0.4,
    version: int = 1,
    since: float = 0.0,
    until: float = 0.0,
) -> Signal:
    """Return a signal with a limit of 0.1 on 500 rows."""
    return Signal(
        kind=kind,
        endpoint=ENDPOINT,
        version=version,
        column=column,
        value=value,
        limit=0.1,
        severity=min(1.0, value),
        message=f"{kind} {column}".strip(),
        rows=500,
        since=since,
        until=until,
    )


def make_comparison(champion: float, challenger: float, *, doubt: float = 0.02) -> Comparison:
    """Return a comparison whose interval reaches `doubt` to both sides of the gain."""
    gain = challenger - champion
    return Comparison(
        metric="accuracy",
        rows=400,
        champion=champion,
        challenger=challenger,
        gain=Estimate(value=gain, low=gain - doubt, high=gain + doubt),
    )


def make_live(version: int, value: float, *, rows: int = 300) -> LiveMetric:
    """Return a live accuracy with an interval of 0.02 to both sides."""
    estimate = Estimate(value=value, low=value - 0.02, high=value + 0.02)
    return LiveMetric(name="accuracy", version=version, value=estimate, rows=rows, expected=0.9)


class LoopWorld:
    """One endpoint, its traffic, and everything the loop may do to it.

    Attributes:
        signals: What the monitor reports about version 1; other versions are quiet unless `signals_of`
            says otherwise.
        live: Live accuracy by version; a version without one has no outcomes.
        rows: Predictions in the monitor's window.
        labels: Outcomes since the last training.
        train: Says what comes of a retraining; by default version after version, each better.
        training_seconds: How long a retraining takes; it hangs if infinite.
        requests: Rows that each route answers during a step.
        candidate_errors: Share of them that a candidate fails.
        failing: Verbs of `Effects` that raise, and for how many more calls.
        rollback_seen: Whether an abort can be verified.
        calls: What the loop did, in order.
    """

    def __init__(self, policy: Policy | None = None, *, start: float = 1_000_000.0) -> None:
        self.policy = policy or make_policy()
        self.clock = ManualClock(start)
        self.journal = DraftJournal()
        self.executor = Executor(self.journal, self, self.clock)
        self.champion = 1
        self.signals: tuple[Signal, ...] = ()
        self.signals_of: dict[int, tuple[Signal, ...]] = {}
        self.live: Mapping[int, float] = {}
        self.rows = 500
        self.labels = 500
        self.train: Callable[[Retraining, int], RetrainingResult] = self.better
        self.training_seconds = 20.0
        self.requests = 200
        self.candidate_errors = 0.0
        self.failing: dict[str, int] = {}
        self.rollback_seen = True
        self.calls: list[str] = []
        self.rollouts: dict[str, Rollout] = {}
        self.running: dict[str, float] = {}
        self.results: dict[str, RetrainingResult] = {}
        self.looks: list[Look] = []
        self.deployed: float | None = None
        self._versions = 1

    # The story

    @property
    def incidents(self) -> list[Incident]:
        """All incidents, oldest first."""
        return list(self.journal.incidents.values())

    @property
    def decisions(self) -> list[Decision]:
        """All decisions, oldest first."""
        return list(self.journal.decisions.values())

    def verbs(self) -> list[str]:
        """Return what was decided, in order, without the waiting."""
        return [decision.action for decision in self.decisions if decision.action != "wait"]

    def look(self, times: int = 1) -> tuple[Action, ...]:
        """Let time pass to the next look, decide and act; return the actions of the last one."""
        actions: tuple[Action, ...] = ()
        for _ in range(times):
            self.clock.advance(self.policy.monitor.every)
            self._monitor()
            view = self.view()
            actions = tick(view, self.clock.now())
            self.executor.carry_out(view, actions)
        return actions

    def restart(self) -> None:
        """Let the process die and come back: what was only in memory is gone."""
        self.running.clear()
        self.executor = Executor(self.journal, self, self.clock)

    # Views

    def endpoints(self) -> Sequence[str]:
        """Return the one endpoint's name."""
        return (ENDPOINT,)

    def view(self, endpoint: str = ENDPOINT) -> View:
        """Return the endpoint as it is now."""
        memory = self.journal.recall(endpoint, self.champion)
        running = next((r for r in self.rollouts.values() if r.status == "running"), None)
        shown = running or self._last_of(memory.incident)
        return View(
            endpoint=Endpoint(
                name=endpoint, model=ENDPOINT, routes=(Route(version=self.champion, weight=100.0),)
            ),
            champion=make_champion(self.champion),
            policy=self.policy,
            looks=tuple(self.looks),
            trial=self._trial(shown) if shown else None,
            result=self._result(memory.retraining) if memory.retraining else None,
            labels=self.labels,
            last_deployment=self.deployed,
            memory=memory,
        )

    # Effects

    def retrain(self, retraining: Retraining) -> None:
        """Start the simulated training."""
        self._call("retrain", retraining.id)
        if retraining.id not in self.results:
            self.running.setdefault(retraining.id, self.clock.now())

    def stop_retraining(self, retraining: str, reason: str) -> None:
        """End the simulated training."""
        self._call("stop_retraining", retraining)
        self.running.pop(retraining, None)

    def start_rollout(self, endpoint: str, candidate: int, *, incident: str, why: str) -> str:
        """Start a rollout as the policy says."""
        for rollout in self.rollouts.values():
            if (rollout.candidate, rollout.incident) == (candidate, incident):
                return rollout.id
        if any(rollout.status == "running" for rollout in self.rollouts.values()):
            raise ConflictError("another rollout is running")
        self._call("start_rollout", str(candidate))
        now, spec = self.clock.now(), self.policy.rollout
        rollout = Rollout(
            id=f"rollout-{len(self.rollouts) + 1}",
            endpoint=endpoint,
            candidate=candidate,
            baseline=self.champion,
            strategy=spec.strategy,
            steps=spec.steps,
            hold=spec.hold,
            history=(RolloutStep(percent=spec.steps[0], started=now),),
            started=now,
            incident=incident,
        )
        self.rollouts[rollout.id] = rollout
        return rollout.id

    def advance_rollout(self, rollout: str, percent: float, *, verdict: GateVerdict) -> None:
        """Begin the next step."""
        self._call("advance_rollout", f"{percent:g}")
        found = self.rollouts[rollout]
        if found.history[-1].percent < percent:
            step = RolloutStep(percent=percent, started=self.clock.now())
            self.rollouts[rollout] = replace(found, history=(*found.history, step))

    def promote_rollout(self, rollout: str, *, verdict: GateVerdict) -> None:
        """Make the candidate champion."""
        self._call("promote_rollout", str(self.rollouts[rollout].candidate))
        found = self.rollouts[rollout]
        self.rollouts[rollout] = replace(found, status="promoted", ended=self.clock.now())
        self.champion = found.candidate
        self.deployed = self.clock.now()
        self.labels = 0

    def abort_rollout(self, rollout: str, *, verdict: GateVerdict | None, reason: str) -> None:
        """Go back to the baseline."""
        self._call("abort_rollout", reason)
        found = self.rollouts[rollout]
        status = "aborted" if self.rollback_seen else "abort_failed"
        now = self.clock.now()
        self.rollouts[rollout] = replace(found, status=status, ended=now, reason=reason)

    def plan(self, intervention: Intervention) -> Intervention:
        """Plan one step."""
        return replace(intervention, steps=(intervention.playbook,))

    def intervene(self, intervention: Intervention) -> Intervention:
        """Note that it was done."""
        self._call("intervene", f"{intervention.playbook} {intervention.id}")
        return intervention

    def undo(self, intervention: Intervention, reason: str) -> None:
        """Note that it was taken back."""
        self._call("undo", f"{intervention.playbook} {intervention.id}")

    def publish(self, decision: Decision, incident: Incident | None) -> None:
        """Tell nobody."""

    # What comes of trainings

    def better(self, retraining: Retraining, version: int) -> RetrainingResult:
        """Train a challenger that is clearly better."""
        return self._trained(retraining, version, make_comparison(0.6, 0.9), PASSED)

    def as_good(self, retraining: Retraining, version: int) -> RetrainingResult:
        """Train a challenger that is no better."""
        return self._trained(retraining, version, make_comparison(0.9, 0.901), PASSED)

    def refused(self, retraining: Retraining, version: int) -> RetrainingResult:
        """Train a challenger that is better and fails its gate."""
        return self._trained(retraining, version, make_comparison(0.6, 0.7), REFUSED)

    def broken(self, retraining: Retraining, version: int) -> RetrainingResult:
        """Fail to train."""
        return RetrainingResult(status="failed", run=f"run-{version}", error="the disk is full")

    def _trained(
        self, retraining: Retraining, version: int, comparison: Comparison, verdict: GateVerdict
    ) -> RetrainingResult:
        return RetrainingResult(
            status="done",
            run=f"run-{version}",
            candidate=version,
            verdict=verdict,
            comparison=comparison,
            window=retraining.windows[0].name,
            rows=self.labels,
        )

    # Inside

    def _call(self, verb: str, what: str) -> None:
        left = self.failing.get(verb, 0)
        if left > 0:
            self.failing[verb] = left - 1
            raise UnavailableError(f"{verb} does not work at present")
        self.calls.append(f"{verb} {what}")

    def _monitor(self) -> None:
        live = self.live.get(self.champion)
        signals = self.signals if self.champion == 1 else self.signals_of.get(self.champion, ())
        self.looks.append(
            Look(
                time=self.clock.now(),
                version=self.champion,
                rows=self.rows,
                signals=signals,
                live=None if live is None else make_live(self.champion, live),
            )
        )
        del self.looks[:-_REMEMBERED]

    def _last_of(self, incident: Incident | None) -> Rollout | None:
        mine = [r for r in self.rollouts.values() if incident and r.incident == incident.id]
        return mine[-1] if mine else None

    def _trial(self, rollout: Rollout) -> Trial:
        errors = round(self.requests * self.candidate_errors)
        return Trial(
            rollout=rollout,
            candidate=RouteStats(
                version=rollout.candidate, requests=self.requests, errors=errors, latency_p95_ms=4.0
            ),
            baseline=RouteStats(
                version=rollout.baseline, requests=self.requests, latency_p95_ms=4.0
            ),
        )

    def _result(self, retraining: Retraining) -> RetrainingResult | None:
        if retraining.id in self.results:
            return self.results[retraining.id]
        started = self.running.get(retraining.id)
        if started is None:
            return None
        if self.clock.now() - started < self.training_seconds:
            return RetrainingResult(status="running", run=f"run-{self._versions + 1}")
        self._versions += 1
        del self.running[retraining.id]
        self.results[retraining.id] = self.train(retraining, self._versions)
        return self.results[retraining.id]
