"""When to retrain: Keepwell's loop, and the simpler rules that it is held against.

Each is what `simulate` asks at every look. The simpler rules train on all rows known at that time, with the
same machinery and the same seconds, and put what they get behind the endpoint unseen.
"""

from collections.abc import Callable, Sequence

from keepwell.core.records import GateVerdict
from keepwell.operations.loop.actions import (
    Action,
    DropRetraining,
    PromoteRollout,
    StartRetraining,
    StartRollout,
)
from keepwell.operations.loop.retrainings import Retraining
from keepwell.operations.loop.view import View

DRIFT = frozenset({"drift", "prediction_drift", "joint_drift", "concept_drift"})
_UNSEEN = GateVerdict(passed=True)

Rule = Callable[[View, float], Sequence[Action]]


def periodic(seconds: float) -> Rule:
    """Retrain every so many seconds, whatever is seen."""

    def due(view: View, now: float) -> bool:
        return now - (view.memory.last_retraining or view.champion.created) >= seconds

    return _simple("periodic", due)


def at_alarms() -> Rule:
    """Retrain at every look that reports a drift of the version that serves."""

    def due(view: View, now: float) -> bool:
        return any(one.kind in DRIFT and view.is_current(one) for one in view.signals)

    return _simple("alarm", due)


def _simple(name: str, due: Callable[[View, float], bool]) -> Rule:
    def decide(view: View, now: float) -> Sequence[Action]:
        if view.rollout is not None:
            reason = "nobody asks whether it is better"
            return (PromoteRollout(reason=reason, rollout=view.rollout.id, verdict=_UNSEEN),)
        if view.retraining is not None:
            return _deployed(view, view.retraining)
        if not due(view, now):
            return ()
        wanted = Retraining(
            id=f"{name}-{now:.0f}",
            endpoint=view.endpoint.name,
            baseline=view.champion.version,
            decided=now,
            reason=name,
        )
        return (StartRetraining(reason=name, retraining=wanted),)

    return decide


def _deployed(view: View, retraining: Retraining) -> Sequence[Action]:
    result = view.result
    if result is None or result.status != "done":
        why = "" if result is None else result.error
        return (DropRetraining(reason=f"it failed: {why}", retraining=retraining.id),)
    return (
        StartRollout(
            reason="it is newer",
            candidate=result.candidate,
            retraining=retraining.id,
            run=result.run,
        ),
    )
