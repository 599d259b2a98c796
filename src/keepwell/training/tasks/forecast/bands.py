"""Quantiles of a forecast: how far what came lay beside what was forecast, so many steps ahead.

The errors that backtesting saw, as shares of each series' spread, are taken as those to come (split
conformal). Each number of steps ahead has its own, with those of its neighbours where they are few.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keepwell.training.tasks.quantiles.bands import conformal_gap

if TYPE_CHECKING:
    from numpy.typing import NDArray

USUAL = (0.1, 0.9)
FEWEST = 50  # errors that the quantiles of a step ahead are taken from


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """What backtesting saw on one stretch.

    Attributes:
        shares: What came less what was forecast, as shares of the series' spread.
        ahead: How many steps ahead each lay.
    """

    shares: "NDArray[np.float64]"
    ahead: "NDArray[np.int64]"


def shifts_of(
    stretches: Sequence[Errors], levels: Sequence[float], horizon: int
) -> "NDArray[np.float64]":
    """Return by steps ahead, and by level, what is added to a forecast, as a share of the spread."""
    shares = np.concatenate([one.shares for one in stretches])
    ahead = np.concatenate([one.ahead for one in stretches])
    made = np.empty((horizon, len(levels)))
    for step in range(1, horizon + 1):
        apart = np.abs(ahead - step)
        wide = int(np.sort(apart)[min(FEWEST, len(apart)) - 1])
        near = shares[apart <= wide]
        made[step - 1] = [conformal_gap(near, level) for level in levels]
    return made


def held_share(stretches: Sequence[Errors], levels: Sequence[float], horizon: int) -> float | None:
    """Return how often the outer quantiles held what came, each stretch by the errors of the others.

    None where there is one stretch only.
    """
    if len(stretches) < 2:  # noqa: PLR2004
        return None
    inside = []
    for at, one in enumerate(stretches):
        others = [other for number, other in enumerate(stretches) if number != at]
        shifts = shifts_of(others, (levels[0], levels[-1]), horizon)[one.ahead - 1]
        inside.append((one.shares >= shifts[:, 0]) & (one.shares <= shifts[:, 1]))
    return float(np.mean(np.concatenate(inside)))


def told(
    levels: Sequence[float], stretches: Sequence[Errors], horizon: int, tested: float | None
) -> str:
    """Return in words how often the outer quantiles hold what comes."""
    low, high = levels[0], levels[-1]
    held = held_share(stretches, levels, horizon)
    seen = "one stretch was too few to measure it in backtesting" if held is None else (
        f"in backtesting, each stretch by the errors of the others, it was {held:.0%}"
    )  # fmt: skip
    test = "" if tested is None else f"; on the test {tested:.0%}"
    return f"between the quantiles {low:g} and {high:g} should lie {high - low:.0%}: {seen}{test}"
