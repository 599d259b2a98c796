"""Wasserstein's distance: how far values had to be carried, on average, to make one sample of the other.

It is told in training's standard deviations, so 0.25 means the same for an age and for a price. Where bins
have no positions they count as evenly spaced, with the spread of an even distribution as the unit.
"""

import math
from typing import TYPE_CHECKING

import numpy as np

from keepwell.monitoring.detectors.base import RARE, Difference, Sample, pooled_size

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FACTOR = 1.25
"""The tail of the area under a Brownian bridge is that much heavier than a normal variable's as wide."""


class Wasserstein:
    """Sees values move, and how far; what is far away weighs more than with other distances."""

    limit = 0.25
    ordered = True

    def compare(self, reference: Sample, current: Sample) -> Difference:
        """Return the distance, with the p-value of the area between two cumulative distributions."""
        from scipy.special import erfc, erfcinv

        size = pooled_size(reference, current)
        if not size or not reference.counts.sum() or not current.counts.sum():
            return Difference(effect=0.0, limit=self.limit, p_value=1.0)
        places = _positions(reference, current)
        gaps = np.abs(np.cumsum(reference.shares - current.shares))[:-1]
        effect = float(np.sum(gaps * np.diff(places)))
        pooled = (reference.shares + current.shares) / 2
        middle = float(np.sum(pooled * places))
        spread = math.sqrt(float(np.sum(pooled * (places - middle) ** 2)) / size)
        noise = math.sqrt(2) * float(erfcinv(RARE / _FACTOR)) * spread
        chance = _FACTOR * float(erfc(effect / (math.sqrt(2) * spread))) if spread else 1.0
        return Difference(
            effect=effect, limit=math.hypot(self.limit, noise), p_value=min(1.0, chance)
        )


def _positions(reference: Sample, current: Sample) -> "NDArray[np.float64]":
    known = reference.positions if reference.positions is not None else current.positions
    if known is not None:
        return known
    bins = len(reference.counts)
    return (np.arange(bins) + 0.5) / bins * math.sqrt(12)
