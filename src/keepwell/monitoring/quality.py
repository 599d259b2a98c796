"""Which columns arrive damaged: values missing that were there, of another type, never seen, out of range."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from keepwell.core.records import ColumnProfile, Signal
from keepwell.monitoring.detectors.discoveries import discoveries
from keepwell.monitoring.drift import weight
from keepwell.monitoring.report import Scope
from keepwell.monitoring.sketches.counted import Counted
from keepwell.monitoring.words import number, percent

MISSING = 0.05
"""How much larger the share of missing values must be than in training."""

WRONG = 0.001
UNSEEN = 0.01
OUTSIDE = 0.05
"""Shares of rows beyond which values of another type, of unseen categories, out of range are reported."""

_A_FEW = 5  # rows; less is an accident
_SURE = 3.29  # standard errors that chance exceeds once in a thousand


def find_damage(
    columns: Sequence[Counted],
    scope: Scope,
    *,
    importance: Mapping[str, float] | None = None,
    min_rows: int = 100,
) -> list[Signal]:
    """Return a signal for each kind of damage in each column."""
    enough = [counted for counted in columns if counted.rows >= min_rows]
    found = discoveries([_missing_p_value(counted) for counted in enough])
    signals = []
    for counted, discovered in zip(enough, found, strict=True):
        for damage, message, share, limit in _damage(counted, discovered):
            signal = scope.signal(
                "quality",
                message,
                value=share,
                limit=limit,
                severity=min(1.0, 2 * share) * weight(counted.profile.name, importance or {}),
                rows=counted.rows,
                column=counted.profile.name,
            )
            signals.append(replace(signal, damage=damage))
    return signals


def _damage(counted: Counted, discovered: bool) -> Iterator[tuple[str, str, float, float]]:
    """Yield which it is, message, share of rows and limit of each kind of damage."""
    profile, name = counted.profile, counted.profile.name
    before, now = _missing_reference(profile), counted.missing / counted.rows
    limit = math.hypot(MISSING, _SURE * _standard_error(counted))
    if discovered and now - before > limit:
        yield (
            "missing",
            f"`{name}` is missing in {percent(now)} of rows, {percent(before)} in training",
            now - before,
            limit,
        )
    wrong = counted.wrong / counted.rows
    if counted.wrong >= _A_FEW and wrong > WRONG:
        yield (
            "wrong",
            f"`{name}` holds values that are no {profile.type.value} in {percent(wrong)} of rows",
            wrong,
            WRONG,
        )
    fresh = counted.fresh
    if fresh >= _A_FEW and fresh / counted.rows > UNSEEN:
        labels = ", ".join(f"'{label}'" for label, _ in counted.unseen)
        share = fresh / counted.rows
        yield (
            "unseen",
            f"`{name}` holds categories that training never saw in {percent(share)} of rows: {labels}",
            share,
            UNSEEN,
        )
    outside = counted.outside / counted.rows
    if counted.outside >= _A_FEW and outside > OUTSIDE and not counted.runs:
        low, high = profile.minimum or 0.0, profile.maximum or 0.0
        yield (
            "outside",
            f"`{name}` lies outside training's range of {number(low)} to {number(high)}"
            f" in {percent(outside)} of rows",
            outside,
            OUTSIDE,
        )


def _missing_reference(profile: ColumnProfile) -> float:
    return profile.missing / profile.rows if profile.rows else 0.0


def _standard_error(counted: Counted) -> float:
    """Return the standard error of the difference between two shares, were they one."""
    rows, reference = counted.rows, max(counted.profile.rows, 1)
    pooled = (counted.missing + counted.profile.missing + 1) / (rows + reference + 2)
    return math.sqrt(pooled * (1 - pooled) * (1 / rows + 1 / reference))


def _missing_p_value(counted: Counted) -> float:
    """Return how likely so many more missing values are by chance."""
    rise = counted.missing / counted.rows - _missing_reference(counted.profile)
    return math.erfc(rise / _standard_error(counted) / math.sqrt(2)) / 2 if rise > 0 else 1.0
