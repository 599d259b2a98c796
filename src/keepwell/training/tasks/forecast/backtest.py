"""Candidates compared on what came after the rows that they were fitted to, by the engine's workers."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.progress import Progress
from keepwell.tracking.metrics import direction
from keepwell.training.learners.base import FIRST, Candidate
from keepwell.training.search.budget import Budget
from keepwell.training.search.jobs import Job, Outcome
from keepwell.training.search.store import Memory, TrialStore
from keepwell.training.tasks.forecast.bands import Errors
from keepwell.training.tasks.forecast.bench import Backtest, Trial
from keepwell.training.tasks.forecast.candidates import MOST_ROWS, WAYS, Way
from keepwell.training.trained import LeaderboardRow
from keepwell.training.workers.children import ChildRunner
from keepwell.training.workers.choice import START, TINY
from keepwell.training.workers.grant import Grant
from keepwell.training.workers.here import HereRunner
from keepwell.training.workers.runner import Order, Runner

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TWO_SIDED = 1.96
_FOR_THE_END = 0.25  # of the budget, for the last fit and for measuring it
_FEATURES = 20  # about so many columns are told of a step
_GRACE = 0.5  # seconds beyond its time, in which a fit may still end by itself


@dataclass(slots=True, kw_only=True)
class Attempt:
    """A way to forecast with what backtesting saw of it."""

    way: Way
    scores: dict[int, float] = field(default_factory=dict)  # by stretch
    seconds: list[float] = field(default_factory=list)
    errors: dict[int, Errors] = field(default_factory=dict)  # by stretch
    note: str = ""
    over: bool = False

    @property
    def mean(self) -> float | None:
        """Mean of the metric over the folds."""
        return float(np.mean(list(self.scores.values()))) if self.scores else None

    @property
    def candidate(self) -> Candidate:
        """Itself, as jobs name it."""
        way = self.way
        return Candidate(
            name=way.name, learner=way.learner, params=way.params, preparation={"base": way.base}
        )

    def row(self) -> LeaderboardRow:
        """Return it as the leaderboard shows it."""
        mean, half = self.mean, None
        scores = tuple(self.scores[fold] for fold in sorted(self.scores))
        if mean is not None and len(scores) > 1:
            half = _TWO_SIDED * float(np.std(scores, ddof=1)) / len(scores) ** 0.5
        return LeaderboardRow(
            name=self.way.name,
            learner=self.way.learner,
            params=self.way.params,
            mean=mean,
            low=None if mean is None or half is None else mean - half,
            high=None if mean is None or half is None else mean + half,
            scores=scores,
            seconds=round(sum(self.seconds), 3),
            note=self.note,
        )


def open_backtest(trial: Trial, memory: int | None, seconds: float) -> Runner:
    """Return who does the jobs: this process where they are small, else a child under limits."""
    looks = min(MOST_ROWS, len(trial.lessons.steps) * trial.settings.horizon)
    bench = Backtest(trial)
    if memory is None and (looks * _FEATURES <= TINY or seconds < START):
        return HereRunner.over(bench)
    granted = Grant(memory)
    granted.must_hold_a_child()
    return ChildRunner.over(bench, memory=granted)


class Comparison:
    """Tries ways to forecast, and fits the best.

    Args:
        trial: What is forecast.
        runner: Does the jobs.
        budget: What may be spent.
        progress: Hears how far it is.
        store: Finished jobs of a run that was killed; takes in those of this run.
    """

    def __init__(
        self,
        trial: Trial,
        runner: Runner,
        budget: Budget,
        progress: Progress,
        store: TrialStore | None,
    ) -> None:
        self._trial, self._runner, self._budget = trial, runner, budget
        self._progress = progress
        self.interrupted = False
        self._memory = Memory.under(store, trial.digest if store is not None else "")
        budget.charge(min(self._memory.spent, (1 - _FOR_THE_END) * budget.seconds))
        allowed = {"linear" if name == "ridge" else name for name in trial.learners}
        self._tried = [
            Attempt(way=way)
            for way in WAYS
            if not allowed
            or way.learner == FIRST
            or {"ridge": "linear"}.get(way.learner, way.learner) in allowed
        ]

    @property
    def resumed(self) -> int:
        """Jobs that an earlier process had finished."""
        return self._memory.found

    def run(self) -> list[Attempt]:
        """Return the ways that were tried, the best first; the naive one always among them."""
        try:
            self._runner.run(self._orders(), self._done, lambda order, share: None)
        except KeyboardInterrupt:
            if not any(attempt.scores for attempt in self._tried):
                raise
            self.interrupted = True
        sign = direction(self._trial.metric)
        folds = len(self._trial.plan.cuts)

        def place(attempt: Attempt) -> tuple[int, float]:  # on all folds, or last
            whole = len(attempt.scores) == folds
            return (0 if whole else 1, np.inf if attempt.mean is None else -sign * attempt.mean)

        return sorted(self._tried, key=place)

    def fitted(self, tried: list[Attempt]) -> tuple[Attempt, Any]:
        """Return the first of these that can be fitted to all before the test, and its model.

        The naive one needs no fit, so there is always one.
        """
        for attempt in tried:
            if attempt.way.learner == FIRST:
                return attempt, None
            if not attempt.scores:
                continue
            # What a stretch was given, the last fit is given too.
            seconds = max(self._budget.left, *attempt.seconds)
            end = self._budget.now() + seconds
            order = Order(
                job=Job(candidate=attempt.candidate, fold=None),
                stop=lambda end=end: self._budget.now() > end,  # type: ignore[misc]
                seconds=seconds,
                grace=_GRACE,
            )
            outcomes: list[Outcome] = []
            self._runner.run([order], lambda _, made: outcomes.append(made), lambda o, s: None)  # noqa: B023
            if not outcomes[0].failed:
                return attempt, outcomes[0].pipeline
            attempt.note = f"could not be fitted to all: {outcomes[0].note}"
        raise AssertionError("the naive forecast is always among the ways")

    def _orders(self) -> Iterator[Order]:
        reserve = _FOR_THE_END * self._budget.seconds
        for number, attempt in enumerate(self._tried):
            for fold in range(len(self._trial.plan.cuts)):
                job = Job(candidate=attempt.candidate, fold=fold)
                known = self._memory.recall(job)
                if known is not None:
                    self._accept(attempt, fold, known)
                    continue
                if attempt.over:
                    break
                if attempt.way.learner == FIRST:  # it fits nothing: no need to wait for anybody
                    made = Backtest(self._trial).perform(job, lambda: False, lambda share: None)
                    self._accept(attempt, fold, made)
                    continue
                left = self._budget.left - reserve
                if self._usual(attempt) > left:
                    attempt.note = attempt.note or "not every fold fitted into the budget"
                    break
                self._progress.update(
                    f"backtesting {attempt.way.name}", 0.8 * number / len(self._tried)
                )
                yield Order(
                    job=job,
                    stop=self._budget.deadline(1.0, reserve),
                    seconds=left,
                    grace=_GRACE,
                    ticket=attempt,
                )

    def _usual(self, attempt: Attempt) -> float:
        """Return the longest that a stretch took with the same learner."""
        same = [one for one in self._tried if one.way.learner == attempt.way.learner]
        return max((seconds for one in same for seconds in one.seconds), default=0.0)

    def _done(self, order: Order, outcome: Outcome) -> None:
        if order.job.fold is None:  # pragma: no cover - the last fit is no part of the comparison
            return
        self._memory.commit(order.job, outcome)
        self._memory.spend(self._budget.spent)
        self._accept(order.ticket, order.job.fold, outcome)

    def _accept(self, attempt: Attempt, fold: int, outcome: Outcome) -> None:
        attempt.seconds.append(outcome.seconds)
        attempt.note = outcome.note or attempt.note
        if outcome.failed or outcome.score is None or outcome.answer is None:
            attempt.over = attempt.over or outcome.failed
            return
        attempt.scores[fold] = outcome.score
        attempt.errors[fold] = Errors(shares=outcome.answer, ahead=self._ahead(fold))

    def _ahead(self, fold: int) -> "NDArray[np.int64]":
        plan, steps = self._trial.plan, self._trial.lessons.steps
        cut = plan.cuts[fold]
        held = steps[(steps >= cut) & (steps < cut + plan.held)]
        return np.asarray((held - cut) % plan.horizon + 1, dtype=np.int64)
