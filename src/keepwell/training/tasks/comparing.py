"""How every task with a way of its own compares candidates: by the engine's workers, and never twice.

    contest = Contest(bench, runner, budget, progress, memory=memory, terms=Terms(share=0.6))
    contest.compare(Turn(attempt=one, fold=fold, done=0.0) for one in attempts for fold in range(3))
    found = contest.fitted(sorted(attempts, key=place))

Laws: whatever comes of a candidate, the others go on and its attempt says why; what was finished is
committed before the next begins, and taken over by whoever asks for the same again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import KeepwellError
from keepwell.core.progress import Progress
from keepwell.infrastructure.interruption import Interruption, heeding
from keepwell.training.learners.base import FIRST, Candidate
from keepwell.training.search.budget import Budget
from keepwell.training.search.jobs import Bench, Job, Outcome, ran_out
from keepwell.training.search.store import Memory
from keepwell.training.trained import Finding, LeaderboardRow
from keepwell.training.workers.here import HereRunner
from keepwell.training.workers.runner import Order, Runner

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEAST = 5.0  # seconds of what has to come back, however little is left


@dataclass(slots=True, kw_only=True, eq=False)
class Attempt:
    """A candidate with what was seen of it.

    Attributes:
        candidate: Itself, as jobs name it.
        sure: It is tried however little time is left: without it there may be no model at all.
        scores: By fold.
        answers: What it said of the rows held out, by fold.
        seconds: Of every fold that was tried.
        note: What the reader of the leaderboard should know.
        over: It failed: nothing more is asked of it.
        missed: Why it could not be fitted to all rows.
    """

    candidate: Candidate
    sure: bool = False
    scores: dict[int, float] = field(default_factory=dict)
    answers: "dict[int, NDArray[Any]]" = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    note: str = ""
    over: bool = False
    missed: str = ""

    @property
    def first(self) -> bool:
        """Whether it is what all others have to beat.

        This process does it, whatever the time, and it is not remembered: it has to be quick.
        """
        return self.candidate.learner == FIRST

    @property
    def mean(self) -> float | None:
        """Mean of the metric over the folds."""
        return float(np.mean(list(self.scores.values()))) if self.scores else None

    @property
    def spread(self) -> tuple[float | None, float | None]:
        """From where to where the metric goes; None below two folds."""
        several = len(self.scores) > 1
        values = self.scores.values()
        return (min(values), max(values)) if several else (None, None)

    def take(self, fold: int, outcome: Outcome) -> None:
        """Take in what came of a fold."""
        self.seconds.append(outcome.seconds)
        self.note = outcome.note or self.note
        self.over = self.over or outcome.failed
        if outcome.failed or outcome.score is None:
            return
        self.scores[fold] = outcome.score
        if outcome.answer is not None:
            self.answers[fold] = outcome.answer

    def row(self) -> LeaderboardRow:
        """Return it as the leaderboard shows it."""
        low, high = self.spread
        return LeaderboardRow(
            name=self.candidate.name, learner=self.candidate.learner, params=self.candidate.params,
            mean=self.mean, low=low, high=high,
            scores=tuple(self.scores[fold] for fold in sorted(self.scores)),
            seconds=round(sum(self.seconds), 3), note=self.note,
        )  # fmt: skip


def best_first(tried: Sequence[Attempt], sign: int) -> list[Attempt]:
    """Return attempts by the folds that whoever came furthest went through; those that did not, after them.

    What comes first always goes through all: that is no reason to put it before the others.

    Args:
        tried: All of them.
        sign: -1 if less of the metric is better.
    """
    others = [len(one.scores) for one in tried if not one.first]
    seen = max(others, default=0) or max((len(one.scores) for one in tried), default=0)

    def place(one: Attempt) -> tuple[bool, int, float]:
        scores = [one.scores[fold] for fold in sorted(one.scores)][:seen]
        return not scores, -len(scores), -sign * float(np.mean(scores)) if scores else 0.0

    return sorted(tried, key=place)


def unbeaten(tried: Sequence[Attempt], sign: int) -> bool:
    """Tell whether somebody was measured beside what comes first, and nobody was better on the same folds.

    Who was better and is not chosen could not be fitted to all rows.

    Args:
        tried: All of them.
        sign: -1 if less of the metric is better.
    """
    first = next((one for one in tried if one.first and one.scores), None)
    if first is None:
        return False
    gains = [
        sign * float(np.mean([one.scores[fold] - first.scores[fold] for fold in both]))
        for one in tried
        if not one.first and (both := sorted(one.scores.keys() & first.scores.keys()))
    ]
    return bool(gains) and max(gains) <= 0


def performed(job: Job, work: Callable[[], Outcome]) -> Outcome:
    """Return what came of a job, and how long it took; a candidate that fails does not end the others.

    Raises:
        KeepwellError: The error itself, if it speaks to the user and comes of what there is no model without.
    """
    start = perf_counter()
    try:
        made = work()
    except Exception as error:
        if isinstance(error, KeepwellError) and job.candidate.learner == FIRST:
            raise
        made = Outcome.failure(error)
    return replace(made, seconds=perf_counter() - start)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One attempt on one fold, `done` being the share of the comparison that is behind it."""

    attempt: Attempt
    fold: int
    done: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a comparison is given.

    Attributes:
        share: Of the budget, for comparing.
        after: Of the budget, for what follows the last fit.
        more: How many times what a fold took the last fit is given at least; where a fold learns from a
            part of the rows, more by so many times.
        until: Share of its time after which a fit is told to stop; the rest is for what follows the learning.
        grace: Seconds beyond its time, in which a fit may still end by itself.
        name: What it is called.
        doing: What is done to a candidate, in words.
    """

    share: float
    after: float = 0.1
    more: float = 2.0
    until: float = 1.0
    grace: float = 0.25
    name: str = "search"
    doing: str = "trying"


class Contest:
    """Has attempts done on folds, and the best fitted to all rows.

    Args:
        bench: Does the jobs of whoever comes first, here: that needs no waiting for anybody.
        runner: Does the others.
        budget: What may be spent. What an earlier process spent is counted.
        progress: Hears how far it is.
        memory: Finished jobs of a run that was killed; takes in those of this run.
        terms: What it is given.
        expected: Seconds that a fold of an attempt is going to take; usually the longest of its learner.
    """

    def __init__(
        self,
        bench: Bench,
        runner: Runner,
        budget: Budget,
        progress: Progress,
        *,
        memory: Memory,
        terms: Terms,
        expected: Callable[[Attempt], float] | None = None,
    ) -> None:
        self._bench, self._runner = bench, runner
        self._budget, self._progress, self._terms = budget, progress, terms
        self._memory = memory
        self._expected = expected or self._longest
        self._met: dict[int, Attempt] = {}
        self._passed: list[Attempt] = []
        self._interruption = Interruption()
        self.interrupted = False
        budget.charge(min(memory.spent, terms.share * budget.seconds))

    def compare(self, turns: Iterable[Turn]) -> None:
        """Have everything done, in its order; a Ctrl-C ends it early, if there is a best so far.

        A turn is asked for only when those before it are over, so it may depend on them.
        """
        if self.interrupted:
            return
        try:
            with heeding() as self._interruption:
                self._runner.run(self._orders(turns), self._done, lambda order, share: None)
                self._interruption.check()
        except KeyboardInterrupt:
            if not any(one.scores for one in self._met.values()):
                raise
            self.interrupted = True

    def fitted(self, ordered: Iterable[Attempt]) -> tuple[Attempt, Any] | None:
        """Return the first of these that can be fitted to all rows in time, and its model; None if none."""
        for one in ordered:
            if not (one.first or one.scores):
                continue
            self._progress.update(f"fitting {one.candidate.name} to all rows", 0.8)
            made = self._last(one)
            if not made.failed:
                return one, made.pipeline
            one.missed = made.note or "it failed"
            one.note = f"could not be fitted to all rows: {one.missed}"
            self._passed.append(one)
        return None

    def findings(self, best: Attempt) -> tuple[Finding, ...]:
        """Return what the reader should know of how it went."""
        told, found = [], self._memory.found
        if found:
            fits = "1 fit" if found == 1 else f"{found:,} fits"
            told.append(f"taken over from an earlier run that was stopped: {fits}")
        if self.interrupted:
            name = best.candidate.name
            told.append(
                f"the {self._terms.name} was interrupted; the best so far, {name}, was kept"
            )
        if self._passed:
            told.append(_passed_over(self._passed, best))
        return tuple(Finding(column="", message=message, kind="search") for message in told)

    def _last(self, one: Attempt) -> Outcome:
        # What a fold was given, the last fit is given too.
        left = self._budget.left - self._terms.after * self._budget.seconds
        taken = self._terms.more * max(one.seconds, default=0.0)
        seconds = max(left, taken, _LEAST if one.first or one.sure else 0.0)
        order = self._order(Job(candidate=one.candidate, fold=None), seconds)
        found: list[Outcome] = []
        runner = HereRunner.over(self._own) if one.first else self._runner
        runner.run([order], lambda _, made: found.append(made), lambda order, share: None)
        return found[0]

    def _orders(self, turns: Iterable[Turn]) -> Iterator[Order]:
        reserve = (1 - self._terms.share) * self._budget.seconds
        for turn in turns:
            self._interruption.check()
            one = turn.attempt
            self._met[id(one)] = one
            job = Job(candidate=one.candidate, fold=turn.fold)
            known = self._memory.recall(job)
            if known is not None:
                one.take(turn.fold, known)
                continue
            if one.over:
                continue
            if one.first:
                made = self._own.perform(job, lambda: False, lambda share: None)
                one.take(turn.fold, made)
                continue
            left = self._budget.left - reserve
            if not one.sure and self._expected(one) >= left:
                missed = "not every fold fitted into" if one.seconds else "not tried within"
                one.note = one.note or f"{missed} the budget"
                continue
            self._progress.update(f"{self._terms.doing} {one.candidate.name}", 0.8 * turn.done)
            yield self._order(job, max(left, self._least) if one.sure else left, turn)

    def _order(self, job: Job, seconds: float, turn: Turn | None = None) -> Order:
        now, learning = self._budget.now, self._terms.until * seconds
        end = now() + learning
        return Order(
            job=job,
            stop=lambda: now() >= end,
            seconds=learning,
            grace=self._terms.grace + seconds - learning,
            ticket=turn,
        )

    @property
    def _own(self) -> Bench:
        # Where a child does the others, what is prepared here would be held for nobody.
        return self._bench if isinstance(self._runner, HereRunner) else copy(self._bench)

    @property
    def _least(self) -> float:
        # Of what is sure: it takes about what the first took, and that was given all the time it wanted.
        first = (max(met.seconds, default=0.0) for met in self._met.values() if met.first)
        return max(_LEAST, self._terms.more * max(first, default=0.0))

    def _longest(self, one: Attempt) -> float:
        same = (met for met in self._met.values() if met.candidate.learner == one.candidate.learner)
        return max((seconds for met in same for seconds in met.seconds), default=0.0)

    def _done(self, order: Order, outcome: Outcome) -> None:
        self._memory.commit(order.job, outcome)
        self._memory.spend(self._budget.spent)
        turn: Turn = order.ticket
        turn.attempt.take(turn.fold, outcome)


def _passed_over(passed: Sequence[Attempt], best: Attempt) -> str:
    """Return who was better than the one that was kept, and why it gave way."""
    more = len(passed) - 1
    who = passed[0].candidate.name + (f" and {more} more were" if more else " was")
    told = (
        f"{who} better than {best.candidate.name}, but could not be fitted to all rows: "
        f"{passed[0].missed}"
    )
    if any(ran_out(one.missed) for one in passed):
        told += "; raise `budget:` or `memory:` under `train:`"
    return told
