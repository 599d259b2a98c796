"""Whether two classifiers err equally often on the same rows: McNemar's test.

Only rows that one of them gets right and the other wrong say anything. Were both equally good, each
such row would fall to either side like a coin. The exact test is never too sure of itself; the mid-p
variant is closer to what it promises (Fagerland, Lydersen and Laake, *The McNemar test for binary
matched-pairs data*, BMC Medical Research Methodology 13:91, 2013).
"""

from dataclasses import dataclass
from math import exp, lgamma, log
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class McNemar:
    """How often one was right where the other was not.

    Attributes:
        only_first: Rows that only the first got right.
        only_second: Rows that only the second got right.
        exact: Chance of at least as uneven a division, were both equally good.
        mid_p: The same, with the division itself counted half.
    """

    only_first: int
    only_second: int
    exact: float
    mid_p: float


def mcnemar(first_right: "NDArray[np.bool_]", second_right: "NDArray[np.bool_]") -> McNemar:
    """Return the test of two classifiers' rights and wrongs, row by row."""
    only_first = int(np.count_nonzero(first_right & ~second_right))
    only_second = int(np.count_nonzero(second_right & ~first_right))
    exact, mid_p = _two_sided(min(only_first, only_second), only_first + only_second)
    return McNemar(only_first=only_first, only_second=only_second, exact=exact, mid_p=mid_p)


def _two_sided(fewer: int, tossed: int) -> tuple[float, float]:
    if not tossed:
        return 1.0, 1.0
    tail = sum(_chance(heads, tossed) for heads in range(fewer + 1))
    own = _chance(fewer, tossed)
    if 2 * fewer == tossed:
        return 1.0, 1.0 - own / 2
    return min(1.0, 2 * tail), min(1.0, 2 * tail - own)


def _chance(heads: int, tossed: int) -> float:
    ways = lgamma(tossed + 1) - lgamma(heads + 1) - lgamma(tossed - heads + 1)
    return exp(ways - tossed * log(2.0))
