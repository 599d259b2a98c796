"""Five cron fields, in UTC: minute, hour, day of month, month, day of week.

    0 3 * * 1          every Monday at 03:00
    */15 8-18 * * mon-fri
    0 0 1,15 * *       the 1st and the 15th

If both days are restricted, one of them is enough, as in every cron since 1979.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from keepwell.core.errors import UsageError

_FIELDS = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of month", 1, 31),
    ("month", 1, 12),
    ("day of week", 0, 7),
)
_NAMES = {
    "month": ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    "day of week": ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
}
_HORIZON = 366 * 8 + 2  # days: 29 February skips at most eight years


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The times that five cron fields name."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # 0 is Sunday
    either_day: bool  # both days are restricted, so one of them is enough

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read five fields.

        Raises:
            UsageError: If they are not five, hold something else, or name a day that never comes.
        """
        parts = text.lower().split()
        if len(parts) != len(_FIELDS):
            raise _refusal(text, f"it has {len(parts)} fields")
        minutes, hours, days, months, weekdays = (
            _values(text, part, *field) for part, field in zip(parts, _FIELDS, strict=True)
        )
        schedule = cls(
            minutes=minutes,
            hours=hours,
            days=days,
            months=months,
            weekdays=frozenset(day % 7 for day in weekdays),
            either_day=not (parts[2].startswith("*") or parts[4].startswith("*")),
        )
        if schedule._last_before(datetime(2000, 12, 31, 23, 59, tzinfo=UTC)) is None:
            raise _refusal(text, "no such day ever comes")
        return schedule

    def before(self, time: float) -> float:
        """Return the last time named that is not after `time` (Unix seconds).

        >>> Schedule.parse("0 3 * * *").before(100_000.0)
        97200.0
        """
        last = self._last_before(datetime.fromtimestamp(time, UTC))
        return last.timestamp() if last else 0.0

    def _last_before(self, moment: datetime) -> datetime | None:
        day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        latest = (moment.hour, moment.minute)
        for _ in range(_HORIZON):
            if self._names_day(day):
                times = [
                    (hour, minute)
                    for hour in self.hours
                    for minute in self.minutes
                    if (hour, minute) <= latest
                ]
                if times:
                    hour, minute = max(times)
                    return day.replace(hour=hour, minute=minute)
            day -= timedelta(days=1)
            latest = (24, 0)
        return None

    def _names_day(self, day: datetime) -> bool:
        if day.month not in self.months:
            return False
        by_date = day.day in self.days
        by_weekday = day.isoweekday() % 7 in self.weekdays
        return (by_date or by_weekday) if self.either_day else (by_date and by_weekday)


def _values(text: str, part: str, name: str, low: int, high: int) -> frozenset[int]:
    values: set[int] = set()
    for item in part.split(","):
        span, _, step = item.partition("/")
        first, dash, last = span.partition("-")
        try:
            start = low if span == "*" else _number(first, name)
            end = _number(last, name) if dash else high if span == "*" or step else start
            if dash and end == 0 and name == "day of week":
                end = 7  # fri-sun
            every = int(step) if step else 1
        except ValueError:
            raise _refusal(text, f"'{item}' is no {name}") from None
        if not (low <= start <= end <= high and every > 0):
            raise _refusal(text, f"'{item}' is no {name}: those go from {low} to {high}")
        values.update(range(start, end + 1, every))
    return frozenset(values)


def _number(text: str, name: str) -> int:
    names = _NAMES.get(name, [])
    if text in names:
        return names.index(text) + (name == "month")
    return int(text)


def _refusal(text: str, why: str) -> UsageError:
    return UsageError(
        f"'{text}' is not a schedule",
        why=why,
        now='write five fields, minute hour day month weekday: "0 3 * * 1" is Mondays at 03:00 UTC',
    )
