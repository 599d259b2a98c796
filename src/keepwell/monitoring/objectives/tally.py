"""Counts of what was good, kept as sums that only grow: thinning their series loses no count."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from keepwell.core.ports import MeasurementStore, Point

FINE, MIDDLE = 6 * 3600.0, 4 * 86400.0
"""Ages from which on a count is kept every five minutes, and every hour."""

_MOST = 20_000


class KeptSeries(MeasurementStore, Protocol):
    """A store of measurements that can thin what is old; what is kept is the last of each stretch."""

    def thin(self, older_than: float, every: float, subject: str = "") -> int:
        """Keep one point per `every` seconds of what is older."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What was counted up to some times, in their order."""

    times: Sequence[float]
    good: Sequence[float]
    total: Sequence[float]

    def since(self, time: float) -> tuple[float, float]:
        """Return how much was good, and how much there was, since a time (or since counting began)."""
        if not self.times:
            return 0.0, 0.0
        place = max(bisect_right(self.times, time) - 1, 0)
        return self.good[-1] - self.good[place], self.total[-1] - self.total[place]

    @property
    def newest(self) -> float | None:
        """When was counted last."""
        return self.times[-1] if self.times else None


class Tally:
    """The counts of an endpoint's objectives.

    Args:
        measurements: Where they are kept.
        endpoint: Whose.
    """

    def __init__(self, measurements: KeptSeries, endpoint: str) -> None:
        self._measurements = measurements
        self._subject = f"endpoint:{endpoint}/objectives"

    def sums(self, name: str, since: float = 0.0) -> Sums:
        """Return what was counted for an objective."""
        good, total = f"{name}:good", f"{name}:total"
        found = self._measurements.series(self._subject, [good, total], since=since, limit=_MOST)
        ok, everything = found.get(good, []), found.get(total, [])
        return Sums(
            times=[point.time for point in everything],
            good=[point.value for point in ok],
            total=[point.value for point in everything],
        )

    def last(self, name: str) -> float | None:
        """Return when an objective was counted last, None if never."""
        found = self._measurements.series(self._subject, [f"{name}:total"], limit=1)
        return next((points[-1].time for points in found.values()), None)

    def add(self, name: str, *, good: float, total: float, now: float) -> None:
        """Count some more. The first call is where counting begins."""
        found = self._measurements.series(self._subject, [f"{name}:good", f"{name}:total"], limit=1)
        before = {key: points[-1].value for key, points in found.items()}
        counted = {f"{name}:good": good, f"{name}:total": total}
        if not before:
            counted = dict.fromkeys(counted, 0.0)
        self._measurements.append(
            self._subject,
            [Point(key, now, before.get(key, 0.0) + more) for key, more in counted.items()],
        )

    def thin(self, now: float) -> None:
        """Keep of older counts one every five minutes, and of much older ones one an hour."""
        self._measurements.thin(now - FINE, 300.0, self._subject)
        self._measurements.thin(now - MIDDLE, 3600.0, self._subject)
