"""A consumer in a process of its own, for tests of what processes share."""

from pathlib import Path

from keepwell.core.records import Token
from keepwell.deployment.server.admission.meters import LimitError, Meter


def spend(path: Path, token: Token, now: float, times: int) -> int:
    """Return how many of so many requests of one row were allowed."""
    meter = Meter(path, token)
    done = 0
    for _ in range(times):
        try:
            meter.request(now)
            meter.rows(1, now)
        except LimitError:
            continue
        done += 1
    return done
