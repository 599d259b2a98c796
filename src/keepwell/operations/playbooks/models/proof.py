"""Proven better on the newest rows, or refused with the numbers."""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import ConflictError
from keepwell.core.records import Effect, Estimate, ModelVersion
from keepwell.operations.loop.retrainings import Comparison

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keepwell.tracking.metrics import Scored

COST = "cost"
_RESAMPLES = 1000


def compared(
    metric: str,
    version: ModelVersion,
    actual: "list[Any]",
    challenger: "Scored",
    champion: "Scored",
) -> Comparison:
    """Return both on the same rows, with the paired interval of the gain."""
    from keepwell.tracking.metrics import direction, measure, paired_difference

    task, classes = version.signature.task, version.signature.classes
    gap = paired_difference(metric, task, classes, actual, challenger, champion)
    values = [
        measure(task, classes, actual, one.predictions, one.probabilities)[metric]
        for one in (challenger, champion)
    ]
    sign = direction(metric)
    low, high = (gap.low, gap.high) if sign > 0 else (gap.high, gap.low)
    return Comparison(
        metric=metric,
        rows=len(actual),
        challenger=values[0],
        champion=values[1],
        gain=Estimate(
            value=sign * gap.value,
            low=None if low is None else sign * low,
            high=None if high is None else sign * high,
        ),
    )


def cheaper(
    challenger: "NDArray[np.float64]", champion: "NDArray[np.float64]", *, seed: int = 0
) -> Comparison:
    """Return the mean cost of a row of both, with the paired interval of what is saved."""
    saved = champion - challenger
    drawn = np.random.default_rng(seed).integers(0, len(saved), (_RESAMPLES, len(saved)))
    low, high = np.percentile(saved[drawn].mean(axis=1), (2.5, 97.5))
    return Comparison(
        metric=COST,
        rows=len(saved),
        challenger=float(challenger.mean()),
        champion=float(champion.mean()),
        gain=Estimate(value=float(saved.mean()), low=float(low), high=float(high)),
    )


def told(found: Comparison) -> str:
    """Return a comparison in a sentence."""
    interval = (
        f", 95% interval {found.gain.low:.4g} to {found.gain.high:.4g}"
        if found.gain.low is not None and found.gain.high is not None
        else ""
    )
    return (
        f"{found.metric} {found.champion:.4g} → {found.challenger:.4g} on the newest {found.rows:,} rows "
        f"with outcomes, which it was not fitted to (gain {found.gain.value:.4g}{interval})"
    )


def must_be_better(found: Comparison, what: str) -> Effect:
    """Return the effect that is expected.

    Raises:
        ConflictError: If it is not proven better; says the numbers.
    """
    if not found.better:
        raise ConflictError(
            f"{what} is not proven to help",
            why=told(found),
            now="nothing is changed; if performance fell all the same, retrain: `do: retrain`",
            details={"gain": found.gain.value, "low": found.gain.low, "high": found.gain.high},
        )
    return Effect(
        measure="" if found.metric == COST else f"metric:{found.metric}",  # no monitor knows costs
        before=found.champion,
        after=found.challenger,
        reason=told(found),
    )
