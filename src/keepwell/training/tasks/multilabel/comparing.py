"""Candidates compared fold by fold, by the engine's workers, and the best fitted to all rows."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from keepwell.core.errors import TrainingError
from keepwell.core.progress import Progress
from keepwell.tracking.metrics.catalog import direction
from keepwell.training.learners import Candidate
from keepwell.training.learners.base import FIRST
from keepwell.training.search.budget import Budget
from keepwell.training.search.jobs import Job, Outcome
from keepwell.training.tasks.multilabel.bench import LabelBench, Trial
from keepwell.training.trained import LeaderboardRow
from keepwell.training.workers.children import ChildRunner
from keepwell.training.workers.choice import START, TINY, is_ours
from keepwell.training.workers.grant import Grant
from keepwell.training.workers.here import HereRunner
from keepwell.training.workers.runner import Order, Runner

_EACH = 2  # candidates of a learner: every one is fitted once a label
_SHARE = 0.6  # of the budget, for comparing
_FEWEST = 4  # candidates that are seen on every fold
_GRACE = 0.25  # seconds beyond its time, in which a fit may still end by itself
_MEASURING = 0.1  # of the budget, for what comes after the last fit


@dataclass(slots=True, kw_only=True)
class Attempt:
    """A candidate with what was seen of it."""

    candidate: Candidate
    scores: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    note: str = ""
    over: bool = False

    def row(self) -> LeaderboardRow:
        """Return it as the leaderboard shows it."""
        several = len(self.scores) > 1
        return LeaderboardRow(
            name=self.candidate.name, learner=self.candidate.learner, params=self.candidate.params,
            mean=float(np.mean(self.scores)) if self.scores else None,
            low=min(self.scores) if several else None, high=max(self.scores) if several else None,
            scores=tuple(self.scores), seconds=round(sum(self.seconds), 3), note=self.note,
        )  # fmt: skip


def open_labels(trial: Trial, memory: int | None, seconds: float) -> Runner:
    """Return who does the jobs: this process where they are small and our own, else a child under limits."""
    problem, bench = trial.problem, LabelBench(trial)
    cells = problem.rows * len(problem.signature.inputs) * problem.target.shape[1]
    ours = all(is_ours(one) for one in trial.learners.values())
    if ours and (cells <= TINY or seconds < START):
        return HereRunner.over(bench)
    granted = Grant(memory)
    granted.must_hold_a_child()
    return ChildRunner.over(bench, memory=granted)


class Comparison:
    """Tries candidates on fold after fold, fewer each time, and fits the best.

    Args:
        trial: What is learnt.
        runner: Does the jobs.
        budget: What may be spent.
        progress: Hears how far it is.
    """

    def __init__(self, trial: Trial, runner: Runner, budget: Budget, progress: Progress) -> None:
        self._trial, self._runner = trial, runner
        self._budget, self._progress = budget, progress
        self.interrupted = False
        first = replace(trial.problem, target=trial.problem.target[:, 0])
        self.tried = [
            Attempt(candidate=candidate)
            for learner in trial.learners.values()
            for candidate in list(learner.candidates(first))[:_EACH]
        ]

    def run(self) -> list[Attempt]:
        """Return those that were tried, the best first. A Ctrl-C ends it early."""
        try:
            for number in range(len(self._trial.folds)):
                racing = self.tried if not number else self._finalists()
                self._runner.run(self._orders(racing, number), self._done, lambda o, share: None)
        except KeyboardInterrupt:
            if not any(one.scores for one in self.tried):
                raise
            self.interrupted = True
        return self._ordered()

    def fitted(self, tried: list[Attempt]) -> tuple[Attempt, Any]:
        """Return the first of these that can be fitted to all rows in time, and its pipeline.

        Raises:
            TrainingError: If not even the baseline can.
        """
        baseline = [one for one in tried if one.candidate.learner == FIRST]
        for one in [*(one for one in tried if one.scores), *baseline]:
            first = one.candidate.learner == FIRST
            # What a fold was given, the last fit is given too.
            left = self._budget.left - _MEASURING * self._budget.seconds
            seconds = max(left, 2 * max(one.seconds, default=0.0), 5.0 if first else 0.0)
            made = self._performed(one.candidate, seconds, here=first)
            if not made.failed:
                return one, made.pipeline
            one.note = f"could not be fitted to all rows: {made.note}"
        raise TrainingError(
            "no candidate could be fitted to all rows",
            why=baseline[0].note if baseline else "there was no time for one",
            now="raise `budget:` under `train:`",
        )

    def _performed(self, candidate: Candidate, seconds: float, *, here: bool) -> Outcome:
        end = self._budget.now() + seconds
        order = Order(
            job=Job(candidate=candidate, fold=None),
            stop=lambda: self._budget.now() > end,
            seconds=seconds,
            grace=_GRACE,
        )
        found: list[Outcome] = []
        runner = HereRunner.over(LabelBench(self._trial)) if here else self._runner
        runner.run([order], lambda _, made: found.append(made), lambda o, share: None)
        return found[0]

    def _orders(self, racing: list[Attempt], number: int) -> Iterator[Order]:
        reserve = (1 - _SHARE) * self._budget.seconds
        folds = len(self._trial.folds)
        for at, one in enumerate(racing):
            first = one.candidate.learner == FIRST
            left = self._budget.left - reserve
            if one.over or (not first and max(one.seconds, default=0.0) >= left):
                one.note = one.note or "not every fold fitted into the budget"
                continue
            share = (number + at / len(racing)) / folds
            self._progress.update(f"trying {one.candidate.name}", 0.8 * share)
            job = Job(candidate=one.candidate, fold=number)
            if first:  # it learns next to nothing: no need to wait for anybody
                outcome = LabelBench(self._trial).perform(job, lambda: False, lambda s: None)
                self._take(one, outcome)
                continue
            yield Order(
                job=job,
                stop=self._budget.deadline(1.0, reserve),
                seconds=left,
                grace=_GRACE,
                ticket=one,
            )

    def _done(self, order: Order, outcome: Outcome) -> None:
        self._take(order.ticket, outcome)

    @staticmethod
    def _take(one: Attempt, outcome: Outcome) -> None:
        one.seconds.append(outcome.seconds)
        one.note = outcome.note or one.note
        one.over = one.over or outcome.failed
        if outcome.score is not None:
            one.scores.append(outcome.score)

    def _finalists(self) -> list[Attempt]:
        """Return those that go on to the next fold, the best first; the others say why not."""
        ordered = [one for one in self._ordered() if one.scores and not one.note]
        kept = max(_FEWEST, -(-len(ordered) // 2))
        for one in ordered[kept:]:
            one.note = "left after the first folds: others were better"
        return ordered[:kept]

    def _ordered(self) -> list[Attempt]:
        """Return the best first, by the folds that whoever came furthest went through; others after them.

        The baseline always goes through all: that is no reason to put it first.
        """
        sign = direction(self._trial.metric)
        others = [len(one.scores) for one in self.tried if one.candidate.learner != FIRST]
        seen = max(others, default=0) or len(self._trial.folds)

        def place(one: Attempt) -> tuple[bool, int, float]:
            score = -sign * float(np.mean(one.scores[:seen])) if one.scores else 0.0
            return not one.scores, -min(len(one.scores), seen), score

        return sorted(self.tried, key=place)
