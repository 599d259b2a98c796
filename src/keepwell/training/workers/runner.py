"""What a search asks of whoever does its jobs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from keepwell.training.search.jobs import Job, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A job with its time.

    Attributes:
        job: What is to be done.
        stop: Turns true when its time is up.
        seconds: The same, counted from when the order is taken.
        ticket: Whatever the giver knows it by.
    """

    job: Job
    stop: Callable[[], bool]
    seconds: float
    ticket: Any = None


Done = Callable[[Order, Outcome], None]
Report = Callable[[Order, float], None]


class Runner(Protocol):
    """Does jobs, so many at a time."""

    parallel: int

    def run(self, orders: Iterable[Order], done: Done, report: Report) -> None:
        """Do all jobs; `report` hears the share of one that is done, now and then."""
        ...

    def close(self) -> None:
        """Let go of what it holds."""
        ...
