"""How much is asked right now: from one glance at the workers' heartbeats to the next."""

import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence

from keepwell.core.clock import Clock
from keepwell.deployment.server.heartbeat import WorkerState

SPAN = 15.0
"""Seconds that a rate is measured over if somebody looks all the time."""

SHORTEST = 0.9
"""Seconds between two glances that a rate can rest on; workers beat twice a second."""

Answered = dict[tuple[int, float], Counter[str]]  # worker and its start → rows by endpoint


class Pulse:
    """Rows a second, of each endpoint. Whoever looks also measures: nothing runs in between.

    Args:
        heartbeats: Reads the workers' last heartbeats.
        clock: Tells when they were read.
    """

    def __init__(self, heartbeats: Callable[[], Sequence[WorkerState]], clock: Clock) -> None:
        self._heartbeats = heartbeats
        self._clock = clock
        self._glances = deque([(clock.now(), self._glance())])
        self._lock = threading.Lock()

    def rate(self, endpoint: str) -> float | None:
        """Return rows a second over the last seconds, or since the last look if that is longer ago.

        None in the first second, when there is nothing to compare with yet.
        """
        now, answered = self._clock.now(), self._glance()
        with self._lock:
            while len(self._glances) > 1 and self._glances[1][0] < now - SPAN:
                self._glances.popleft()
            since, before = self._glances[0]
            if now - self._glances[-1][0] >= SHORTEST:
                self._glances.append((now, answered))
        if now - since < SHORTEST:
            return None
        grown = (
            rows[endpoint] - before.get(worker, Counter())[endpoint]
            for worker, rows in answered.items()
        )
        return sum(grown) / (now - since)

    def _glance(self) -> Answered:
        return {
            (state.index, state.started): Counter(
                {
                    endpoint: sum(traffic.rows for traffic in versions.values())
                    for endpoint, versions in state.traffic.items()
                }
            )
            for state in self._heartbeats()
        }
