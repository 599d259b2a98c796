"""Intervals that hold at every look at once, so that a step may be judged whenever somebody looks.

An ordinary 95% interval misses one time in twenty *at one look*; who looks every ten seconds will soon see
it miss. A confidence sequence misses at any look ever with probability `alpha` at most.

- `rate_bounds`: for a rate, by the method of mixtures with a Beta(1/2, 1/2) mixture and Ville's inequality
  (Robbins, *Statistical methods related to the law of the iterated logarithm*, 1970; Howard, Ramdas,
  McAuliffe & Sekhon, *Time-uniform, nonparametric, nonasymptotic confidence sequences*, Annals of
  Statistics 2021). Exact for any number of rows.
- `happens_more`: for two rates, on the same ground.
- `swap_bounds`: for two rates on the same rows, likewise.
- `mean_bounds`: for a mean, by the normal mixture behind mSPRT (Johari, Koomen, Pekelis & Walsh, *Always
  valid inference: continuous monitoring of A/B tests*, Operations Research 2022), in its asymptotic form
  (Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, *Time-uniform central limit theory and asymptotic
  confidence sequences*, Annals of Statistics 2024). It holds from `FEWEST` rows on.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

FEWEST = 200
"""Rows below which nothing is said about a mean: the central limit theorem needs some, and of skewed values
many. Values that are 0 or 1 need none of it: they have `rate_bounds` and `swap_bounds`, which are exact."""

TUNED_TO = 500.0
"""Rows at which `mean_bounds` is about as narrow as it can be."""

_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Bounds:
    """An interval that the truth lies in, at all looks together."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


def rate_bounds(hits: float, rows: float, alpha: float) -> Bounds:
    """Return where a rate may lie after `hits` in `rows`.

    >>> rate_bounds(0, 0, 0.05)
    Bounds(low=0.0, high=1.0)
    """
    if rows <= 0:
        return Bounds(0.0, 1.0)
    limit = math.log(1 / alpha)
    mixture = (
        math.lgamma(hits + 0.5)
        + math.lgamma(rows - hits + 0.5)
        - math.lgamma(rows + 1)
        - 2 * math.lgamma(0.5)
    )

    def inside(rate: float) -> bool:
        likelihood = 0.0
        if hits > 0:
            likelihood += hits * math.log(rate) if rate > 0 else -math.inf
        if rows > hits:
            likelihood += (rows - hits) * math.log1p(-rate) if rate < 1 else -math.inf
        return mixture - likelihood < limit

    seen = hits / rows
    return Bounds(_edge(seen, 0.0, inside), _edge(seen, 1.0, inside))


def _edge(inside_at: float, outside_at: float, inside: Callable[[float], bool]) -> float:
    """Return the last rate from `inside_at` towards `outside_at` that is inside."""
    if inside(outside_at):
        return outside_at
    for _ in range(_HALVINGS):
        middle = (inside_at + outside_at) / 2
        if inside(middle):
            inside_at = middle
        else:
            outside_at = middle
    return outside_at


def happens_more(new: tuple[int, int], old: tuple[int, int], alpha: float) -> bool:
    """Tell whether something (hits, rows) happens more often in new than in old, beyond doubt.

    If it does not, each hit falls on the new rows with at most their share in all rows: a coin whose bias is
    known, which makes the test exact and sharp however rare the hits are.

    >>> happens_more((8, 200), (0, 1000), 0.01), happens_more((3, 200), (0, 1000), 0.01)
    (True, False)
    """
    (hits, rows), (others, beside) = new, old
    if not hits or not beside:
        return False
    return rate_bounds(hits, hits + others, alpha).low > rows / (rows + beside)


def swap_bounds(worse: float, better: float, rows: float, alpha: float) -> Bounds:
    """Return where the difference of two rates may lie that were seen on the same rows.

    Only rows where the two differ say anything (McNemar): if neither is better, each such row is a fair coin.
    Whether the bounds leave 0 out is exact, then; how far they reach takes the share of such rows as seen.

    >>> swap_bounds(30, 2, 1000, 0.01).low > 0, swap_bounds(9, 5, 1000, 0.01).low > 0
    (True, False)
    """
    if rows <= 0 or worse + better <= 0:
        return Bounds(-1.0, 1.0) if rows <= 0 else Bounds(-1 / rows, 1 / rows)
    apart = (worse + better) / rows
    coin = rate_bounds(worse, worse + better, alpha)
    return Bounds((2 * coin.low - 1) * apart, (2 * coin.high - 1) * apart)


def mean_bounds(rows: float, mean: float, variance: float, alpha: float) -> Bounds:
    """Return where a mean may lie, seen `mean` and `variance` over `rows` independent rows."""
    if rows < FEWEST:
        return Bounds(-math.inf, math.inf)
    half = math.sqrt(variance) * _width(rows, alpha)
    return Bounds(mean - half, mean + half)


def _width(rows: float, alpha: float) -> float:
    """Return half the width of the normal mixture's sequence, in standard deviations of one row."""
    # The mixture's variance, such that it is tight where TUNED_TO rows are (Waudby-Smith et al., eq. 12).
    spread2 = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / TUNED_TO
    grown = rows * spread2 + 1
    return math.sqrt(2 * grown / (rows * rows * spread2) * math.log(math.sqrt(grown) / alpha))
