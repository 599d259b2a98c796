"""Times of the week: `mon-fri 08:00-18:00`, `22:00-06:00`, `sat,sun`; in UTC."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")
_DAY = 24 * 60
_WEEK = 7 * _DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Some hours of some days.

    Attributes:
        days: 0 is Monday; of a span over midnight the day on which it begins.
        begin: Minutes from midnight.
        end: Likewise; at or before `begin` it is of the next day.
    """

    days: frozenset[int] = frozenset(range(7))
    begin: int = 0
    end: int = _DAY

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `DAYS HH:MM-HH:MM`, either alone, too.

        >>> Hours.parse("mon-fri 08:00-18:00").hold(0.0)
        False

        Raises:
            ValueError: What is wrong with it.
        """
        parts = text.lower().split()
        found = _SPAN.fullmatch(parts[-1]) if parts else None
        days = " ".join(parts[:-1] if found else parts)
        if not parts or (found is None and any(char.isdigit() for char in text)):
            raise ValueError(f"'{text}' names no hours: write mon-fri 08:00-18:00 or 22:00-06:00")
        begin, end = 0, _DAY
        if found:
            hours = [int(part) for part in found.groups()]
            begin, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
            if max(hours[1], hours[3]) > 59 or begin >= _DAY or end > _DAY:  # noqa: PLR2004 (minutes)
                raise ValueError(f"'{parts[-1]}' is no span of hours: 08:00-18:00 is one")
            if begin == end:
                raise ValueError(f"'{parts[-1]}' is empty")
        return cls(days=_days(days) if days else frozenset(range(7)), begin=begin, end=end)

    def hold(self, time: float) -> bool:
        """Tell whether a time (Unix seconds) is within."""
        moment = datetime.fromtimestamp(time, UTC)
        minute = moment.weekday() * _DAY + moment.hour * 60 + moment.minute
        long = (self.end - self.begin) if self.end > self.begin else self.end + _DAY - self.begin
        return any((minute - day * _DAY - self.begin) % _WEEK < long for day in self.days)

    def __str__(self) -> str:
        """Return the text that reads back as this."""
        names = ",".join(_DAYS[day] for day in sorted(self.days))
        clock = "{:02}:{:02}-{:02}:{:02}".format(*divmod(self.begin, 60), *divmod(self.end, 60))
        whole = (self.begin, self.end) == (0, _DAY)
        every = len(self.days) == len(_DAYS)
        return clock if every else names if whole else f"{names} {clock}"


def _days(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.replace(" ", ",").split(","):
        if not part:
            continue
        first, dash, last = part.partition("-")
        ends = (first, last) if dash else (first, first)
        for name in ends:
            if name not in _DAYS:
                raise ValueError(f"'{name}' is no day: {', '.join(_DAYS)}")
        start, stop = (_DAYS.index(name) for name in ends)
        found |= {(start + step) % 7 for step in range((stop - start) % 7 + 1)}
    return frozenset(found)
