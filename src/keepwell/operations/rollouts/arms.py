"""What each version of a comparison did with its own rows, and whether one of them is better."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from keepwell.core.records import ModelVersion, Task
from keepwell.operations.rollouts.posteriors import Rewards
from keepwell.operations.rollouts.sequential import Bounds, difference_bounds, mean_bounds

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
    elif version.signature.task is Task.REGRESSION:
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
    alpha = ALPHA / max(len(arms) - 1, 1)
    moments = {arm.version: _moments(values.get(arm.version, ())) for arm in arms}
    champion = moments[arms[0].version]
    found = []
    for at, arm in enumerate(arms):
        own = mean_bounds(*moments[arm.version], ALPHA)
        gain = difference_bounds(moments[arm.version], champion, alpha) if at else None
        found.append(
            replace(
                arm,
                rewards=summed(values.get(arm.version, ())),
                low=_finite(own)[0],
                high=_finite(own)[1],
                gain_low=_finite(gain)[0],
                gain_high=_finite(gain)[1],
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


def _moments(values: Sequence[float]) -> tuple[float, float, float]:
    import numpy as np

    from keepwell.monitoring.independence import worth_of_numbers

    if len(values) < 2:  # noqa: PLR2004 (one value has no spread)
        return 0.0, 0.0, 0.0
    array: Any = np.asarray(values, dtype=np.float64)
    mean, variance = float(array.mean()), float(array.var(ddof=1))
    if all(value in (0.0, 1.0) for value in values):
        # Of a rate that was never seen to fail the spread is not known to be nothing.
        hit = (float(array.sum()) + 1) / (len(values) + 2)
        variance = max(variance, hit * (1 - hit))
    return worth_of_numbers(array), mean, variance


def _finite(bounds: Bounds | None) -> tuple[float | None, float | None]:
    if bounds is None or bounds.low == float("-inf"):
        return None, None
    return bounds.low, bounds.high
