"""What a stream is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event as it came.

    Attributes:
        data: A JSON object.
        place: Where in the stream it stands; the same place is the same event.
        key: Of the message; its answer gets it too.
    """

    data: bytes
    place: str
    key: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to an event: a JSON object."""

    data: bytes
    key: bytes | None = None


class Stream(Protocol):
    """Events in, answers out.

    Law: `answer` returns when the answers are on the output and their events are done; if it does not
    return, the next process may read these events again.
    """

    @property
    def ended(self) -> bool:
        """Return whether no event will ever come again."""
        ...

    def read(self, most: int, wait: float) -> list[Event]:
        """Return the next events, at most so many; none if none came within `wait` seconds."""
        ...

    def answer(self, answers: Sequence[Answer]) -> None:
        """Put the answers to the events that were read last on the output."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...
