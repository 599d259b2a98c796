"""Conditions about what happened around an endpoint, and what the loop does about it."""

from dataclasses import dataclass

from keepwell.core.durations import format_duration
from keepwell.core.records import Intervention
from keepwell.core.rules import CAUSES, Hours
from keepwell.core.spec.looping import TRAINING
from keepwell.operations.loop.causes import rank
from keepwell.operations.loop.conditions.base import Condition, Finding
from keepwell.operations.loop.conditions.timing import clock_time
from keepwell.operations.loop.interventions.agreement import ROLL_OUT
from keepwell.operations.loop.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalAbout(Condition):
    """Holds if the newest look shows a signal of a kind that is about a column; of any if it names none."""

    kinds: frozenset[str] = frozenset()
    column: str = ""

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        found = [
            signal
            for signal in view.signals
            if (not self.kinds or signal.kind in self.kinds)
            and self.column in ("", signal.column)
            and view.is_current(signal)
        ]
        about = f" of {self.column}" if self.column else ""
        wanted = " or ".join(sorted(self.kinds)) or "signal"
        return Finding(
            holds=bool(found),
            reason=f"the monitor reports {' and '.join(sorted({one.kind for one in found}))}{about}"
            if found
            else f"the monitor reports no {wanted}{about}",
            numbers={"signals": len(found)},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentChange(Condition):
    """Holds if the routes, or with `champion` the champion, changed within the last `seconds`."""

    seconds: float
    champion: bool = False

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        last = view.last_promotion if self.champion else view.last_deployment
        if not self.champion:  # a promotion changes the routes, too
            last = max((at for at in (last, view.last_promotion) if at is not None), default=None)
        what = "the champion" if self.champion else "the routes"
        if last is None or now - last >= self.seconds:
            return Finding(
                holds=False,
                reason=f"{what} did not change within the last {format_duration(self.seconds)}",
            )
        return Finding(
            holds=True,
            reason=f"{what} changed at {clock_time(last)}",
            numbers={"seconds_since_change": round(now - last, 3)},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentOpen(Condition):
    """Holds if an incident is open, and has been for so many seconds."""

    seconds: float = 0.0

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        incident = view.incident
        if incident is None:
            return Finding(holds=False, reason="no incident is open")
        lasted = now - incident.opened
        long = f" for at least {format_duration(self.seconds)}" if self.seconds else ""
        holds = lasted >= self.seconds
        return Finding(
            holds=holds,
            reason=f"an incident {'is' if holds else 'is not'} open{long}",
            numbers={"incident_seconds": round(lasted, 3)},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Starved(Condition):
    """Holds if the machine was short of something within the monitor's window."""

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        found = next((one for one in view.happenings if one.kind == "machine"), None)
        if found is None:
            return Finding(holds=False, reason="the machine was short of nothing")
        return Finding(holds=True, reason="the machine was short of something")


@dataclass(frozen=True, slots=True, kw_only=True)
class LikeliestCause(Condition):
    """Holds if the likeliest cause of the open incident, or else of the signals, is of a kind."""

    kind: str

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        incident = view.incident
        signals = (*(incident.signals if incident else ()), *view.signals)
        causes = incident.causes if incident and incident.causes else rank(view, signals)
        if not causes:
            return Finding(holds=False, reason="no cause is known")
        best = causes[0]
        return Finding(
            holds=best.kind == self.kind,
            reason=f"the likeliest cause is {CAUSES.get(best.kind, best.title)}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeOfDay(Condition):
    """Holds at some hours of some days."""

    hours: Hours

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        holds = self.hours.hold(now)
        return Finding(holds=holds, reason=f"it is {'' if holds else 'not '}{self.hours} UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class InterventionInForce(Condition):
    """Holds while something that the loop did is being done, watched, or in force."""

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        busy = [one for one in view.interventions if one.status in IN_FORCE]
        if not busy:
            return Finding(holds=False, reason="nothing that the loop did is in force")
        return Finding(holds=True, reason=f"{busy[-1].playbook} is in force")


IN_FORCE = frozenset({"acting", "watching", "undoing"})


@dataclass(frozen=True, slots=True, kw_only=True)
class InterventionUnderWay(Condition):
    """Holds from the start of an intervention until its effect is measured: one thing at a time."""

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        busy = under_way(view)
        if not busy:
            return Finding(holds=False, reason="nothing else is being done")
        return Finding(holds=True, reason=f"{busy} is being watched: one thing at a time")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingAwaited(Condition):
    """Holds while a rule's retraining waits to be agreed to, or to begin."""

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        found = next(
            (
                one
                for one in view.interventions
                if one.playbook in TRAINING and one.status in ("proposed", "approved")
            ),
            None,
        )
        if found is None:
            return Finding(holds=False, reason="no rule waits to retrain")
        return Finding(
            holds=True,
            reason=f"{found.playbook} of the rule '{found.rule}' is to come first:"
            f" keepwell loop approve {found.id}",
        )


def under_way(view: View) -> str:
    """Return the playbook that is being done, or whose effect is not measured yet; empty if none is."""
    return next((one.playbook for one in view.interventions if _busy(one)), "")


def _busy(one: Intervention) -> bool:
    if one.playbook in ASIDE:
        return False
    if one.playbook in TRAINING and one.status != "watching":
        return False  # a training changes nothing; its trial is a rollout
    return one.status in ("approved", "acting", "undoing") or (
        one.status == "watching" and one.settled is None
    )


ASIDE = frozenset({ROLL_OUT, "ask", "open_issue"})
"""What changes nothing by itself."""
