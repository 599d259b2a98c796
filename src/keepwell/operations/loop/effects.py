"""The few verbs by which the loop changes the world."""

from typing import TYPE_CHECKING, Protocol

from keepwell.core.records import Decision, GateVerdict, Incident, Intervention
from keepwell.operations.loop.retrainings import Retraining


class Effects(Protocol):
    """Carries out what was decided.

    Laws, for every verb:

    - *Decided first.* It is called after its decision was stored, by one thread at a time.
    - *Idempotent.* To repeat a call whose effect is already there changes nothing. After a crash, or
      as long as the effect does not show in the view, the loop calls again with the same arguments.
    - *All or nothing.* If it raises, the endpoint answers as it did before. `KeepwellError` is for
      what can go wrong; whatever else is raised is recorded the same way and never stops the loop.
    - *Prompt.* It returns within seconds. Only `retrain` goes on in the background.
    - *Seen, not claimed.* Its success is what the next view shows, not that it returned.
    """

    def retrain(self, retraining: Retraining) -> None:
        """Start training a challenger in the background, on data up to now, and return at once.

        Of `retraining.windows` those with enough rows are trained on within the shared
        `retraining.budget`, and the best of them on the newest rows with outcomes, held out in
        order of time, becomes the candidate. It is registered, gated against version
        `retraining.baseline`, and compared with it on those same rows; it gets no traffic.

        Its progress shows as `View.result`, and a result that was seen is seen again after a
        restart. The same `retraining.id` never runs twice at the same
        time: a call for one that runs or has ended does nothing, a call for one whose process died
        starts it again. No result (`View.result` is None) means just that: nobody works on it.
        """
        ...

    def stop_retraining(self, retraining: str, reason: str) -> None:
        """End a retraining that runs too long; nothing happens if it does not run.

        A candidate that it registers all the same is never served.
        """
        ...

    def start_rollout(self, endpoint: str, candidate: int, *, incident: str, why: str) -> str:
        """Start the rollout that the project asks for, and return its id.

        If a rollout of this candidate for this incident exists already, whatever became of it, its id
        is returned and nothing is started. `ConflictError` if another rollout is running.
        """
        ...

    def advance_rollout(self, rollout: str, percent: float, *, verdict: GateVerdict) -> None:
        """Close the current step with its verdict and give the candidate `percent` of the traffic.

        The next view shows the new step with `started` at the time of the change. Nothing happens if
        the candidate has this share or more.
        """
        ...

    def promote_rollout(self, rollout: str, *, verdict: GateVerdict) -> None:
        """Make the candidate champion with all traffic: endpoint, alias and rollout in one change.

        The next view shows the rollout as `promoted`. Nothing happens if it has ended.
        """
        ...

    def abort_rollout(self, rollout: str, *, verdict: GateVerdict | None, reason: str) -> None:
        """Give all traffic back to the baseline, and see by asking that it answers.

        The next view shows the rollout as `aborted` if that was seen, as `abort_failed` if not; a
        call for an `abort_failed` one tries again. Nothing happens if it was aborted or promoted.
        """
        ...

    def plan(self, intervention: Intervention) -> Intervention:
        """Return an intervention with its steps and the effect that is expected; nothing is done.

        `KeepwellError` if it cannot be done here and now: the reason is recorded.
        """
        ...

    def intervene(self, intervention: Intervention) -> Intervention:
        """Carry out an intervention, and return it with what undoing needs (`before`)."""
        ...

    def undo(self, intervention: Intervention, reason: str) -> None:
        """Take an intervention back; nothing happens if that was done."""
        ...

    def publish(self, decision: Decision, incident: Incident | None) -> None:
        """Tell whoever listens (logs, live pages, alerts) of a decision that has been carried out.

        Called once per recorded decision, after its effect, with `decision.outcome` filled in.
        """
        ...


class NoEffects:
    """Does nothing: the loop decides and records, the world stays as it is."""

    def retrain(self, retraining: Retraining) -> None:
        """Do nothing."""

    def stop_retraining(self, retraining: str, reason: str) -> None:
        """Do nothing."""

    def start_rollout(self, endpoint: str, candidate: int, *, incident: str, why: str) -> str:
        """Return the id of no rollout."""
        return ""

    def advance_rollout(self, rollout: str, percent: float, *, verdict: GateVerdict) -> None:
        """Do nothing."""

    def promote_rollout(self, rollout: str, *, verdict: GateVerdict) -> None:
        """Do nothing."""

    def abort_rollout(self, rollout: str, *, verdict: GateVerdict | None, reason: str) -> None:
        """Do nothing."""

    def plan(self, intervention: Intervention) -> Intervention:
        """Return it as it is."""
        return intervention

    def intervene(self, intervention: Intervention) -> Intervention:
        """Return it as it is."""
        return intervention

    def undo(self, intervention: Intervention, reason: str) -> None:
        """Do nothing."""

    def publish(self, decision: Decision, incident: Incident | None) -> None:
        """Do nothing."""


if TYPE_CHECKING:
    _: type[Effects] = NoEffects
