"""The loop's hands: its decisions carried out on the live endpoint."""

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from keepwell.core.errors import UnavailableError
from keepwell.core.records import Decision, GateVerdict, Incident, Intervention, Rollout
from keepwell.core.spec import RolloutSpec
from keepwell.operations.build import shortcut
from keepwell.operations.build.bench import Bench
from keepwell.operations.loop.effects import Effects
from keepwell.operations.loop.retrainings import Retraining
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
    """

    def __init__(self, bench: Bench, jobs: RetrainingJobs, probe: "Probe") -> None:
        self._bench = bench
        self._jobs = jobs
        self._probe = probe

    def retrain(self, retraining: Retraining) -> None:
        """Start the job."""
        self._jobs.start(retraining)

    def stop_retraining(self, retraining: str, reason: str) -> None:
        """End the job."""
        self._jobs.stop(retraining, reason)

    def start_rollout(self, endpoint: str, candidate: int, *, incident: str, why: str) -> str:
        """Start the project's rollout of the candidate, once."""
        for known in self._bench.rollouts.find(endpoint):
            if known.candidate == candidate and known.incident == incident:
                return known.id
        spec: RolloutSpec = self._bench.spec.serve.rollout
        if spec.strategy in ("shadow", "ab", "bandit"):  # these leave the decision to people
            spec = replace(spec, strategy="canary")
        self._make_room(endpoint, candidate)
        rollout = self._bench.rollouts.start(
            endpoint, candidate, spec=spec, reason=why, incident=incident, probe=self._probe
        )
        return rollout.id

    def _make_room(self, endpoint: str, candidate: int) -> None:
        """End a comparison that may go on for weeks: a model that heals goes first."""
        running = self._bench.rollouts.running(endpoint)
        if running is not None and not running.stepwise:
            reason = f"the loop needs the endpoint to try version {candidate}"
            self._bench.rollouts.complete(running.id, reason=reason, probe=self._probe)

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
        """Return what would be done."""
        raise UnavailableError(f"there is no playbook '{intervention.playbook}' yet")

    def intervene(self, intervention: Intervention) -> Intervention:
        """Carry it out."""
        raise UnavailableError(f"there is no playbook '{intervention.playbook}' yet")

    def undo(self, intervention: Intervention, reason: str) -> None:
        """Take it back."""

    def publish(self, decision: Decision, incident: Incident | None) -> None:
        """Write the decision to the log."""
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


if TYPE_CHECKING:
    _: type[Effects] = LiveEffects
