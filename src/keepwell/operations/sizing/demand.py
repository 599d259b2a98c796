"""What traffic took from processors, hour by hour and in its busiest minutes, from sums that only grow."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from keepwell.core.ports import Point

HOUR = 3600.0
DAY = 86400.0
_FINE = 300.0  # seconds between two points, up to which they tell of a minute
_GONE = 2.5 * HOUR  # between two points: nobody looked, and nothing is known of that time
_COVERED = 0.5  # of an hour that must have been watched
_BUSY = 0.99  # of the minutes that must fit: the busiest one in a hundred may wait a little


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What was asked for and what that took.

    Attributes:
        hours: By hour since 1970, the processors that were filled on average.
        peak: Processors in the busiest minutes of the last day: one in a hundred was busier.
        mean: Processors over the last day.
        requests: A second, over the last day.
        watched: Seconds that are known.
        last: When something was asked last, Unix seconds; None if never.
    """

    hours: dict[int, float]
    peak: float
    mean: float
    requests: float
    watched: float
    last: float | None


def demand_of(cpu: Sequence[Point], requests: Sequence[Point], now: float) -> Demand:
    """Return the demand that sums of processor seconds and of requests tell of.

    A sum that falls began anew; what lies between two points far apart is not known.
    """
    spans = [span for span in _spans(cpu) if span[1] <= now]
    hours: dict[int, tuple[float, float]] = {}
    for start, end, used in spans:
        for hour, share in _hours(start, end):
            seconds, total = hours.get(hour, (0.0, 0.0))
            hours[hour] = seconds + share * (end - start), total + share * used
    recent = [span for span in spans if span[0] >= now - DAY]
    fine = [
        (used / (end - start), end - start) for start, end, used in recent if end - start <= _FINE
    ]
    seconds = sum(end - start for start, end, _ in recent)
    asked = [span for span in _spans(requests) if span[0] >= now - DAY]
    grown = [end for _, end, used in _spans(requests) if used > 0]
    return Demand(
        hours={
            hour: used / covered
            for hour, (covered, used) in sorted(hours.items())
            if covered >= _COVERED * HOUR
        },
        peak=_peak(fine),
        mean=sum(used for _, _, used in recent) / seconds if seconds else 0.0,
        requests=sum(used for _, _, used in asked) / seconds if seconds else 0.0,
        watched=sum(end - start for start, end, _ in spans),
        last=max(grown, default=None),
    )


def together(demands: Sequence[Demand]) -> Demand:
    """Return what several ask for of the same workers; their peaks are taken to meet."""
    hours: dict[int, float] = {}
    for one in demands:
        for hour, load in one.hours.items():
            hours[hour] = hours.get(hour, 0.0) + load
    return Demand(
        hours=dict(sorted(hours.items())),
        peak=sum(one.peak for one in demands),
        mean=sum(one.mean for one in demands),
        requests=sum(one.requests for one in demands),
        watched=max((one.watched for one in demands), default=0.0),
        last=max((one.last for one in demands if one.last is not None), default=None),
    )


def _spans(points: Sequence[Point]) -> list[tuple[float, float, float]]:
    return [
        (before.time, after.time, max(0.0, after.value - before.value))
        for before, after in pairwise(points)
        if 0 < after.time - before.time <= _GONE
    ]


def _hours(start: float, end: float) -> list[tuple[int, float]]:
    """Return which share of a span lies in which hour."""
    found, at = [], start
    while at < end:
        hour = int(at // HOUR)
        until = min(end, (hour + 1) * HOUR)
        found.append((hour, (until - at) / (end - start)))
        at = until
    return found


def _peak(minutes: Sequence[tuple[float, float]]) -> float:
    """Return the load that all but the busiest of the time stayed below."""
    if not minutes:
        return 0.0
    ordered = sorted(minutes)
    seconds = np.cumsum([long for _, long in ordered])
    at = int(np.searchsorted(seconds, _BUSY * seconds[-1]))
    return ordered[min(at, len(ordered) - 1)][0]
