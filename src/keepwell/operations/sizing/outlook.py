"""What the next day will ask for, hour by hour, and how well the same rule foretold days that are over.

The rule: an hour will be like the same hour of earlier days (of earlier weeks, once two are known), grown as
the last day grew over what the rule said of it. The upper line comes from how far off the rule was before.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

_DAY = 24
_WEEK = 168
_MOST_GROWTH = 2.0
_UPPER = 0.9  # of earlier hours that the upper line would have held
_LEAST = 1e-4  # processors: what lies below is nothing
_TESTED = 7  # days that the rule is tried on, at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The next day.

    Attributes:
        hours: Processors, by hour from the next full one on.
        upper: What most hours will stay below.
        start: The first hour, since 1970.
        days: How many days it rests on.
        error: Median distance of earlier forecasts from what came, as a share; None if none was possible.
        held: Share of earlier hours that stayed below the upper line; None if none was possible.
        growth: By which the last day exceeded what the rule said of it.
    """

    hours: tuple[float, ...]
    upper: tuple[float, ...]
    start: int
    days: float
    error: float | None = None
    held: float | None = None
    growth: float = 1.0


def outlook_of(hours: Mapping[int, float], now_hour: int) -> Outlook:
    """Return what the day that begins with `now_hour` will ask for.

    Args:
        hours: Processors by hour since 1970, as far as known; those from `now_hour` on are not looked at.
        now_hour: The first hour to foretell.
    """
    known = {hour: load for hour, load in hours.items() if hour < now_hour}
    days = (now_hour - min(known)) / _DAY if known else 0.0
    growth = _growth(known, now_hour)
    said = _day(known, now_hour, growth)
    ratios, errors = _tried(known, now_hour)
    wider = float(np.quantile(ratios, _UPPER)) if ratios else _spread(known)
    wider = max(wider, 1.0)
    return Outlook(
        hours=tuple(said),
        upper=tuple(load * wider for load in said),
        start=now_hour,
        days=days,
        error=float(np.median(errors)) if errors else None,
        held=float(np.mean([ratio <= wider for ratio in ratios])) if ratios else None,
        growth=growth,
    )


def _day(known: Mapping[int, float], start: int, growth: float) -> list[float]:
    return [growth * _alike(known, hour, start) for hour in range(start, start + _DAY)]


def _alike(known: Mapping[int, float], hour: int, start: int) -> float:
    """Return what the same hour was before: of the week if two weeks are known, of the day, or the mean."""
    oldest = min(known, default=start)
    every = _WEEK if start - oldest >= 2 * _WEEK else _DAY
    same = [known[at] for at in range(hour - every, oldest - 1, -every) if at in known]
    if same:
        return float(np.median(same[:_TESTED]))
    return float(np.mean(list(known.values()))) if known else 0.0


def _growth(known: Mapping[int, float], start: int) -> float:
    """Return by how much the last day exceeded what was to be expected of it; 1 where that is not known."""
    before = {hour: load for hour, load in known.items() if hour < start - _DAY}
    last = {hour: load for hour, load in known.items() if hour >= start - _DAY}
    if len(before) < _DAY or len(last) < _DAY / 2:
        return 1.0
    expected = sum(_alike(before, hour, start - _DAY) for hour in last)
    if expected <= _LEAST * len(last):
        return 1.0
    return float(np.clip(sum(last.values()) / expected, 1 / _MOST_GROWTH, _MOST_GROWTH))


def _tried(known: Mapping[int, float], start: int) -> tuple[list[float], list[float]]:
    """Return of hours that are over what came as a share of what was foretold, and how far off that was."""
    ratios, errors = [], []
    for back in range(1, _TESTED + 1):
        begin = start - back * _DAY
        before = {hour: load for hour, load in known.items() if hour < begin}
        if len(before) < _DAY:
            break
        said = _day(before, begin, _growth(before, begin))
        for at, load in enumerate(said):
            came = known.get(begin + at)
            if came is None or max(load, came) < _LEAST:
                continue
            ratios.append(came / max(load, _LEAST))
            errors.append(abs(came - load) / max(came, _LEAST))
    return ratios, errors


def _spread(known: Mapping[int, float]) -> float:
    """Return how far the busiest hour lies above the mean: all that is known of a first day."""
    loads = list(known.values())
    mean = float(np.mean(loads)) if loads else 0.0
    return max(loads) / mean if mean > _LEAST else 1.0
