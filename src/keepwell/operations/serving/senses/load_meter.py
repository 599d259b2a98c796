"""How much is asked of each endpoint, from what the workers count.

A worker that is busy all the time can do no more. How busy workers are follows from the time that they
spent on requests: on average so many are in flight (Little's law). What they could do is what they did,
divided by that share.
"""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING

from keepwell.core.clock import Clock
from keepwell.core.ports import MeasurementStore
from keepwell.operations.loop.load import UNKNOWN_LOAD, Load

if TYPE_CHECKING:
    from keepwell.deployment.server import WorkerState

SPAN = 60.0
"""Seconds that a rate is measured over."""
_SAMPLES = 600
_HISTORY = 8 * 86400.0
_HOUR = 3600.0
_DAYS = 3

Tally = tuple[int, float]  # requests that were answered, and the milliseconds that took
Workers = dict[str, int]  # how many there are, by the endpoint that they answer alone


class LoadMeter:
    """Adds up heartbeats, and holds what they say against the usual.

    Args:
        workers: Gives the workers' heartbeats.
        measurements: Where the usual rates are read from.
        clock: The time.
    """

    def __init__(
        self,
        workers: Callable[[], "Sequence[WorkerState]"],
        measurements: MeasurementStore,
        clock: Clock,
    ) -> None:
        self._workers = workers
        self._measurements = measurements
        self._clock = clock
        self._last: dict[tuple[int, float], dict[str, Tally]] = {}
        self._totals: dict[str, Tally] = {}
        self._samples: deque[tuple[float, dict[str, Tally], Workers]] = deque(maxlen=_SAMPLES)
        self._usual: dict[str, tuple[int, float | None]] = {}

    def sample(self) -> None:
        """Read the heartbeats once."""
        counts: Workers = {}
        for state in self._workers():
            if not state.draining:
                counts[state.pool] = counts.get(state.pool, 0) + 1
            worker = (state.index, state.started)
            before = self._last.get(worker, {})
            now = {
                endpoint: (
                    sum(sum(one.latency) for one in versions.values()),
                    sum(one.latency_sum_ms for one in versions.values()),
                )
                for endpoint, versions in state.traffic.items()
            }
            for endpoint, (requests, spent) in now.items():
                old, total = before.get(endpoint, (0, 0.0)), self._totals.get(endpoint, (0, 0.0))
                self._totals[endpoint] = (total[0] + requests - old[0], total[1] + spent - old[1])
            self._last[worker] = now
        self._samples.append((self._clock.now(), dict(self._totals), counts))

    def load(self, endpoint: str) -> Load:
        """Return how much is asked of an endpoint; unknown until two samples are there."""
        samples = list(self._samples)
        if len(samples) < 2:  # noqa: PLR2004 (a rate needs two)
            return UNKNOWN_LOAD
        end, totals, counts = samples[-1]
        start, earlier, _ = next((one for one in samples[:-1] if one[0] >= end - SPAN), samples[-2])
        seconds = end - start
        if seconds <= 0:
            return UNKNOWN_LOAD
        alone = endpoint in counts
        workers = counts.get(endpoint if alone else "", 0)
        rate = (totals.get(endpoint, (0, 0.0))[0] - earlier.get(endpoint, (0, 0.0))[0]) / seconds
        sharing = [endpoint] if alone else [name for name in totals if name not in counts]
        spent = sum(totals.get(n, (0, 0.0))[1] - earlier.get(n, (0, 0.0))[1] for n in sharing)
        busy = spent / 1000.0 / seconds / workers if workers else 0.0
        return Load(
            rate=rate,
            capacity=rate / busy if busy > 0 and rate > 0 else None,
            usual=self._usual_of(endpoint, end),
            workers=workers,
        )

    def _usual_of(self, endpoint: str, now: float) -> float | None:
        """Return the median rate at this hour of earlier days; looked up once an hour."""
        hour = int(now // _HOUR)
        known = self._usual.get(endpoint)
        if known is None or known[0] != hour:
            known = self._usual[endpoint] = (hour, self._looked_up(endpoint, now))
        return known[1]

    def _looked_up(self, endpoint: str, now: float) -> float | None:
        subject, wanted = f"endpoint:{endpoint}", datetime.fromtimestamp(now, UTC).hour
        series = self._measurements.series(subject, ["requests"], since=now - _HISTORY)
        days: dict[int, list[float]] = {}
        for point in series.get("requests", ()):
            moment = datetime.fromtimestamp(point.time, UTC)
            if moment.hour == wanted and now - point.time > _HOUR:
                days.setdefault(moment.toordinal(), []).append(point.value)
        if len(days) < _DAYS:
            return None
        return median(median(values) for values in days.values())
