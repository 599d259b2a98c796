"""A bandit's beliefs, and the traffic that follows from them: Thompson sampling by allocation.

Each version's share is the probability that it is the best, as far as its outcomes tell (Thompson 1933;
probability matching), never less than a minimum so that every version goes on being tried. Rewards that are
right or wrong have a Beta(1, 1) prior; others a normal posterior around their mean.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DRAWS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewards:
    """What came of a version's answers.

    Attributes:
        rows: Answers whose outcome is known.
        total: Their rewards, added up.
        squares: The squares of their rewards, added up.
        binary: Whether every reward is 0 or 1.
    """

    rows: int = 0
    total: float = 0.0
    squares: float = 0.0
    binary: bool = True

    @property
    def mean(self) -> float | None:
        """Mean reward."""
        return self.total / self.rows if self.rows else None


def chances_of_best(rewards: Mapping[int, Rewards], seed: str) -> dict[int, float]:
    """Return the probability that each version is the best; the same seed draws the same.

    While a version has no outcome at all, nobody knows: chances are equal.
    """
    import numpy as np

    binary = all(one.binary for one in rewards.values())
    needed = 1 if binary else 2  # a mean without a spread says nothing
    if any(one.rows < needed for one in rewards.values()):
        return {version: 1 / len(rewards) for version in rewards}
    digest = hashlib.sha256(seed.encode()).digest()
    random = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    draws = np.stack([_draw(random, one, binary) for one in rewards.values()])
    wins = np.bincount(np.argmax(draws, axis=0), minlength=len(rewards)) / DRAWS
    return dict(zip(rewards, wins.tolist(), strict=True))


def allocation(chances: Mapping[int, float], explore: float) -> dict[int, float]:
    """Return shares in percent: `explore` for each version, the rest by its chance to be the best.

    >>> allocation({1: 0.2, 2: 0.8}, explore=5)
    {1: 23.0, 2: 77.0}
    """
    free = 100 - explore * len(chances)
    return {version: explore + free * chance for version, chance in chances.items()}


def _draw(random: "np.random.Generator", one: Rewards, binary: bool) -> "NDArray[Any]":
    if binary:
        return random.beta(1 + one.total, 1 + one.rows - one.total, DRAWS)
    mean = one.total / one.rows
    variance = max(one.squares / one.rows - mean * mean, 0.0) * one.rows / (one.rows - 1)
    # Where all rewards are alike so far, one more of another size must stay thinkable.
    spread = math.sqrt(variance) or abs(mean) or 1.0
    return random.normal(mean, spread / math.sqrt(one.rows), DRAWS)
