"""How many threads a fit is worth."""

import os

import psutil

_CELLS_PER_THREAD = 250_000
_LOOK = 0.1  # seconds


def threads_for(rows: int, columns: int) -> int:
    """Return the threads that a fit gains from on this machine, now.

    Small fits are quickest on one. Boosting waits for its slowest thread many times a second, so a
    second thread on a core that is busy serving makes it several times slower, not faster.
    """
    worth = rows * columns // _CELLS_PER_THREAD
    return max(1, min(free_cores(), worth)) if worth > 1 else 1


def free_cores() -> int:
    """Return the cores that nobody uses now; at least one.

    The load average remembers for a minute what is over, this process's own reading of the rows too; what a
    short look sees may be a pause. Whichever says less is believed.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    busy = os.getloadavg()[0]
    if busy > 1 / 2:
        busy = min(busy, busy_cores())
    return max(1, int((cores or 1) - busy + 0.5))


def busy_cores() -> float:
    """Return how many cores are at work during a short look."""
    share: float = psutil.cpu_percent(_LOOK) / 100
    return share * (psutil.cpu_count() or 1)
