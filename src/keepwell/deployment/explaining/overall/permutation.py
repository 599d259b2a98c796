"""How much worse a model gets when it can no longer go by a column."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.records import Estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHUFFLES = 10
FEWEST = 3  # shuffles that an interval needs

Measure = Callable[[Sequence["NDArray[Any]"]], float | None]
"""The metric of rows given as columns, so that more is better; None where it cannot be decided."""


@dataclass(slots=True, kw_only=True)
class Permuted:
    """By position of the column the drops that its shuffles brought."""

    value: float | None = None
    drops: dict[int, list[float]] = field(default_factory=dict)

    @property
    def shuffles(self) -> int:
        """How often every column that was reached was shuffled."""
        return min(map(len, self.drops.values()), default=0)


def permute(
    measure: Measure,
    columns: "Sequence[NDArray[Any]]",
    order: Sequence[int],
    *,
    until: float,
    seed: int = 0,
) -> Permuted:
    """Shuffle each column in turn, round by round, as long as there is time.

    Args:
        measure: What is asked.
        columns: The rows.
        order: Positions of the columns, those that matter most first.
        until: When to stop, on the clock of `time.monotonic`.
        seed: Equal seeds, equal shuffles.
    """
    found = Permuted(value=measure(columns))
    if found.value is None:
        return found
    random = np.random.default_rng(seed)
    for _ in range(SHUFFLES):
        moved = random.permutation(len(columns[0]))
        for at in order:
            if time.monotonic() > until:
                return found
            shuffled = list(columns)
            shuffled[at] = columns[at][moved]
            value = measure(shuffled)
            if value is not None:
                found.drops.setdefault(at, []).append(found.value - value)
    return found


def estimate(drops: Sequence[float]) -> Estimate:
    """Return the mean with its 95% interval over the shuffles (Student's t)."""
    from scipy.stats import t

    mean = float(np.mean(drops))
    if len(drops) < FEWEST:
        return Estimate(value=mean)
    reach = float(t.ppf(0.975, len(drops) - 1) * np.std(drops, ddof=1) / np.sqrt(len(drops)))
    return Estimate(value=mean, low=mean - reach, high=mean + reach)
