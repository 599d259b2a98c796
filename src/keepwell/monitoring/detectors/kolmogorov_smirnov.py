"""Kolmogorov and Smirnov: the largest gap between two cumulative distributions, 0 to 1.

From bins the gap is seen at their edges only, so it is never larger than the exact one: the p-value errs on
the side of silence.
"""

import math

import numpy as np

from keepwell.monitoring.detectors.base import RARE, Difference, Sample, pooled_size


class KolmogorovSmirnov:
    """Sees values move up or down. A shift of a normal variable by a quarter of its spread is 0.1."""

    limit = 0.1
    ordered = True

    def compare(self, reference: Sample, current: Sample) -> Difference:
        """Return the largest gap, with its asymptotic p-value."""
        from scipy.special import kolmogi

        size = pooled_size(reference, current)
        if not size:
            return Difference(effect=0.0, limit=self.limit, p_value=1.0)
        gap = largest_gap(reference, current)
        noise = float(kolmogi(RARE)) / math.sqrt(size)
        return Difference(
            effect=gap, limit=math.hypot(self.limit, noise), p_value=survival(gap, size)
        )


def largest_gap(reference: Sample, current: Sample) -> float:
    """Return the largest difference between the cumulative shares."""
    gaps = np.abs(np.cumsum(reference.shares - current.shares))
    return float(min(gaps.max(initial=0.0), 1.0))


def survival(gap: float, size: float) -> float:
    """Return how likely a gap this large is by chance, for samples of this pooled size."""
    from scipy.special import kolmogorov

    root = math.sqrt(size)
    return float(kolmogorov(gap * (root + 0.12 + 0.11 / root))) if root else 1.0
