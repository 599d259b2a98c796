"""Requests get the inputs that they need not hold: aggregates over what happened before them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from keepwell.core.errors import InvalidRequestError, UnavailableError
from keepwell.core.features import Window
from keepwell.core.records import ColumnType, Field, Signature
from keepwell.features.cells import is_missing
from keepwell.features.windows.aggregates import Occurrence, aggregate
from keepwell.features.windows.store import Row, Series, WindowStore
from keepwell.features.windows.values import key_text, moment_of, number_of

Instance = dict[str, Any]

_LOOK_EVERY = 1.0  # seconds between two looks at which series there are


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A row of a request, as later rows will see it.

    Attributes:
        time: When it happened, in microseconds.
        rows: What the store keeps of it, one for each series that it belongs to.
    """

    time: int
    rows: tuple[Row, ...]


class Completer:
    """Calculates what the rows of requests lack. Safe for several threads.

    A row that brings all of the calculated inputs itself is left as it is, and is no event: it repeats
    what happened before.

    Args:
        signatures: Of all versions that may answer; one at least takes what is calculated.
        store: What happened before.
    """

    def __init__(self, signatures: Sequence[Signature], store: WindowStore) -> None:
        self.store = store
        histories = [one.history for one in signatures if one.history is not None]
        inputs = [item for one in signatures for item in one.inputs]
        self.windows: dict[str, Window] = {}
        self._fields: dict[str, Field] = {}
        for history in reversed(histories):  # the first has the last word
            self.windows |= {window.name: window for window in history.windows}
            self._fields |= {field.name: field for field in history.columns}
        self._time = histories[0].time
        self._taken = frozenset(item.name for item in inputs)
        self._required = frozenset(item.name for item in inputs if item.required)
        self._numbers: dict[Series, int] = {}
        self._looked = 0.0
        self._by_series: dict[Series, list[Window]] = {}
        for window in self.windows.values():
            self._by_series.setdefault(window.series, []).append(window)

    @classmethod
    def of(cls, signatures: Sequence[Signature], store: WindowStore) -> "Completer | None":
        """Return what completes rows for these versions; None if they take nothing that is calculated."""
        return cls(signatures, store) if any(one.history for one in signatures) else None

    def complete(
        self, instances: Sequence[Instance], now: float, *, together: bool = True
    ) -> list[Event]:
        """Add to rows what they lack, and return the events that they are once they are answered.

        Args:
            instances: The rows.
            now: Unix seconds: when rows happen that do not say so.
            together: They see each other, as the rows of a table do; else only what was kept before.

        Raises:
            InvalidRequestError: If a row lacks what it is calculated from, or is of a time that nothing is
                known about any more.
            UnavailableError: If nothing was ever kept of a series.
            StorageError: If what happened before cannot be read.
        """
        lacking = [
            (at, row) for at, row in enumerate(instances) if not row.keys() >= self.windows.keys()
        ]
        if not lacking:
            return []
        numbers = self._known(now)
        events = [self._event(at, row, now, numbers) for at, row in lacking]
        beside = _by_key(events) if together and len(events) > 1 else {}
        for (at, row), event in zip(lacking, events, strict=True):
            self._fill(at, row, event, beside, numbers)
        return events

    def keep(self, events: Sequence[Event], now: float) -> None:
        """Keep events, now that they are answered.

        Raises:
            StorageError: If they cannot be written.
        """
        rows = [row for event in events for row in event.rows]
        if rows:
            self.store.record(rows, now)

    def strip(self, instances: Sequence[Instance], keep: str = "") -> None:
        """Take off the columns that something was calculated from and no version takes, but for one."""
        for name in self._fields.keys() - self._taken - {keep}:
            for row in instances:
                row.pop(name, None)

    def _known(self, now: float) -> dict[Series, int]:
        """Return all series that are kept, also those that a version was registered for a moment ago."""
        numbers = self._numbers
        if abs(now - self._looked) > _LOOK_EVERY or not self._by_series.keys() <= numbers.keys():
            numbers = self.store.series()
            self._numbers, self._looked = numbers, now
        unknown = sorted(self._by_series.keys() - numbers.keys())
        if unknown:
            raise UnavailableError(
                f"nothing is known of what happened before, by '{unknown[0][0]}'",
                why=f"{self.store.path} holds no events: it was removed, or never filled",
                now="fill it from the training data: keepwell features push",
            )
        return numbers

    def _event(self, at: int, row: Instance, now: float, numbers: dict[Series, int]) -> Event:
        time = moment_of(self._fields[self._time], at, row.get(self._time), now)
        if is_missing(row.get(self._time)) and self._time in self._taken:
            row[self._time] = datetime.fromtimestamp(now, UTC).isoformat()
        rows: list[Row] = []
        # All series that anybody ever asked for: a version that is served again finds its past.
        for (by, of), number in numbers.items():
            key = key_text(row.get(by))
            if key is not None:
                rows.append((number, key, time, self._value(at, row, of)))
        return Event(time=time, rows=tuple(rows))

    def _value(self, at: int, row: Instance, of: str) -> float | None:
        if not of:
            return None
        field = self._fields.get(of)
        if field is not None:
            return number_of(field, at, row.get(of))
        try:  # of a version that is not served now
            return number_of(Field(name=of, type=ColumnType.NUMBER), at, row.get(of))
        except InvalidRequestError:
            return None

    def _fill(
        self,
        at: int,
        row: Instance,
        event: Event,
        beside: dict[tuple[int, str], list[Occurrence]],
        numbers: dict[Series, int],
    ) -> None:
        keys = {number: key for number, key, _, _ in event.rows}
        for series, windows in self._by_series.items():
            wanted = [window for window in windows if window.name not in row]
            if not wanted:
                continue
            number = numbers[series]
            key = keys.get(number)
            if key is None:
                self._must_not_need(at, series[0], wanted)
                row |= {window.name: None for window in wanted}
                continue
            begin = event.time - max(window.micros for window in wanted)
            past = self.store.past(number, key, begin, event.time)
            if past.floor is not None and begin < past.floor:
                raise self._too_early(at, past.floor)
            happened = [
                *past.events,
                *(one for one in beside.get((number, key), ()) if begin <= one[0] < event.time),
            ]
            for window in wanted:
                since = event.time - window.micros
                seen = [one for one in happened if one[0] >= since]
                row[window.name] = aggregate(window.aggregate, seen, numbers=bool(window.of))

    def _must_not_need(self, at: int, by: str, wanted: Sequence[Window]) -> None:
        needed = next((one.name for one in wanted if one.name in self._required), None)
        if needed is not None:
            raise InvalidRequestError(
                f"column '{by}' is missing in instance {at}",
                why=f"'{needed}' is calculated from earlier rows of the same '{by}'",
                now=f"send '{by}', as training saw it in every row",
                details={"column": by, "instance": at},
            )

    def _too_early(self, at: int, floor: int) -> InvalidRequestError:
        since = datetime.fromtimestamp(floor / 1_000_000, UTC).isoformat(timespec="seconds")
        return InvalidRequestError(
            f"'{self._time}' of instance {at} lies too far back",
            why=f"what happened is known since {since}, and its window begins before that",
            now="send rows soon after they happen; columns that were calculated elsewhere may be sent along",
            details={"column": self._time, "instance": at},
        )


def _by_key(events: Sequence[Event]) -> dict[tuple[int, str], list[Occurrence]]:
    found: dict[tuple[int, str], list[Occurrence]] = {}
    for event in events:
        for number, key, time, value in event.rows:
            found.setdefault((number, key), []).append((time, value))
    return found
