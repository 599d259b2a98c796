"""What a simulated loop may do: nothing but note it, or what can be known within the simulation."""

from dataclasses import replace
from typing import TYPE_CHECKING

from keepwell.core.records import GateVerdict, Intervention
from keepwell.core.spec.looping import PLAYBOOKS
from keepwell.operations.build.bench import Bench
from keepwell.operations.loop.effects import Effects, NoEffects
from keepwell.operations.loop.retrainings import Retraining
from keepwell.operations.playbooks.registry import Playbooks, open_playbooks
from keepwell.operations.rollouts.starting import start_trial
from keepwell.operations.serving.effects import planned
from keepwell.operations.simulation.acting.unknown import UNKNOWN
from keepwell.operations.simulation.training import PastTraining
from keepwell.operations.simulation.world import PastWorld


class NotedEffects(NoEffects):
    """Notes what would be done, and does nothing.

    Attributes:
        asked: Retrainings that nothing was made of yet.
        noted: Interventions, likewise.
    """

    def __init__(self) -> None:
        self.asked: list[Retraining] = []
        self.noted: list[Intervention] = []

    def retrain(self, retraining: Retraining) -> None:
        """Note it."""
        self.asked.append(retraining)

    def plan(self, intervention: Intervention) -> Intervention:
        """Return it with what its playbook does, in words."""
        known = PLAYBOOKS.get(intervention.playbook, intervention.playbook)
        return replace(intervention, steps=intervention.steps or (known,))

    def intervene(self, intervention: Intervention) -> Intervention:
        """Note it."""
        self.noted.append(intervention)
        return intervention


class SimulatedEffects(NotedEffects):
    """Carries out what changes answers, for real, on the endpoint of the simulation; notes the rest.

    Args:
        bench: The simulation's parts.
        training: Carries out retrainings; None to note them.
        playbooks: Carry out interventions.
    """

    def __init__(self, bench: Bench, training: PastTraining | None, playbooks: Playbooks) -> None:
        super().__init__()
        self._bench = bench
        self._training = training
        self._playbooks = playbooks

    def retrain(self, retraining: Retraining) -> None:
        """Train now; the result shows at the next look."""
        if self._training is None:
            super().retrain(retraining)
        else:
            self._training.start(retraining)

    def plan(self, intervention: Intervention) -> Intervention:
        """Return it with what would be done, and what is expected of that."""
        if intervention.playbook in UNKNOWN:
            return super().plan(intervention)
        return planned(intervention, self._playbooks.get(intervention.playbook))

    def intervene(self, intervention: Intervention) -> Intervention:
        """Carry it out, where what follows from it can be known."""
        if intervention.playbook in UNKNOWN:
            return super().intervene(intervention)
        before = self._playbooks.get(intervention.playbook).act(intervention)
        return replace(intervention, before=intervention.before or dict(before))

    def undo(self, intervention: Intervention, reason: str) -> None:
        """Take it back."""
        if intervention.playbook not in UNKNOWN:
            self._playbooks.get(intervention.playbook).undo(replace(intervention, reason=reason))

    def start_rollout(self, endpoint: str, candidate: int, *, incident: str, why: str) -> str:
        """Start the rollout that the policy asks for, once."""
        return start_trial(self._bench, endpoint, candidate, incident=incident, why=why, probe=None)

    def advance_rollout(self, rollout: str, percent: float, *, verdict: GateVerdict) -> None:
        """Give the candidate its next share."""
        self._bench.rollouts.advance(rollout, percent, verdict=verdict)

    def promote_rollout(self, rollout: str, *, verdict: GateVerdict) -> None:
        """Make the candidate champion."""
        self._bench.rollouts.promote(rollout, verdict=verdict)

    def abort_rollout(self, rollout: str, *, verdict: GateVerdict | None, reason: str) -> None:
        """Give all traffic back to the baseline."""
        self._bench.rollouts.abort(rollout, reason=reason, verdict=verdict)


def playbooks_of(world: PastWorld) -> Playbooks:
    """Return playbooks that work on a simulation: no file of the project is touched."""
    spec = replace(world.bench.spec, root=world.bench.home.parent)
    return open_playbooks(
        replace(world.bench, spec=spec), world.predictions, world.store.measurements, lambda: None
    )


if TYPE_CHECKING:
    _noted: type[Effects] = NotedEffects
    _simulated: type[Effects] = SimulatedEffects
