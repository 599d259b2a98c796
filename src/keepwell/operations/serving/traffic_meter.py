"""What the workers counted since a time, though they count from their own start."""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from keepwell.core.clock import Clock

if TYPE_CHECKING:
    from keepwell.deployment.server import WorkerState
    from keepwell.monitoring.service import Traffic

_SAMPLES = 5000
_SERVER_ERROR = 500
_OK = 200

Key = tuple[str, int]  # endpoint and version
Tally = tuple[int, int]  # requests answered or failed, and of them failed on our side


class TrafficMeter:
    """Adds up heartbeats over worker restarts, and remembers how the sums grew."""

    def __init__(self, workers: Callable[[], "Sequence[WorkerState]"], clock: Clock) -> None:
        self._workers = workers
        self._clock = clock
        self._last: dict[tuple[int, float], dict[Key, Tally]] = {}
        self._totals: dict[Key, Tally] = {}
        self._history: deque[tuple[float, dict[Key, Tally]]] = deque(maxlen=_SAMPLES)

    def sample(self) -> None:
        """Read the heartbeats once."""
        for state in self._workers():
            worker = (state.index, state.started)
            counted = {
                (endpoint, int(version)): _tally(traffic.statuses, traffic.fallbacks)
                for endpoint, versions in state.traffic.items()
                for version, traffic in versions.items()
            }
            before = self._last.get(worker, {})
            for key, (requests, errors) in counted.items():
                old = before.get(key, (0, 0))
                total = self._totals.get(key, (0, 0))
                self._totals[key] = (total[0] + requests - old[0], total[1] + errors - old[1])
            self._last[worker] = counted
        now = self._clock.now()
        back = self._history[-1][0] - now if self._history else 0.0
        if back > 0:  # the clock was set back: what counts is how long ago each sample was taken
            times = [moment for moment, _ in self._history][-2:]
            back += times[-1] - times[0]  # as long ago as the one before it was
            moved = [(moment - back, totals) for moment, totals in self._history]
            self._history = deque(moved, maxlen=_SAMPLES)
        self._history.append((now, dict(self._totals)))

    def since(self, endpoint: str, time: float) -> "dict[int, Traffic]":
        """Return what was counted for each version of an endpoint since a time."""
        from keepwell.monitoring.service import Traffic

        history = list(self._history)  # copied at once: another thread goes on sampling
        place = bisect_right([moment for moment, _ in history], time) - 1
        start = history[place][1] if place >= 0 else {}
        return {
            version: Traffic(
                requests=requests - start.get((name, version), (0, 0))[0],
                errors=errors - start.get((name, version), (0, 0))[1],
            )
            for (name, version), (requests, errors) in list(self._totals.items())
            if name == endpoint
        }


def _tally(statuses: dict[str, int], fallbacks: int) -> Tally:
    """Count what a version was asked for; where its fallback answered, the version failed."""
    errors = sum(count for status, count in statuses.items() if int(status) >= _SERVER_ERROR)
    return statuses.get(str(_OK), 0) + errors + fallbacks, errors + fallbacks
