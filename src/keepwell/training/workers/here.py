"""Jobs done in this process, one by one: for small problems and learners of our own."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Self

from keepwell.training.learners.base import Learner
from keepwell.training.problem import Problem
from keepwell.training.search.jobs import Bench, Workbench
from keepwell.training.splits.plans import Fold
from keepwell.training.workers.runner import Done, Order, Report, Runner


class HereRunner:
    """Does jobs itself: nothing to start, and nobody to stop what does not stop by itself."""

    parallel = 1

    def __init__(
        self,
        problem: Problem,
        folds: Sequence[Fold],
        learners: Mapping[str, Learner],
        now: Callable[[], float] = perf_counter,
    ) -> None:
        self._made: Callable[[Problem], Bench] = lambda given: Workbench(
            given, folds, learners, now
        )
        self._bench: Bench = self._made(problem)

    @classmethod
    def over(cls, bench: Bench) -> Self:
        """Return a runner that does the jobs of a bench."""
        made = cls.__new__(cls)
        made._bench = bench
        return made

    def renew(self, problem: Problem) -> None:
        """Take the problem in its last form."""
        self._bench = self._made(problem)

    def run(self, orders: Iterable[Order], done: Done, report: Report) -> None:
        """Do all jobs, in their order."""
        for order in orders:

            def tell(share: float, order: Order = order) -> None:
                report(order, share)

            done(order, self._bench.perform(order.job, order.stop, tell, order.log))

    def close(self) -> None:
        """Do nothing."""


if TYPE_CHECKING:
    _: type[Runner] = HereRunner
