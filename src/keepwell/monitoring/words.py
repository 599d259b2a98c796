"""Says what changed, with its direction, in the column's own values."""

import math

import numpy as np

from keepwell.monitoring.sketches.counted import Counted

_NOTICEABLE = 0.1  # standard deviations
_WIDER, _NARROWER = 1.25, 0.8
_WORTH_SAYING = 0.01  # share of rows


def describe_change(counted: Counted, before: str = "training") -> str:
    """Return one sentence; `before` names what the reference is.

    `tenure` is 8.2 lower on average (32.4 to 24.2); 12% of rows lie outside training's range
    new category 'fiber+' in 31% of rows of `internet`
    """
    if counted.labels:
        return _labels(counted, before)
    parts = [_numbers(counted, before)]
    outside = counted.outside / max(counted.rows - counted.missing, 1)
    if outside >= _WORTH_SAYING:
        parts.append(f"{percent(outside)} of rows lie outside training's range")
    return "; ".join(parts)


def percent(share: float) -> str:
    """Return a share as people say it: `31%`, `0.4%`; `100%` means all of them."""
    rounds_badly = 0 < share < 0.0995 or 0.995 <= share < 1  # noqa: PLR2004
    return f"{share:.1%}" if rounds_badly else f"{share:.0%}"


def number(value: float) -> str:
    """Return a number with as many digits as people read: `0.0123`, `8.2`, `1,234`."""
    if not math.isfinite(value) or value == 0:
        return f"{value:g}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"  # noqa: PLR2004


def _numbers(counted: Counted, reference: str) -> str:
    profile, name = counted.profile, counted.profile.name
    before, after = profile.mean or 0.0, counted.mean or 0.0
    spread = profile.std or 0.0
    shift = after - before
    if abs(shift) >= _NOTICEABLE * spread and shift:
        word = "higher" if shift > 0 else "lower"
        return (
            f"`{name}` is {number(abs(shift))} {word} on average"
            f" ({number(before)} to {number(after)})"
        )
    ratio = (counted.std or 0.0) / spread if spread else 1.0
    if ratio >= _WIDER:
        return f"`{name}` varies {ratio:.1f} times as much as in {reference}, around the same mean"
    if ratio <= _NARROWER:
        return f"`{name}` varies only {ratio:.1f} times as much as in {reference}"
    return _bin(counted, reference)


def _bin(counted: Counted, reference: str) -> str:
    """Name the stretch of values whose share changed most."""
    assert counted.reference is not None  # noqa: S101
    assert counted.current is not None  # noqa: S101
    before, after = counted.reference.shares, counted.current.shares
    place = int(np.argmax(np.abs(after - before)))
    edges = counted.profile.bins.edges
    where = (
        f"from {number(edges[place])} to {number(edges[place + 1])}"
        if len(edges) == len(before) + 1
        else f"other than {number(edges[0])}"
    )
    return (
        f"values of `{counted.profile.name}` {where} make up {percent(after[place])} of rows,"
        f" {percent(before[place])} in {reference}"
    )


def _labels(counted: Counted, reference: str) -> str:
    assert counted.reference is not None  # noqa: S101
    assert counted.current is not None  # noqa: S101
    name, before, after = (
        counted.profile.name,
        counted.reference.shares,
        counted.current.shares,
    )
    total = counted.current.counts.sum()
    fresh = counted.fresh / total
    if fresh >= _WORTH_SAYING and counted.unseen:
        label, _ = counted.unseen[0]
        more = len(counted.unseen) - 1
        what = (
            f"new category '{label}'" if not more else f"'{label}' and {more} more new categories"
        )
        return f"{what} in {percent(fresh)} of rows of `{name}`"
    moved = np.abs(after - before)
    gone = np.where(after == 0, before, 0.0)
    if gone.max() >= moved.max() / 2:
        place = int(np.argmax(gone))
        return (
            f"category '{counted.labels[place]}' of `{name}` is gone,"
            f" it was {percent(before[place])} of rows"
        )
    place = int(np.argmax(moved))
    return (
        f"'{counted.labels[place]}' makes up {percent(after[place])} of rows of `{name}`,"
        f" {percent(before[place])} in {reference}"
    )
