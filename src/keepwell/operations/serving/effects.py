"""The loop's hands: its decisions carried out on the live endpoint."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from keepwell.core.errors import UnavailableError
from keepwell.core.records import Decision, GateVerdict, Incident, Intervention, Rollout
from keepwell.operations.build import shortcut
from keepwell.operations.build.bench import Bench
from keepwell.operations.loop.effects import Effects
from keepwell.operations.loop.retrainings import Retraining
from keepwell.operations.playbooks.base import Playbook
from keepwell.operations.playbooks.people.messages import tell_of_proposals
from keepwell.operations.playbooks.registry import Playbooks
from keepwell.operations.rollouts.starting import start_trial
from keepwell.operations.serving.retraining_jobs import RetrainingJobs

if TYPE_CHECKING:
    from keepwell.deployment.probing import Probe

_log = logging.getLogger(__name__)


class LiveEffects:
    """Trains in child processes, moves traffic by rollouts, and believes only what a probe saw.

    Args:
        bench: The workspace's parts.
        jobs: Carries out retrainings.
        probe: Asks the live endpoint who answers.
        playbooks: Carry out interventions; without them each is refused.
    """

    def __init__(
        self,
        bench: Bench,
        jobs: RetrainingJobs,
        probe: "Probe",
        playbooks: Playbooks | None = None,
    ) -> None:
        self._bench = bench
        self._jobs = jobs
        self._probe = probe
        self._playbooks = playbooks

    def retrain(self, retraining: Retraining) -> None:
        """Start the job."""
        self._jobs.start(retraining)

    def stop_retraining(self, retraining: str, reason: str) -> None:
        """End the job."""
        self._jobs.stop(retraining, reason)

    def start_rollout(self, endpoint: str, candidate: int, *, incident: str, why: str) -> str:
        """Start the project's rollout of the candidate, once."""
        return start_trial(
            self._bench, endpoint, candidate, incident=incident, why=why, probe=self._probe
        )

    def advance_rollout(self, rollout: str, percent: float, *, verdict: GateVerdict) -> None:
        """Give the candidate its next share."""
        self._bench.rollouts.advance(rollout, percent, verdict=verdict, probe=self._probe)

    def promote_rollout(self, rollout: str, *, verdict: GateVerdict) -> None:
        """Make the candidate champion."""
        done = self._bench.rollouts.promote(rollout, verdict=verdict, probe=self._probe)
        shortcut.forget(self._bench.spec.root)
        self._seen(done, "promoted")

    def abort_rollout(self, rollout: str, *, verdict: GateVerdict | None, reason: str) -> None:
        """Give all traffic back."""
        done = self._bench.rollouts.abort(
            rollout, reason=reason, verdict=verdict, probe=self._probe
        )
        self._seen(done, "aborted")

    def plan(self, intervention: Intervention) -> Intervention:
        """Return it with what would be done, and what is expected of that."""
        return planned(intervention, self._playbook(intervention))

    def intervene(self, intervention: Intervention) -> Intervention:
        """Carry it out."""
        before = self._playbook(intervention).act(intervention)
        return replace(intervention, before=intervention.before or dict(before))

    def undo(self, intervention: Intervention, reason: str) -> None:
        """Take it back."""
        self._playbook(intervention).undo(replace(intervention, reason=reason))

    def _playbook(self, intervention: Intervention) -> Playbook:
        if self._playbooks is None:
            raise UnavailableError(
                f"nobody is here to carry out '{intervention.playbook}'",
                why="this process has no playbooks",
                now="keepwell up carries them out",
            )
        return self._playbooks.get(intervention.playbook)

    def publish(self, decision: Decision, incident: Incident | None) -> None:
        """Write the decision to the log; who can agree to a proposal is told of it."""
        if decision.action == "propose" and self._playbooks is not None:
            tell_of_proposals(self._playbooks.means, decision.endpoint)
        about = f" [{incident.title}]" if incident is not None else ""
        _log.info(
            "%s: %s: %s (%s)%s",
            decision.endpoint,
            decision.action,
            decision.reason,
            decision.outcome,
            about,
        )

    def _seen(self, rollout: Rollout, wanted: str) -> None:
        if rollout.status not in ("promoted", "aborted"):
            last = rollout.history[-1]
            raise UnavailableError(
                f"rollout {rollout.id} of version {rollout.candidate} could not be seen as {wanted}",
                why=rollout.reason or last.finding or "the endpoint did not answer as it should",
                now="it is tried again",
            )


def planning(playbooks: Callable[[], Playbooks]) -> Callable[[Intervention], Intervention]:
    """Return what finds out what a playbook would do, where nobody need be serving."""
    return lambda intervention: planned(intervention, playbooks().get(intervention.playbook))


def planned(intervention: Intervention, playbook: Playbook) -> Intervention:
    """Return an intervention with what would be done, and what is expected of that."""
    plan = playbook.plan(intervention.endpoint, intervention.options)
    return replace(
        intervention,
        steps=plan.steps,
        predicted=plan.predicted,
        temporary=plan.temporary,
        options=dict(plan.options),
    )


if TYPE_CHECKING:
    _: type[Effects] = LiveEffects
