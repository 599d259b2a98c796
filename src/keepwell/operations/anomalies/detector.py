"""Tells what is unusual in one series."""

import math
from dataclasses import dataclass

from keepwell.operations.anomalies.surprise import Surprise
from keepwell.operations.anomalies.views import VIEWS, View

THRESHOLD = 3.0
"""Surprise from which a value is an anomaly: by chance, one value in a thousand for each view."""

REST = 100
"""Values after an anomaly during which only a larger surprise is another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What is to be said of one value.

    Attributes:
        surprise: minus log10 of how often chance brings a value this odd; the largest of all views.
        anomaly: Whether it is one, and not the continuation of one.
        view: The name of the view that was surprised most; empty where nothing was.
        saying: What that view found, for people.
        expected: What a usual value would have been, as that view sees it.
    """

    surprise: float = 0.0
    anomaly: bool = False
    view: str = ""
    saying: str = ""
    expected: float = math.nan


class SeriesDetector:
    """Tells for each value of one series how surprising it is. Memory is bounded; no configuration.

    Args:
        threshold: Surprise from which a value is an anomaly.
        rest: Values for which the continuation of an anomaly is none.
    """

    def __init__(self, threshold: float = THRESHOLD, rest: int = REST) -> None:
        self.threshold, self.rest = threshold, rest
        self._views: list[tuple[View, Surprise]] = [(view(), Surprise()) for view in VIEWS]
        self._count, self._mean, self._squares = 0, 0.0, 0.0
        self._loudest: list[tuple[int, float]] = []  # those that a new one is held against

    def update(self, time: float, value: float) -> Score:
        """Return what is to be said of the next value; one that is not finite is passed over.

        Args:
            time: Unix seconds, not before the last one's.
            value: What was measured.
        """
        if not math.isfinite(value):
            return Score()
        spread = math.sqrt(self._squares / (self._count - 1)) if self._count > 1 else 0.0
        best, most = Score(), 0.0
        for view, surprise in self._views:
            seen = view.see(time, value, spread)
            found = surprise.of(seen.oddness)
            if found > most:
                most = found
                best = Score(
                    surprise=found, view=view.name, saying=view.saying, expected=seen.expected
                )
        self._take(value)
        if not self._is_news(most):
            return best
        return Score(
            surprise=best.surprise,
            anomaly=True,
            view=best.view,
            saying=best.saying,
            expected=best.expected,
        )

    def _take(self, value: float) -> None:
        """Remember a value's part in mean and spread (Welford 1962)."""
        self._count += 1
        before = value - self._mean
        self._mean += before / self._count
        self._squares += before * (value - self._mean)

    def _is_news(self, surprise: float) -> bool:
        """Tell whether a surprise is an anomaly, and larger than all within the rest before it."""
        if surprise < self.threshold:
            return False
        self._loudest = [
            (when, loud) for when, loud in self._loudest if self._count - when <= self.rest
        ]
        news = all(surprise > loud for _, loud in self._loudest)
        self._loudest = [(when, loud) for when, loud in self._loudest if loud > surprise]
        self._loudest.append((self._count, surprise))
        return news
