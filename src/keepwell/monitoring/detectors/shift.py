"""The default for numbers: Jensen-Shannon's distance, and the certainty of Kolmogorov and Smirnov.

The distance says how much it matters and sees any change of shape. The largest gap between the two
cumulative distributions says how certain it is: it uses the order of the bins, so a small sample is enough.
"""

import math

from keepwell.monitoring.detectors.base import Difference, Sample, merged, pooled_size
from keepwell.monitoring.detectors.jensen_shannon import JensenShannon
from keepwell.monitoring.detectors.kolmogorov_smirnov import largest_gap, survival

_ROWS_PER_BIN = 50
_FEWEST, _MOST = 4, 20


class Shift:
    """Numbers in bins of about equal mass; few rows are compared in fewer bins, with less noise."""

    limit = JensenShannon.limit
    ordered = True

    def compare(self, reference: Sample, current: Sample) -> Difference:
        """Return the distance, with the p-value of the largest gap or of the distance."""
        size = pooled_size(reference, current)
        bins = min(max(int(size / _ROWS_PER_BIN), _FEWEST), _MOST)
        distance = JensenShannon().compare(*merged(reference, current, bins))
        gap = survival(largest_gap(reference, current), size)
        # Bonferroni over the two: either may see what the other cannot.
        p_value = min(1.0, 2 * min(gap, distance.p_value))
        return Difference(
            effect=distance.effect,
            limit=distance.limit,
            p_value=p_value if math.isfinite(p_value) else 1.0,
        )
