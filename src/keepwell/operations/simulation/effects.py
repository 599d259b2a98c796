"""What a simulated loop may do: nothing but note it, or all of it within the simulation."""

from typing import TYPE_CHECKING

from keepwell.core.records import GateVerdict
from keepwell.operations.build.bench import Bench
from keepwell.operations.loop.effects import Effects, NoEffects
from keepwell.operations.loop.retrainings import Retraining
from keepwell.operations.rollouts.starting import start_trial
from keepwell.operations.simulation.training import PastTraining


class NotedEffects(NoEffects):
    """Notes what would be retrained, and does nothing.

    Attributes:
        asked: Retrainings that nothing was made of yet.
    """

    def __init__(self) -> None:
        self.asked: list[Retraining] = []

    def retrain(self, retraining: Retraining) -> None:
        """Note it."""
        self.asked.append(retraining)


class SimulatedEffects(NoEffects):
    """Trains for real, and moves the traffic of the simulation.

    Args:
        bench: The simulation's parts.
        training: Carries out retrainings.
    """

    def __init__(self, bench: Bench, training: PastTraining) -> None:
        self._bench = bench
        self._training = training

    def retrain(self, retraining: Retraining) -> None:
        """Train now; the result shows at the next look."""
        self._training.start(retraining)

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


if TYPE_CHECKING:
    _noted: type[Effects] = NotedEffects
    _simulated: type[Effects] = SimulatedEffects
