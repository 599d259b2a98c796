"""How good estimates proved to be: held against what outcomes showed later, period by period."""

from collections.abc import Iterable
from dataclasses import dataclass

from keepwell.monitoring.history.point import Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """The record of the estimates of one metric.

    Attributes:
        metric: Which.
        periods: How many periods had both an estimate and mature outcomes.
        error: Mean distance of the estimate from what outcomes showed, in the metric's unit.
        bias: The same with its sign: above 0, estimates were too high.
        inside: In how many periods the outcomes lay within the estimate's interval.
    """

    metric: str
    periods: int = 0
    error: float = 0.0
    bias: float = 0.0
    inside: int = 0


def track_of(metric: str, points: Iterable[Point]) -> Track:
    """Return how the estimates of a metric did where outcomes have come."""
    differences, inside = [], 0
    for point in points:
        guess, truth = point.estimated.get(metric), point.realised.get(metric)
        if guess is None or truth is None or not point.mature:
            continue
        differences.append(guess.value - truth.value)
        low = guess.low if guess.low is not None else guess.value
        high = guess.high if guess.high is not None else guess.value
        inside += low <= truth.value <= high
    if not differences:
        return Track(metric=metric)
    return Track(
        metric=metric,
        periods=len(differences),
        error=sum(map(abs, differences)) / len(differences),
        bias=sum(differences) / len(differences),
        inside=inside,
    )
