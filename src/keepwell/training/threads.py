"""How many threads a fit is worth."""

import os

_CELLS_PER_THREAD = 250_000


def threads_for(rows: int, columns: int) -> int:
    """Return the threads that a fit gains from on this machine, now.

    Small fits are quickest on one. Boosting waits for its slowest thread many times a second, so a
    second thread on a core that is busy serving makes it several times slower, not faster.
    """
    cores = len(os.sched_getaffinity(0))
    free = int(cores - os.getloadavg()[0] + 0.5)
    return max(1, min(free, rows * columns // _CELLS_PER_THREAD))
