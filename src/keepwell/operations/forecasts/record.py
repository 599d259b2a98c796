"""A forecast as it is kept, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from keepwell.core.ports import Point

Fate = Literal["open", "true", "late", "averted"]

EARLY = 0.5
"""Of the time that was left: a limit reached before half of it has passed was foretold too late to help."""

EMPTIED = 0.75
"""Of what it was: what fell below that turned round, like the memory of a worker that began anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """That a series will reach its limit.

    Attributes:
        subject: Whose series, such as `host:web-1`.
        series: Which.
        what: What will happen, for people: `the disk will be full`.
        limit: The limit.
        made: When the forecast was made, Unix seconds.
        level: Where the series was then.
        low: When it will be reached at the earliest …
        middle: … most likely …
        high: … at the latest, as far as the past says.
        fate: `open`; `true`, reached as foretold; `late`, reached sooner than half of the time that was
            said to be left; `averted`, not reached by the latest time, or the series turned round.
        settled: When that was found; None while it is open.
    """

    subject: str
    series: str
    what: str
    limit: float
    made: float
    level: float
    low: float
    middle: float
    high: float
    fate: Fate = "open"
    settled: float | None = None

    @property
    def key(self) -> str:
        """The name that it is kept by."""
        return f"{self.subject}/{self.series}/{int(self.made)}"


def settle(forecast: Forecast, points: Sequence[Point]) -> Forecast:
    """Return a forecast with its fate, as far as later points tell it."""
    later = [point for point in points if point.time > forecast.made]
    for point in later:
        if point.value >= forecast.limit:
            soon = point.time < forecast.made + EARLY * (forecast.middle - forecast.made)
            return replace(forecast, fate="late" if soon else "true", settled=point.time)
    if later and later[-1].time > forecast.high:
        return replace(forecast, fate="averted", settled=later[-1].time)
    gained = forecast.limit - forecast.level
    emptied = max(forecast.level - 0.5 * gained, EMPTIED * forecast.level)
    if later and later[-1].value < emptied:
        return replace(forecast, fate="averted", settled=later[-1].time)
    return forecast


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackRecord:
    """How earlier forecasts fared."""

    true: int = 0
    late: int = 0
    averted: int = 0
    open: int = 0

    @property
    def hit_rate(self) -> float | None:
        """Share of those whose limit was reached that told it in time; None if there is none yet.

        What somebody averted cannot be told from what would not have come: `averted` is left out.
        """
        settled = self.true + self.late
        return self.true / settled if settled else None


def track_record(forecasts: Sequence[Forecast]) -> TrackRecord:
    """Return how many forecasts had which fate."""
    fates = [one.fate for one in forecasts]
    return TrackRecord(
        true=fates.count("true"),
        late=fates.count("late"),
        averted=fates.count("averted"),
        open=fates.count("open"),
    )
