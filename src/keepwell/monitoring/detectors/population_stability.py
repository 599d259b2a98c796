"""Population stability index, as banks use it: 0.1 is a moderate change, 0.25 a large one."""

import numpy as np

from keepwell.monitoring.detectors.base import RARE, Difference, Sample, merged, pooled_size

_BLEND = 0.02
"""Share of the samples' mean mixed into both: an empty bin would make the index infinite."""

_ROWS_PER_BIN = 50


class PopulationStability:
    """The sum over bins of (difference of shares) times (difference of their logarithms)."""

    limit = 0.1
    ordered = True

    def compare(self, reference: Sample, current: Sample) -> Difference:
        """Return the index, with the p-value of its chi-squared law."""
        from scipy.special import chdtrc, chdtri

        size = pooled_size(reference, current)
        if not size:
            return Difference(effect=0.0, limit=self.limit, p_value=1.0)
        reference, current = merged(reference, current, max(int(size / _ROWS_PER_BIN), 4))
        used = (reference.counts + current.counts) > 0
        freedom = max(int(np.count_nonzero(used)) - 1, 1)
        middle = (reference.shares[used] + current.shares[used]) / 2
        first, second = (
            (1 - _BLEND) * sample.shares[used] + _BLEND * middle for sample in (reference, current)
        )
        index = max(0.0, float(np.sum((first - second) * np.log(first / second))))
        return Difference(
            effect=index,
            limit=self.limit + float(chdtri(freedom, RARE)) / size,
            p_value=float(chdtrc(freedom, index * size)),
        )
