"""How much each endpoint used: sums that only grow, kept once a minute.

Subjects are `usage:endpoint:NAME`, `usage:platform` (what nobody asked for in particular: the control
process, the supervisor process, workers that wait) and `usage:storage`; series are `cpu_seconds`,
`memory_gb_seconds`, `rows`, `requests`, `busy_seconds`, and
`gb_seconds` of the storage. A sum survives that its points are thinned.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from keepwell.core.ports import MeasurementStore, Point
from keepwell.core.records import Resources

PLATFORM = "platform"
STORAGE = "storage"
_MONTHS_OF_POINTS = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What was used in a stretch of time."""

    cpu_seconds: float = 0.0
    memory_gb_seconds: float = 0.0
    rows: float = 0.0
    requests: float = 0.0
    busy_seconds: float = 0.0
    gb_seconds: float = 0.0

    @property
    def resources(self) -> Resources:
        """The part that prices are stated for."""
        return Resources(cpu_seconds=self.cpu_seconds, memory_gb_seconds=self.memory_gb_seconds)


class UsageBook:
    """Adds up what is used, and keeps the sums.

    Args:
        measurements: Where they are kept.
    """

    def __init__(self, measurements: MeasurementStore) -> None:
        self._measurements = measurements
        self._sums: dict[str, dict[str, float]] = {}
        self._changed: set[str] = set()

    def add(self, subject: str, time: float, amounts: Mapping[str, float]) -> None:
        """Add to a subject: `endpoint:churn`, `platform`, `storage`."""
        if subject not in self._sums:
            self._sums[subject] = self._begin(subject, time, amounts)
        sums = self._sums[subject]
        for name, amount in amounts.items():
            sums[name] = sums.get(name, 0.0) + max(0.0, amount)
        self._changed.add(subject)

    def keep(self, time: float) -> None:
        """Write the sums that grew."""
        for subject in sorted(self._changed):
            points = [Point(name, time, value) for name, value in self._sums[subject].items()]
            self._measurements.append(f"usage:{subject}", points)
        self._changed.clear()

    def _begin(self, subject: str, time: float, amounts: Mapping[str, float]) -> dict[str, float]:
        """Go on where an earlier process stopped; a new sum begins with a zero that it is counted from."""
        lines = self._measurements.series(f"usage:{subject}", limit=1)
        sums = {name: points[-1].value for name, points in lines.items() if points}
        fresh = [Point(name, time, 0.0) for name in amounts if name not in sums]
        self._measurements.append(f"usage:{subject}", fresh)
        return sums


def used(measurements: MeasurementStore, subject: str, since: float, until: float) -> Used:
    """Return what a subject used in a stretch of time, to the minute."""
    found = {}
    lines = measurements.series(f"usage:{subject}", limit=_MONTHS_OF_POINTS)
    for name in Used.__dataclass_fields__:
        found[name] = _grown(lines.get(name, []), since, until)
    return Used(**found)


def last_growth(measurements: MeasurementStore, subject: str, name: str) -> float | None:
    """Return when a sum grew last; None if it never did."""
    points = measurements.series(f"usage:{subject}", [name]).get(name, [])
    last = None
    for before, after in pairwise(points):
        if after.value > before.value:
            last = after.time
    return last


def first_seen(measurements: MeasurementStore, subject: str) -> float | None:
    """Return since when a subject is measured; None if it is not."""
    lines = measurements.series(f"usage:{subject}", limit=_MONTHS_OF_POINTS)
    return min((points[0].time for points in lines.values() if points), default=None)


def _grown(points: list[Point], since: float, until: float) -> float:
    inside = [point for point in points if point.time <= until]
    if not inside:
        return 0.0
    before = [point for point in inside if point.time <= since]
    start = before[-1].value if before else 0.0  # it began in between, from nothing
    return max(0.0, inside[-1].value - start)
