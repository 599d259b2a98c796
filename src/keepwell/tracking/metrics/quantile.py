"""How good quantiles are: what they cost (pinball loss), how often the truth is between the outer two."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiles:
    """Numbers that the truth stays below so often.

    Attributes:
        levels: How often, ascending: 0.1, 0.5, 0.9.
        values: By row and level, never falling.
    """

    levels: Sequence[float]
    values: "NDArray[np.float64]"


def pinball_loss(actual: "NDArray[np.float64]", said: Quantiles) -> float:
    """Return the mean loss over the levels; each is least where its quantile is right."""
    missed = actual[:, None] - said.values
    levels = np.asarray(said.levels)
    return float(np.maximum(levels * missed, (levels - 1.0) * missed).mean())


def coverage(actual: "NDArray[np.float64]", said: Quantiles) -> float:
    """Return how often the truth is not outside of the lowest and the highest quantile."""
    return float(((actual >= said.values[:, 0]) & (actual <= said.values[:, -1])).mean())


def measure_quantiles(actual: "NDArray[np.float64]", said: Quantiles) -> dict[str, float]:
    """Return both; coverage only of two levels or more."""
    if not len(actual):
        return {}
    measured = {"pinball_loss": pinball_loss(actual, said)}
    if len(said.levels) > 1:
        measured["interval_coverage"] = coverage(actual, said)
    return measured
