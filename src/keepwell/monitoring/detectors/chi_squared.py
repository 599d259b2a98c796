"""Chi-squared test of homogeneity, with the contingency coefficient as its effect."""

import math

import numpy as np

from keepwell.monitoring.detectors.base import RARE, Difference, Sample, pooled_size, without_rare


class ChiSquared:
    """Sees shares of categories change. The effect, 0 to 1, does not grow with the number of rows."""

    limit = 0.12
    ordered = False

    def compare(self, reference: Sample, current: Sample) -> Difference:
        """Return the root of the mean squared relative change of shares, with the test's p-value."""
        from scipy.special import chdtrc, chdtri

        size = pooled_size(reference, current)
        if not size:
            return Difference(effect=0.0, limit=self.limit, p_value=1.0)
        reference, current = without_rare(reference, current)
        used = (reference.counts + current.counts) > 0
        freedom = max(int(np.count_nonzero(used)) - 1, 1)
        first, second = reference.shares[used], current.shares[used]
        total = reference.size + current.size
        expected = (reference.size * first + current.size * second) / total
        statistic = float(size * np.sum((first - second) ** 2 / expected))
        middle = (first + second) / 2
        return Difference(
            effect=math.sqrt(float(np.sum((first - second) ** 2 / middle)) / 4),
            limit=math.sqrt(self.limit**2 + float(chdtri(freedom, RARE)) / (4 * size)),
            p_value=float(chdtrc(freedom, statistic)),
        )
