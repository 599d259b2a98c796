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
_REFUSED = ("400", "422")  # what does not fit the model's inputs

Key = tuple[str, int]  # endpoint and version
Tally = tuple[int, int, int]  # answered or failed, of those failed on our side, and refused
_NONE: Tally = (0, 0, 0)


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
            for key, tally in counted.items():
                old, total = before.get(key, _NONE), self._totals.get(key, _NONE)
                self._totals[key] = _minus(total, _minus(old, tally))
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
        grown = {
            version: _minus(total, start.get((name, version), _NONE))
            for (name, version), total in list(self._totals.items())
            if name == endpoint
        }
        return {
            version: Traffic(requests=requests, errors=errors, refused=refused)
            for version, (requests, errors, refused) in grown.items()
        }


def _tally(statuses: dict[str, int], fallbacks: int) -> Tally:
    """Count what a version was asked for; where its fallback answered, the version failed."""
    errors = sum(count for status, count in statuses.items() if int(status) >= _SERVER_ERROR)
    refused = sum(statuses.get(status, 0) for status in _REFUSED)
    return statuses.get(str(_OK), 0) + errors + fallbacks, errors + fallbacks, refused


def _minus(one: Tally, other: Tally) -> Tally:
    return one[0] - other[0], one[1] - other[1], one[2] - other[2]
