"""Which of the settings that were tried is the best, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keepwell.operations.tuning.trial import Settings, Trial

CLOSE = 0.05
"""Of the best throughput: what lies nearer is as good, and the cheaper one is taken."""

DISTURBED = 0.2
"""Of the processors: if others took more meanwhile, the numbers say less."""

STEADY, CROWD = "steady", "crowd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """What was tried, and what was chosen.

    Attributes:
        endpoint: Which was asked.
        trials: In the order they were made.
        chosen: The settings to serve with.
        now: Those that the project serves with.
        kept: The chosen ones keep every latency objective under the usual load; True where none is declared.
        reason: Why these, sentences.
        objectives: By name, the milliseconds and the share of requests that must stay within them.
        cores: Processors of this machine, which the clients shared.
        lighter: A trial of the fastest lighter variant with the chosen settings; None if there is none.
    """

    endpoint: str
    trials: tuple[Trial, ...]
    chosen: Settings
    now: Settings
    kept: bool
    reason: str
    objectives: dict[str, tuple[float, float]]
    cores: float
    lighter: Trial | None = None

    @property
    def disturbed(self) -> float:
        """Processors that others took in the worst trial; 0 if that was too little to matter."""
        most = max(trial.others for trial in self.trials)
        return most if most > DISTURBED * self.cores else 0.0

    @property
    def changes(self) -> dict[str, int]:
        """Keys of the project file that would change, with their values."""
        found = {}
        if self.chosen.workers != self.now.workers:
            found["serve.workers"] = self.chosen.workers
        if self.chosen.in_flight != self.now.in_flight:
            found["serve.limits.in_flight"] = self.chosen.in_flight
        return found


def keeps(trial: Trial, objectives: Mapping[str, tuple[float, float]]) -> bool:
    """Tell whether a trial kept every objective."""
    return all(trial.within[name] >= target for name, (_, target) in objectives.items())


def best_of(
    trials: Sequence[Trial], objectives: Mapping[str, tuple[float, float]]
) -> tuple[Trial, bool, str]:
    """Return the best trial under the usual load, whether it keeps the objectives, and why it was chosen.

    Of those that keep them the one that answers most; of those within 5% of it the one with the fewest
    workers. Where none keeps them, the one that comes nearest.
    """
    whole = [trial for trial in trials if not trial.failed] or list(trials)
    keeping = [trial for trial in whole if keeps(trial, objectives)]
    if not keeping:
        nearest = max(whole, key=lambda trial: (_share(trial, objectives), trial.per_second))
        lacking = ", ".join(
            f"{name}: {nearest.within[name]:.2%} within {limit:g} ms, {target:.2%} are asked for"
            for name, (limit, target) in objectives.items()
            if nearest.within[name] < target
        )
        return (
            nearest,
            False,
            f"no setting keeps the objectives; this one comes nearest ({lacking})",
        )
    most = max(trial.per_second for trial in keeping)
    close = [trial for trial in keeping if trial.per_second >= (1 - CLOSE) * most]
    best = min(close, key=lambda trial: (trial.settings.workers, -trial.per_second))
    among = f"of {len(keeping)} that keep the objectives" if objectives else f"of {len(keeping)}"
    if best.per_second < most:
        return best, True, f"{among}, none answers more than 5% more, and it has the fewest workers"
    return best, True, f"{among}, it answers most"


def room_for(trial: Trial, limit_ms: float) -> int:
    """Return how many requests a worker may take on so that the last of them is answered in half the limit.

    By Little's law: as many as it answers within that time.
    """
    a_worker = trial.per_second / trial.settings.workers
    return max(4, int(a_worker * limit_ms / 1000 / 2))


def better_in_a_crowd(default: Trial, fewer: Trial) -> bool:
    """Tell whether taking on fewer requests answers more of them in time, a second, in a crowd."""
    return good_of(fewer) > (1 + CLOSE) * good_of(default)


def good_of(trial: Trial) -> float:
    """Return the requests answered within the strictest objective, a second."""
    asked = trial.per_second / max(1e-9, 1 - trial.refused)
    return min(trial.within.values(), default=1.0) * asked


def _share(trial: Trial, objectives: Mapping[str, tuple[float, float]]) -> float:
    return min(trial.within[name] / target for name, (_, target) in objectives.items())
