"""Jobs done by child processes, each under a limit of time and of memory.

A child is started once and does many jobs. One that crashes, overruns or overeats is killed and replaced;
its job is noted as failed, the others go on.
"""

import contextlib
import pickle
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from multiprocessing.connection import wait
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from keepwell.training.learners.base import Learner
from keepwell.training.problem import Problem
from keepwell.training.search.jobs import Bench, Outcome, Workbench
from keepwell.training.splits.plans import Fold
from keepwell.training.workers.grant import Grant
from keepwell.training.workers.process import Child
from keepwell.training.workers.runner import Done, Order, Report, Runner

_LOOK_EVERY = 0.05


class ChildRunner:
    """Does jobs in children.

    Args:
        problem: What is to be learnt.
        folds: Train and validation rows.
        learners: By name; each must be picklable.
        memory: What they may take together, libraries included; what is left of it now is shared out.
        parallel: How many children.
    """

    def __init__(
        self,
        problem: Problem,
        folds: Sequence[Fold],
        learners: Mapping[str, Learner],
        *,
        memory: Grant,
        parallel: int = 1,
    ) -> None:
        jobs = max(1, problem.jobs // parallel)
        self._made: Callable[[Problem], Bench] = lambda given: Workbench(
            replace(given, jobs=jobs), list(folds), learners
        )
        self._open(self._made(problem), memory, parallel)

    @classmethod
    def over(cls, bench: Bench, *, memory: Grant, parallel: int = 1) -> Self:
        """Return a runner whose children do the jobs of a bench; it must be picklable."""
        made = cls.__new__(cls)
        made._open(bench, memory, parallel)
        return made

    def _open(self, bench: Bench, memory: Grant, parallel: int) -> None:
        self.parallel = parallel
        self._memory = memory
        self._folder = tempfile.TemporaryDirectory(prefix="keepwell-trials-")
        self._file = str(Path(self._folder.name) / "problem")
        self._bench, self._written = bench, False
        self._children: list[Child] = []
        try:
            for _ in range(parallel):
                self._children.append(self._started())
        except BaseException:
            self.close()
            raise

    def renew(self, problem: Problem) -> None:
        """Take the problem in its last form, with the features that were made: before the first job."""
        if self._written:
            raise RuntimeError("the children have the problem already")
        self._bench = self._made(problem)

    def run(self, orders: Iterable[Order], done: Done, report: Report) -> None:
        """Do all jobs, as many at a time as there are children."""
        if not self._written:
            self._write()
        waiting = iter(orders)
        busy: dict[Child, Order] = {}
        try:
            self._hand_out(waiting, busy)
            while busy:
                wait([child.connection for child in busy], timeout=_LOOK_EVERY)
                for child, order in list(busy.items()):
                    outcome = self._heard(child, order, report)
                    if outcome is not None:
                        del busy[child]
                        done(order, outcome)
                self._hand_out(waiting, busy)
        except BaseException:  # Ctrl-C: what is under way has no taker any more
            for child in busy:
                self._replace(child)
            raise

    def close(self) -> None:
        """Kill the children and remove the problem's file."""
        for child in self._children:
            child.kill()
        self._children.clear()
        with contextlib.suppress(OSError):
            self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def _share(self) -> int:
        """Bytes that one child may take now: the more this process holds, the less is left."""
        return self._memory.left // self.parallel

    def _hand_out(self, waiting: Iterator[Order], busy: dict[Child, Order]) -> None:
        for child in self._children:
            if child not in busy:
                order = next(waiting, None)
                if order is None:
                    return
                child.begin(order.job, order.seconds, order.grace)
                busy[child] = order

    def _heard(self, child: Child, order: Order, report: Report) -> Outcome | None:
        """Return the outcome of what a child does; None while it is at it."""
        heard = child.news()
        while child.logged:
            order.log(*child.logged.pop(0))
        if isinstance(heard, Outcome):
            return heard
        if heard is not None:
            report(order, heard)
        reason = child.trouble(self._share)
        if not reason:
            return None
        seconds = child.busy_for
        self._replace(child)
        return Outcome(failed=True, note=reason, seconds=seconds)

    def _replace(self, child: Child) -> None:
        child.kill()
        self._children[self._children.index(child)] = self._started()

    def _started(self) -> Child:
        child = Child(sys.path, self._share)
        if self._written:
            child.load(self._file)
        return child

    def _write(self) -> None:
        with Path(self._file).open("wb") as file:
            pickle.dump(self._bench, file, protocol=pickle.HIGHEST_PROTOCOL)
        self._written = True
        for child in self._children:
            child.load(self._file)


if TYPE_CHECKING:
    _: type[Runner] = ChildRunner
