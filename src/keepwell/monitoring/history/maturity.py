"""How long outcomes take, and so: how many of those that will come have come.

An outcome of yesterday's prediction that is here took at most a day, so a plain histogram of delays makes
them look short. What is observed of a prediction is cut off at its age; the estimate that allows for it runs
the clock backwards (Lynden-Bell, 1971; Kalbfleisch and Lawless, 1989, for reports of disease that are late
in the same way).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST = 20
"""Outcomes below which their delays say nothing."""

MATURE = 0.9
"""Share of the outcomes to come from which on a period counts as decided."""

_STEPS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """How long outcomes take.

    Attributes:
        seconds: Rising.
        share: Of the outcomes that come, those that have come after so long.
        outcomes: How many it was learned from; 0: it is what the project file says.
    """

    seconds: tuple[float, ...] = ()
    share: tuple[float, ...] = ()
    outcomes: int = 0

    @classmethod
    def observed(
        cls, predicted: "NDArray[np.float64]", came: "NDArray[np.float64]", now: float
    ) -> "Delays":
        """Learn from outcomes: when each prediction was made, and when its outcome came."""
        if len(predicted) < FEWEST:
            return cls()
        delay = np.maximum(came - predicted, 0.0)
        age = np.maximum(now - predicted, delay)
        levels = np.unique(delay)
        if len(levels) > _STEPS:
            levels = np.unique(np.quantile(delay, np.linspace(0, 1, _STEPS), method="higher"))
        ordered, ages = np.sort(delay), np.sort(age)
        # As reached at each level: outcomes that took at most so long, of predictions at least so old.
        upto = np.searchsorted(ordered, levels, side="right")
        at_risk = upto - np.searchsorted(ages, levels, side="left")
        before = np.r_[0, upto[:-1]]
        events = upto - before
        stay = 1 - np.minimum(events / np.maximum(at_risk, events), 1.0)
        later = np.r_[np.cumprod(stay[:0:-1])[::-1], 1.0]
        return cls(
            seconds=tuple(map(float, levels)),
            share=tuple(map(float, later)),
            outcomes=len(predicted),
        )

    @classmethod
    def declared(cls, seconds: float) -> "Delays":
        """Take the project file's word (`monitor.labels.delay`): all are there after so long."""
        return cls(seconds=(seconds,), share=(1.0,)) if seconds > 0 else cls()

    def matured(self, age: "NDArray[np.float64]") -> float | None:
        """Return the share of outcomes of predictions of these ages that have come; None: nobody knows."""
        if not self.seconds or not len(age):
            return None
        place = np.searchsorted(self.seconds, age, side="right")
        return float(np.r_[0.0, self.share][place].mean())

    def quantile(self, share: float) -> float | None:
        """Return after how many seconds that share of the outcomes has come; None: nobody knows."""
        place = int(np.searchsorted(self.share, share)) if self.seconds else 0
        return self.seconds[min(place, len(self.seconds) - 1)] if self.seconds else None
