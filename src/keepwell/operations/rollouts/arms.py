"""What each version of a comparison did with its own rows, and whether one of them is better."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from keepwell.core.records import ModelVersion
from keepwell.operations.rollouts.posteriors import Rewards
from keepwell.operations.rollouts.sequential import Bounds, mean_bounds, rate_bounds

if TYPE_CHECKING:
    import pyarrow as pa

ALPHA = 0.05
"""A version is called better or worse with at most this chance of being wrong, at all looks together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One version of a comparison.

    Attributes:
        version: Which.
        share: Percent of the traffic that it should get.
        keys: Keys (or requests, where none is sent) that it got.
        rows: Rows that it answered and that are in the log.
        requests: Requests that it was asked, as the workers counted them.
        errors: Requests that it failed.
        latency_p95_ms: 95% of its answers took up to that.
        rewards: What came of its answers.
        low: Lower end of its mean reward, at all looks together; None while too few outcomes came.
        high: Upper end.
        gain_low: Lower end of its mean reward minus the champion's; None for the champion.
        gain_high: Upper end.
        best: Probability that it is the best, as a bandit sees it.
    """

    version: int
    share: float = 0.0
    keys: int = 0
    rows: int = 0
    requests: int = 0
    errors: int = 0
    latency_p95_ms: float | None = None
    rewards: Rewards = field(default_factory=Rewards)
    low: float | None = None
    high: float | None = None
    gain_low: float | None = None
    gain_high: float | None = None
    best: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a comparison says at present.

    Attributes:
        winner: The version to take; None while nothing is decided.
        text: In words.
    """

    winner: int | None
    text: str


def rewards_of(labelled: "pa.Table", version: ModelVersion, reward: str) -> "list[float]":
    """Return what came of answers, in their order; what cannot be read is left out.

    Args:
        labelled: Rows with `prediction` and `outcome`, as JSON.
        version: Whose they are.
        reward: `correct`: 1 for a right answer (for a regression minus its absolute error); `outcome`:
            the outcome itself, `true` and `false` counting as 1 and 0.
    """
    import numpy as np

    from keepwell.monitoring.labels import Labels, read_numbers

    if not labelled.num_rows:
        return []
    if reward == "outcome":
        values = read_numbers(labelled["outcome"])
    elif version.signature.task.numeric:
        values = -np.abs(read_numbers(labelled["prediction"]) - read_numbers(labelled["outcome"]))
    else:
        labels = Labels(version.signature.classes)
        said, true = labels.read(labelled["prediction"]), labels.read(labelled["outcome"])
        pairs = [(one, other) for one, other in zip(said, true, strict=True) if other is not None]
        return [float(one == other) for one, other in pairs]
    return [float(value) for value in values if np.isfinite(value)]


def summed(values: Sequence[float]) -> Rewards:
    """Return rewards added up."""
    return Rewards(
        rows=len(values),
        total=sum(values),
        squares=sum(value * value for value in values),
        binary=all(value in (0.0, 1.0) for value in values),
    )


def bounded(arms: Sequence[Arm], values: Mapping[int, Sequence[float]]) -> list[Arm]:
    """Return arms, the champion first, with the ends of their rewards and of their gains.

    Rows that follow each other and are alike count for fewer; the error is divided among the versions
    that are compared with the champion (Bonferroni).
    """
    half = ALPHA / max(len(arms) - 1, 1) / 2
    binary = all(value in (0.0, 1.0) for some in values.values() for value in some)
    champion = _bounds(values.get(arms[0].version, ()), half, binary)
    found = []
    for at, arm in enumerate(arms):
        own = values.get(arm.version, ())
        shown, narrow = _bounds(own, ALPHA, binary), _bounds(own, half, binary)
        gain = None
        if at and narrow is not None and champion is not None:
            gain = Bounds(narrow.low - champion.high, narrow.high - champion.low)
        found.append(
            replace(
                arm,
                rewards=summed(own),
                low=shown.low if shown is not None else None,
                high=shown.high if shown is not None else None,
                gain_low=gain.low if gain is not None else None,
                gain_high=gain.high if gain is not None else None,
            )
        )
    return found


def decide(arms: Sequence[Arm], mismatch: str = "") -> Decision:
    """Return what arms, the champion first, say.

    A version wins when it is better than the champion beyond doubt and no other such version has a
    higher mean; the champion wins when every other one is worse beyond doubt.
    """
    if mismatch:
        return Decision(winner=None, text=f"not to be trusted: {mismatch}")
    champion, others = arms[0], arms[1:]
    better = [arm for arm in others if arm.gain_low is not None and arm.gain_low > 0]
    if better:
        best = max(better, key=lambda arm: arm.rewards.mean or 0.0)
        return Decision(
            winner=best.version,
            text=f"version {best.version} is better than version {champion.version}"
            f" by {best.gain_low:.3g} to {best.gain_high:.3g}",
        )
    if others and all(arm.gain_high is not None and arm.gain_high < 0 for arm in others):
        return Decision(
            winner=champion.version, text=f"version {champion.version} is better than every other"
        )
    least = min(arm.rewards.rows for arm in arms)
    return Decision(winner=None, text=f"undecided so far, on {least:,} outcomes or more a version")


def _bounds(values: Sequence[float], alpha: float, binary: bool) -> Bounds | None:
    """Return where a mean reward lies; None while too few are known."""
    import numpy as np

    from keepwell.monitoring.independence import worth_of_numbers

    if not values:
        return None
    array = np.asarray(values, dtype=np.float64)
    worth, mean = worth_of_numbers(array), float(array.mean())
    if binary:
        return rate_bounds(mean * worth, worth, alpha)
    bounds = mean_bounds(worth, mean, float(array.var(ddof=1)) if len(values) > 1 else 0.0, alpha)
    return bounds if math.isfinite(bounds.low) else None
