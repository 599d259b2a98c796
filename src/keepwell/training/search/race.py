"""Trials through folds: each is given time, is remembered, and is told of.

A fold that would overrun the budget is not started. What an earlier, interrupted search has finished is
taken over without the time.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from keepwell.core.progress import Progress
from keepwell.infrastructure.interruption import Interruption
from keepwell.tracking.metrics import direction
from keepwell.training.learners.base import FIRST
from keepwell.training.problem import Problem
from keepwell.training.search.budget import Budget
from keepwell.training.search.jobs import Job, Outcome
from keepwell.training.search.pace import Pace
from keepwell.training.search.store import Memory
from keepwell.training.search.trials import Trial, by_first_fold
from keepwell.training.trained import CurvePoint

if TYPE_CHECKING:
    from keepwell.training.workers.runner import Order, Runner

_REPORT_EVERY = 0.2  # seconds
_FIRST_SHARE = 0.4  # of the budget, for a learner whose speed here is not known yet
_MOST_SHARE = 0.3  # of the budget, for one fit
_EACH = 2_000  # rows, below which each fold finds its own rounds
_LATE = 3.0  # times what was expected
MISSED = "not every fold fitted into the budget"


class Race:
    """Runs trials through folds.

    Args:
        problem: What is to be learnt.
        folds: How many there are.
        first: Folds that all trials are compared on first.
        budget: What may be spent, on the final fit too.
        pace: Expects seconds.
        runner: Does the jobs.
        memory: Of earlier searches.
        progress: Hears how far it is.
        better: Hears when the best gets better.

    Attributes:
        trials: All that entered.
        curve: The best mean over the first folds, each time that it rose.
    """

    def __init__(  # noqa: PLR0913 - the parts of a search
        self,
        problem: Problem,
        folds: int,
        first: Sequence[int],
        *,
        budget: Budget,
        pace: Pace,
        runner: "Runner",
        memory: Memory,
        progress: Progress,
        better: Callable[[CurvePoint], None] = lambda point: None,
    ) -> None:
        self.trials: list[Trial] = []
        self.curve: list[CurvePoint] = []
        self._problem = problem
        self._sign = direction(problem.metric)
        self._folds = folds
        self._first = list(first)
        self._budget = budget
        self._pace = pace
        self._runner = runner
        self._memory = memory
        self._progress = progress
        self._better = better
        self._pending: list[tuple[Trial, int, float]] = []
        self._span, self._total, self._until = (0.0, 1.0), 1, 1.0
        self._spoke = budget.spent
        self.interruption = Interruption()

    def through(
        self,
        trials: Sequence[Trial],
        folds: Sequence[int],
        share: float = 1.0,
        span: tuple[float, float] = (0.0, 1.0),
        runner: "Runner | None" = None,
        until: float = 1.0,
    ) -> None:
        """Run trials through folds, or through a share of their training rows.

        `span` is where that lies on the whole bar of progress; `runner` does it in place of the usual one;
        what has not begun when the share `until` of the budget is spent does not.
        """
        self._until = until
        self.trials += [trial for trial in trials if trial not in self.trials]
        self._pending = [(trial, fold, share) for fold in folds for trial in trials]
        self._span, self._total = span, max(len(self._pending), 1)
        (runner or self._runner).run(self._orders(), self._done, self._report)

    def shorten(self, folds: int) -> None:
        """Compare on fewer folds."""
        self._folds = folds
        self._first = [fold for fold in self._first if fold < folds]

    @property
    def best(self) -> list[Trial]:
        """Trials, best first, by the first folds."""
        placed = [
            (self._sign * mean, -number, trial)
            for number, trial in enumerate(self.trials)
            if not trial.failed and (mean := trial.mean_over(self._first)) is not None
        ]
        return [trial for _, _, trial in sorted(placed, key=lambda item: item[:2], reverse=True)]

    @property
    def _likely(self) -> list[Trial]:
        """Trials that may be fitted to all rows: the best, by a part of the rows if there is no more."""
        best = [trial for trial in self.best if trial.candidate.learner != FIRST]
        tried = [one for one in self.trials if (one.scores or one.sampled) and not one.failed]
        return best or by_first_fold(tried, self._problem.metric)

    @property
    def reserve(self) -> float:
        """Seconds to keep for the last fits and for measuring."""
        whole = self._budget.seconds
        best = self._likely
        last = self._pace.last_fits(best) + self._pace.measuring(best)
        return min(last, whole / 2)

    def _orders(self) -> "Iterator[Order]":
        from keepwell.training.workers.runner import Order, grace_of

        while self._pending:
            self.interruption.check()
            trial, fold, share = self._pending.pop(0)
            if trial.failed or fold in (trial.scores if share == 1 else trial.sampled):
                continue
            job = Job(
                candidate=trial.candidate,
                fold=fold,
                share=share,
                rounds=self._rounds(trial, fold, share),
            )
            known = self._memory.recall(job)
            if known is not None:
                self._accept(trial, fold, share, known)
                continue
            granted = self._allowance(trial, share)
            if granted is None:
                trial.note = trial.note or MISSED
                continue
            stop, seconds = granted
            self._tell(trial, fold, 0.0)
            grace = grace_of(trial.learner, self._budget.seconds)
            yield Order(job=job, stop=stop, seconds=seconds, grace=grace, ticket=trial)

    def _rounds(self, trial: Trial, fold: int, share: float) -> int | None:
        """Return the rounds that the first folds found best; None where a fold has to find its own.

        Few rows say too little about rounds: there each fold finds its own.
        """
        if share < 1 or fold in self._first or self._problem.rows < _EACH or not trial.rounds:
            return None
        return trial.final_rounds

    def _done(self, order: "Order", outcome: Outcome) -> None:
        fold = order.job.fold
        if fold is None:  # pragma: no cover - fits to all rows are not part of a race
            return
        self._memory.commit(order.job, outcome)
        self._memory.spend(self._budget.spent)
        self._accept(order.ticket, fold, order.job.share, outcome)

    def _accept(self, trial: Trial, fold: int, share: float, outcome: Outcome) -> None:
        trial.accept(fold, share, outcome)
        if share < 1 and not outcome.failed:
            self._pace.learn_from_part(trial.learner, outcome.seconds, share)
        mean = trial.mean_over(self._first)
        if mean is None or fold not in self._first:
            return
        if not self.curve or self._sign * (mean - self.curve[-1].score) > 0:
            point = CurvePoint(
                seconds=round(self._budget.spent, 3),
                score=mean,
                trial=trial.candidate.name,
                metric=self._problem.metric,
            )
            self.curve.append(point)
            self._better(point)

    def _allowance(self, trial: Trial, share: float) -> tuple[Callable[[], bool], float] | None:
        """Return what tells the next fit of a trial to stop, and when; None if it must not start."""
        reserve, left = self.reserve, self._budget.left
        if self._until < 1 and self._budget.spent > self._until * self._budget.seconds:
            return None
        whole = max(left - reserve, 0.0)
        if trial.candidate.learner == FIRST:
            return self._budget.deadline(1.0, reserve), max(whole, 1.0)
        if trial.learner.interruptible and not self._pace.known(trial.learner, self.trials):
            if left <= 0:
                return None
            return self._budget.deadline(_FIRST_SHARE, reserve), whole * _FIRST_SHARE
        expected = self._pace.fold(trial, self.trials, share)
        if expected + reserve > left:
            return None
        # One fit must not eat what the others wait for.
        part = min(1.0, max(_MOST_SHARE, _LATE * expected / max(whole, 1e-9)))
        return self._budget.deadline(part, reserve), whole * part

    def _report(self, order: "Order", share: float) -> None:
        if self._budget.spent - self._spoke > _REPORT_EVERY:
            self._tell(order.ticket, order.job.fold or 0, share)

    def _tell(self, trial: Trial, number: int, share: float) -> None:
        self._spoke = self._budget.spent
        metric, best = self._problem.metric, self.best
        so_far = f" (best {metric} {best[0].mean:.4g})" if best else ""
        ahead = self._pace.fold(trial, self.trials) * (1 - share) + sum(
            self._pace.fold(pending, self.trials, part) for pending, _, part in self._pending
        )
        left = min(ahead + self._pace.last_fits(self._likely), self._budget.left)
        done = (self._total - len(self._pending) - 1 + share) / self._total
        start, end = self._span
        self._progress.update(
            f"trying {trial.candidate.name}, fold {number + 1} of {self._folds}{so_far}",
            fraction=start + (end - start) * done,
            seconds_left=left,
        )
