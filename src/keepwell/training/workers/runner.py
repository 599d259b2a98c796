"""What a search asks of whoever does its jobs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from keepwell.training.learners.base import Learner
from keepwell.training.problem import Problem
from keepwell.training.search.jobs import Job, Log, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A job with its time.

    Attributes:
        job: What is to be done.
        stop: Turns true when its time is up.
        seconds: The same, counted from when the order is taken.
        grace: Seconds after that, in which it may still end by itself before it is killed.
        ticket: Whatever the giver knows it by.
        log: Hears of the curves of a fit to all rows, by step, while it goes on.
    """

    job: Job
    stop: Callable[[], bool]
    seconds: float
    grace: float = 0.1
    ticket: Any = None
    log: Log = lambda step, values: None


def tail_of(learner: Learner) -> float:
    """Return the seconds that a fit to all rows goes on after it has learnt: a network is written then."""
    return float(getattr(learner, "tail", 0.0))


def grace_of(learner: Learner, budget: float) -> float:
    """Return how long after its time a fit may go on: who stops by itself has to tidy up too."""
    heavy = 0.03 * budget if tail_of(learner) else 0.0  # a last batch and the held-out rows
    return 0.25 + heavy + (0.02 * budget if learner.interruptible else 0.0)


Done = Callable[[Order, Outcome], None]
Report = Callable[[Order, float], None]


class Runner(Protocol):
    """Does jobs, so many at a time."""

    parallel: int

    def renew(self, problem: Problem) -> None:
        """Take the problem in its last form, with the features that were made: before the first job."""
        ...

    def run(self, orders: Iterable[Order], done: Done, report: Report) -> None:
        """Do all jobs; `report` hears the share of one that is done, now and then."""
        ...

    def close(self) -> None:
        """Let go of what it holds."""
        ...
