"""Hand-made views of an endpoint, for testing what the loop decides tick by tick.

view = make_view(make_look(DRIFT, time=990.0), make_look(DRIFT))
assert isinstance(only(view), OpenIncident)
"""

from dataclasses import replace
from typing import Any

from keepwell.core.records import Endpoint, Incident, Rollout, RolloutStep, Route, Signal
from keepwell.operations.loop.actions import Action
from keepwell.operations.loop.retrainings import Comparison, Retraining, RetrainingResult
from keepwell.operations.loop.tick import tick
from keepwell.operations.loop.view import LiveMetric, Look, Memory, RouteStats, Trial, View
from keepwell.testing.loop_world import (
    PASSED,
    make_champion,
    make_comparison,
    make_policy,
    make_signal,
)

NOW = 1000.0
"""When the newest look of a hand-made view is."""

DRIFT = make_signal("drift", "age", since=900.0, until=1000.0)
FALLEN = make_signal("performance", value=0.3, since=800.0, until=1000.0)


def make_look(
    *signals: Signal, time: float = NOW, version: int = 1, live: LiveMetric | None = None
) -> Look:
    """Return a look at 500 rows."""
    return Look(time=time, version=version, rows=500, signals=signals, live=live)


def make_view(*looks: Look, version: int = 1, **changes: Any) -> View:
    """Return a view with 500 outcomes; `changes` are fields of `View` or of its `Memory`."""
    memory = Memory(**{name: changes.pop(name) for name in Memory.__slots__ if name in changes})
    view = View(
        endpoint=Endpoint(name="churn", model="churn", routes=(Route(version=1, weight=100.0),)),
        champion=make_champion(version),
        policy=make_policy(),
        looks=looks,
        labels=500,
        memory=memory,
    )
    return replace(view, **changes)


def make_incident(status: str = "open", *signals: Signal, **changes: Any) -> Incident:
    """Return incident `I`, opened at 500 for a drift that began at 400."""
    incident = Incident(
        id="I",
        endpoint="churn",
        title="Inputs moved",
        status=status,
        opened=500.0,
        detected=400.0,
        signals=signals or (DRIFT,),
    )
    return replace(incident, **changes)


def make_retraining(**changes: Any) -> Retraining:
    """Return the first retraining of incident `I`, decided at 900."""
    retraining = Retraining(
        id="I-1", endpoint="churn", baseline=1, decided=900.0, reason="", incident="I"
    )
    return replace(retraining, **changes)


def make_result(comparison: Comparison | None = None, **changes: Any) -> RetrainingResult:
    """Return a finished retraining whose candidate, version 2, is clearly better."""
    done = RetrainingResult(
        status="done",
        run="run-2",
        candidate=2,
        verdict=PASSED,
        comparison=comparison or make_comparison(0.6, 0.9),
    )
    return replace(done, **changes)


def make_trial(
    percent: float = 10.0, held: float = 30.0, *, status: str = "running", **candidate: Any
) -> Trial:
    """Return rollout `R` of version 2 for incident `I`, in a step that has been held so long."""
    rollout = Rollout(
        id="R",
        endpoint="churn",
        candidate=2,
        baseline=1,
        strategy="canary",
        steps=(10.0, 50.0, 100.0),
        hold=30.0,
        history=(RolloutStep(percent=percent, started=NOW - held),),
        status=status,
        incident="I",
        reason="it failed too often" if status.startswith("abort") else "",
    )
    return Trial(
        rollout=rollout,
        candidate=RouteStats(**{"version": 2, "requests": 100, "latency_p95_ms": 4.0, **candidate}),
        baseline=RouteStats(version=1, requests=900, latency_p95_ms=4.0),
    )


def only(view: View, now: float = NOW) -> Action:
    """Return the one action for a view; `ValueError` if there are none or several."""
    (action,) = tick(view, now)
    return action
