"""What may be expected of twice as many rows, and how sure that is.

A score comes near its limit by a power of the number of rows: `limit - slope * rows ** -power`. With the
power given, limit and slope are those of a straight line, fitted fold by fold; so each fold says what it
would gain. Folds share rows, which their interval is corrected for (Nadeau and Bengio, 2003); powers that
suit the scores nearly as well as the best one widen it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keepwell.training.doubt import gain_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

_POWERS = (0.25, 0.5, 0.75, 1.0, 1.5)
_LEVEL = 0.95
_TIMES = 2.0
_FEWEST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What twice as many rows are expected to change the score by; above 0 is better.

    Attributes:
        gain: The mean over the folds.
        low: Lower end of its 95% interval.
        high: Upper end.
        power: By which the score comes near its limit.
        scores: What the curve says at each number of rows, the last of them twice the largest.
    """

    gain: float
    low: float
    high: float
    power: float
    scores: dict[int, float]


def expect(scores: Mapping[int, Mapping[int, float]], sign: int) -> Expected:
    """Return what twice the largest number of rows may be expected to bring.

    Args:
        scores: By number of rows, then by fold; the same folds for each number, two at least of both.
        sign: 1 if more is better, -1 if less is.

    Raises:
        ValueError: If there are fewer.
    """
    rows = sorted(scores)
    folds = sorted(scores[rows[0]])
    if len(rows) < _FEWEST or len(folds) < _FEWEST:
        raise ValueError("two numbers of rows and two folds at least say how a score grows")
    seen = np.array([[scores[size][fold] for size in rows] for fold in folds])
    sizes = np.array(rows, dtype=np.float64)
    fits = {power: _fitted(sizes, seen, power) for power in _POWERS}
    best = min(fits, key=lambda power: fits[power][2])
    freedom = max(seen.size - 2 * len(folds), 1)
    bearable = fits[best][2] * (1 + _one_more(freedom) / freedom) + 1e-18
    reach = [
        gain_interval((sign * _gained(sizes[-1], slope, power)).tolist(), len(folds))
        for power, (_, slope, squares) in fits.items()
        if squares <= bearable
    ]
    limit, slope, _ = fits[best]
    shown = [*rows, round(_TIMES * rows[-1])]
    return Expected(
        gain=float(np.mean(sign * _gained(sizes[-1], slope, best))),
        low=min(low for low, _ in reach),
        high=max(high for _, high in reach),
        power=best,
        scores={size: float(np.mean(limit + slope * size**-best)) for size in shown},
    )


def _fitted(
    sizes: "NDArray[np.float64]", seen: "NDArray[np.float64]", power: float
) -> "tuple[NDArray[np.float64], NDArray[np.float64], float]":
    """Return limit and slope of each fold, and the squares that are left of all."""
    at = sizes**-power
    away = at - at.mean()
    slope = (seen - seen.mean(axis=1, keepdims=True)) @ away / float(away @ away)
    limit = seen.mean(axis=1) - slope * at.mean()
    left = seen - limit[:, None] - slope[:, None] * at
    return limit, slope, float((left**2).sum())


def _gained(largest: float, slope: "NDArray[np.float64]", power: float) -> "NDArray[np.float64]":
    change: NDArray[np.float64] = slope * ((_TIMES * largest) ** -power - largest**-power)
    return change


def _one_more(freedom: int) -> float:
    """Return how much worse, in F, a power may be that cannot be told from the best."""
    from scipy.stats import f

    return float(f.ppf(_LEVEL, 1, freedom))
