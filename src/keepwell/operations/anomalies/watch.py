"""Watches all series of some subjects: what was unusual lately, and in which words."""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from keepwell.core.clock import Clock
from keepwell.core.ports import MeasurementStore, Point
from keepwell.operations.anomalies.detector import Score, SeriesDetector

PREFIX = "anomaly:"
"""A series of anomalies is named after the series that they were found in; its values are surprises."""

MOST_SERIES = 2000
"""Series that are watched at most; those that come later are not."""

_KEPT = 500  # anomalies that are remembered
_HISTORY = 5000  # points that a series is learned from when it is first seen
_LATE = 120.0  # seconds; a point that comes later than that after its time belongs to the past


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """An unusual value.

    Attributes:
        subject: Whose series, such as `endpoint:churn` or `host:web-1`.
        series: Which.
        time: When, Unix seconds.
        value: What it was.
        expected: What a usual value would have been.
        surprise: See `Score`.
        saying: How it is unusual.
    """

    subject: str
    series: str
    time: float
    value: float
    expected: float
    surprise: float
    saying: str

    @property
    def message(self) -> str:
        """One sentence for people."""
        return (
            f"{self.series} of {self.subject.replace(':', ' ', 1)} {self.saying}: {self.value:.4g}, "
            f"usual would be {self.expected:.4g} ({rarity(self.surprise)})"
        )


def rarity(surprise: float) -> str:
    """Return a surprise in words.

    >>> rarity(3.0), rarity(4.7)
    ('one value in 1,000', 'one value in 50,000')
    """
    if surprise > 6:  # noqa: PLR2004 (nobody has seen as many values)
        return "never seen before"
    exact = 10**surprise
    digits = 10 ** math.floor(math.log10(exact))
    return f"one value in {round(exact / digits) * digits:,}"


class Watch:
    """Feeds a detector for every series, and keeps what it finds.

    Args:
        measurements: Where the series are, and the anomalies go.
        subjects: Gives the subjects to watch at present.
        clock: The time.
    """

    def __init__(
        self, measurements: MeasurementStore, subjects: Callable[[], Iterable[str]], clock: Clock
    ) -> None:
        self._measurements, self._subjects, self._clock = measurements, subjects, clock
        self._detectors: dict[tuple[str, str], SeriesDetector] = {}
        self._seen: dict[str, float] = {}
        self._found: deque[Anomaly] = deque(maxlen=_KEPT)

    def look(self) -> list[Anomaly]:
        """Read what is new in all series; return and record what is unusual in it."""
        found = [one for subject in self._subjects() for one in self._look_at(subject)]
        self._found.extend(found)
        for subject in {one.subject for one in found}:
            self._measurements.append(
                subject,
                [
                    Point(f"{PREFIX}{one.series}", one.time, one.surprise)
                    for one in found
                    if one.subject == subject
                ],
            )
        return found

    def recent(self, since: float) -> list[Anomaly]:
        """Return what was unusual since a time, as far as this process has seen it."""
        return [one for one in self._found if one.time >= since]

    def _look_at(self, subject: str) -> Iterator[Anomaly]:
        last = self._seen.get(subject)
        since = 0.0 if last is None else math.nextafter(last, math.inf)
        begun = self._clock.now() - _LATE
        for name, points in self._measurements.series(subject, since=since, limit=_HISTORY).items():
            if name.startswith(PREFIX):
                continue
            detector = self._detector(subject, name)
            if detector is None:
                continue
            for point in points:
                score = detector.update(point.time, point.value)
                if score.anomaly and point.time >= begun:
                    yield _anomaly(subject, point, score)
            self._seen[subject] = max(self._seen.get(subject, 0.0), points[-1].time)

    def _detector(self, subject: str, name: str) -> SeriesDetector | None:
        key = (subject, name)
        if key not in self._detectors:
            if len(self._detectors) >= MOST_SERIES:
                return None
            self._detectors[key] = SeriesDetector()
        return self._detectors[key]


def _anomaly(subject: str, point: Point, score: Score) -> Anomaly:
    return Anomaly(
        subject=subject,
        series=point.name,
        time=point.time,
        value=point.value,
        expected=score.expected,
        surprise=score.surprise,
        saying=score.saying,
    )


def scan(points: Sequence[Point], subject: str) -> list[Anomaly]:
    """Return what is unusual in a series that lies there whole, judged point by point as if it came."""
    detector = SeriesDetector()
    scored = ((point, detector.update(point.time, point.value)) for point in points)
    return [_anomaly(subject, point, score) for point, score in scored if score.anomaly]


def look_back(
    measurements: MeasurementStore, subjects: Iterable[str], since: float
) -> list[Anomaly]:
    """Return what was unusual in any series of these subjects since a time, newest first."""
    found = []
    for subject in subjects:
        for name, points in measurements.series(subject, limit=_HISTORY).items():
            if not name.startswith(PREFIX):
                found += [one for one in scan(points, subject) if one.time >= since]
    return sorted(found, key=lambda one: -one.time)
