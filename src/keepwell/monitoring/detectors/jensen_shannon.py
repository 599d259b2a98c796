"""Jensen-Shannon distance: how well one row tells which of two worlds it comes from, 0 to 1."""

import math

import numpy as np

from keepwell.monitoring.detectors.base import RARE, Difference, Sample, pooled_size, without_rare

_PER_BIT = 8 * math.log(2)
"""Times the pooled size, this turns a divergence in bits into a chi-squared variable (Taylor at 0)."""


class JensenShannon:
    """The default for categories. A shift of a normal variable by a quarter of its spread is 0.1."""

    limit = 0.1
    ordered = False

    def compare(self, reference: Sample, current: Sample) -> Difference:
        """Return the distance, with a p-value from its divergence's chi-squared law."""
        from scipy.special import chdtrc, chdtri

        size = pooled_size(reference, current)
        if not size:
            return Difference(effect=0.0, limit=self.limit, p_value=1.0)
        reference, current = without_rare(reference, current)
        bits = divergence(reference, current)
        freedom = max(np.count_nonzero(reference.counts + current.counts) - 1, 1)
        scale = _PER_BIT * size
        return Difference(
            effect=math.sqrt(bits),
            limit=math.sqrt(self.limit**2 + float(chdtri(freedom, RARE)) / scale),
            p_value=float(chdtrc(freedom, bits * scale)),
        )


def divergence(reference: Sample, current: Sample) -> float:
    """Return the Jensen-Shannon divergence in bits, 0 to 1."""
    first, second = reference.shares, current.shares
    middle = (first + second) / 2
    bits = 0.0
    for share in (first, second):
        some = share > 0
        bits += float(np.sum(share[some] * np.log2(share[some] / middle[some]))) / 2
    return min(max(bits, 0.0), 1.0)
