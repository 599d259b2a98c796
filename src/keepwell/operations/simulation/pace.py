"""How often a simulated loop looks: not as often as the real one, which would take as long as it took."""

import math

from keepwell.core.durations import format_duration
from keepwell.core.spec import MonitorSpec

LOOKS = 400
"""About so many looks are made over the whole time …"""

MOST_LOOKS = 2_000
"""… and up to so many where a window is so short that rows would be in none."""


def step_of(monitor: MonitorSpec, seconds: float) -> float:
    """Return the seconds between two looks over a time.

    >>> step_of(MonitorSpec(every=10.0, window_seconds=3600.0), 4000.0)
    10.0
    >>> step_of(MonitorSpec(every=10.0, window_seconds=86400.0), 400 * 3600.0)
    3600.0
    """
    step = max(monitor.every, seconds / LOOKS)
    window = monitor.window_seconds if monitor.window_rows is None else None
    if window is not None and step > window:
        step = max(window, seconds / MOST_LOOKS, monitor.every)
    return float(step)


def looks_of(since: float, until: float, step: float) -> list[float]:
    """Return the times of all looks, the last one at the end.

    >>> looks_of(0.0, 25.0, 10.0)
    [10.0, 20.0, 25.0]
    """
    count = max(1, math.ceil((until - since) / step - 1e-9))
    return [min(until, since + step * (number + 1)) for number in range(count)]


def told(monitor: MonitorSpec, step: float) -> list[str]:
    """Return what to know about looks that are so far apart."""
    notes = []
    if step > monitor.every:
        notes.append(
            f"looks are {format_duration(step)} apart, not {format_duration(monitor.every)} as"
            " monitor.every says: what begins and ends between two of them is not seen"
        )
    window = monitor.window_seconds if monitor.window_rows is None else None
    if window is not None and step > window:
        notes.append(
            f"a window of {format_duration(window)} every {format_duration(step)} leaves"
            f" {1 - window / step:.0%} of the rows unseen: replay a part with --from and --to"
        )
    return notes
