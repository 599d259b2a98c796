"""Makes forecasts, keeps them, and settles them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from keepwell.core.clock import Clock
from keepwell.core.durations import format_duration
from keepwell.core.events import acting_as
from keepwell.core.ports import MeasurementStore, MetadataStore
from keepwell.core.records import Signal
from keepwell.infrastructure.metadata import Collection
from keepwell.monitoring.machines.sampler import present_reading
from keepwell.operations.forecasts.record import Forecast, settle
from keepwell.operations.forecasts.trend import reach

KIND = "forecast"
PAST = 3 * 86400.0
"""Seconds of a series that a forecast rests on, at most."""

AHEAD = 14 * 86400.0
"""What lies further ahead is not foretold: too much will have changed by then."""

NEAR = 3 * 86400.0
"""What lies nearer is an alert."""

LEAST = 1800.0
"""Seconds that a series must have been watched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A series that must not reach a value.

    Attributes:
        kind: Of the subjects: `host` stands for all `host:NAME`.
        series: Which of their series.
        value: The value; None: what the subject takes now, and all that this machine has left.
        what: What will be then, after "`host:web-1`: …".
    """

    kind: str
    series: str
    value: float | None
    what: str


FULL = 98.0
"""Percent of the memory from which on there is none left."""

LIMITS = (
    Limit(kind="host", series="disk_percent", value=100.0, what="the disk will be full"),
    Limit(kind="host", series="memory_percent", value=FULL, what="memory will run out"),
    Limit(
        kind="worker",
        series="memory",
        value=None,
        what="it grows, and will have taken all memory that the machine has left",
    ),
)


class Foresight:
    """Looks ahead along every series that has a limit.

    Args:
        metadata: The record, where forecasts are kept.
        measurements: Where the series are.
        subjects: Gives the subjects to look at.
        clock: The time.
        limits: What must not be reached.
    """

    def __init__(
        self,
        metadata: MetadataStore,
        measurements: MeasurementStore,
        subjects: Callable[[], Iterable[str]],
        clock: Clock,
        limits: Iterable[Limit] = LIMITS,
    ) -> None:
        self.forecasts = Collection(metadata, KIND, Forecast)
        self._measurements, self._subjects, self._clock = measurements, subjects, clock
        self._limits = tuple(limits)

    def look(self) -> list[Forecast]:
        """Settle what can be settled, and return the forecasts that are new."""
        with acting_as("foresight"):
            self._settle()
            open_ones = {(one.subject, one.series) for one in self.open()}
            made = [
                forecast
                for subject in self._subjects()
                for limit in self._limits
                if subject.startswith(f"{limit.kind}:") and (subject, limit.series) not in open_ones
                if (forecast := self._foretell(subject, limit)) is not None
            ]
            for forecast in made:
                self.forecasts.write(forecast, "foretold", why=message(forecast))
        return made

    def all(self) -> list[Forecast]:
        """Return every forecast that was made, the newest first."""
        return sorted(self.forecasts.find(), key=lambda one: -one.made)

    def open(self) -> list[Forecast]:
        """Return the forecasts that have not been settled."""
        return [one for one in self.forecasts.find() if one.fate == "open"]

    def signals(self) -> tuple[Signal, ...]:
        """Return what is foretold for the next days as signals, the nearest the most severe."""
        now = self._clock.now()
        return tuple(
            Signal(
                kind=KIND,
                endpoint="",
                version=0,
                column=one.series,
                value=max(0.0, one.middle - now),
                limit=NEAR,
                severity=round(1 - max(0.0, one.middle - now) / NEAR, 3),
                message=message(one),
                since=one.made,
                until=now,
            )
            for one in self.open()
            if one.middle - now < NEAR
        )

    def _settle(self) -> None:
        for one in self.open():
            points = self._measurements.series(one.subject, [one.series], since=one.made)
            settled = settle(one, points.get(one.series, []))
            if settled != one:
                self.forecasts.write(settled, settled.fate)

    def _foretell(self, subject: str, limit: Limit) -> Forecast | None:
        now = self._clock.now()
        points = self._measurements.series(subject, [limit.series], since=now - PAST).get(
            limit.series, []
        )
        if len(points) < 2 or points[-1].time - points[0].time < LEAST:  # noqa: PLR2004
            return None
        value = limit.value if limit.value is not None else self._room(points[-1].value)
        horizon = reach(points, value) if value is not None else None
        if value is None or horizon is None or horizon.middle - now > AHEAD:
            return None
        return Forecast(
            subject=subject,
            series=limit.series,
            what=limit.what,
            limit=value,
            made=now,
            level=horizon.level,
            low=horizon.low,
            middle=horizon.middle,
            high=horizon.high,
        )

    def _room(self, taken: float) -> float | None:
        """Return how much memory a process can grow to; None while nobody looks at the machine."""
        reading = present_reading(self._measurements, self._clock.now())
        if reading is None:
            return None
        return taken + max(0.0, FULL - reading.memory_percent) / 100 * reading.memory_total


def message(forecast: Forecast) -> str:
    """Return a forecast as one sentence."""
    left = forecast.middle - forecast.made
    low, high = forecast.low - forecast.made, forecast.high - forecast.made
    when = datetime.fromtimestamp(forecast.middle, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return (
        f"{forecast.subject.replace(':', ' ', 1)}: {forecast.what} in {format_duration(_round(left))}"
        f" ({format_duration(_round(low))} to {format_duration(_round(high))}), about {when}"
    )


def _round(seconds: float) -> float:
    """Return a duration without digits that nobody can know.

    >>> _round(93_784.0), _round(4_000.0)
    (93600.0, 4020.0)
    """
    step = 3600.0 if seconds > 86400.0 else 60.0  # noqa: PLR2004 (a day)
    return max(step, round(seconds / step) * step)
