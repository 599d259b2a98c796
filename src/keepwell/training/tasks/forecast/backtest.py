"""Ways to forecast compared on what came after the rows that they were fitted to."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile
from typing import Any

import numpy as np

from keepwell.core.progress import Progress
from keepwell.tracking.metrics import direction
from keepwell.training.learners.base import FIRST, Candidate
from keepwell.training.search.budget import Budget
from keepwell.training.search.store import Memory, TrialStore
from keepwell.training.search.trials import interval
from keepwell.training.tasks.comparing import Attempt, Contest, Terms, Turn
from keepwell.training.tasks.forecast.bands import Errors
from keepwell.training.tasks.forecast.bench import Backtest, Trial
from keepwell.training.tasks.forecast.candidates import MOST_ROWS, WAYS, Way
from keepwell.training.trained import Finding, LeaderboardRow
from keepwell.training.workers.choice import open_bench
from keepwell.training.workers.grant import Grant
from keepwell.training.workers.runner import Runner

_FEATURES = 20  # about so many columns are told of a step
_TERMS = Terms(share=0.75, after=0.0, more=1.0, grace=0.5, name="backtest", doing="backtesting")


def open_backtest(trial: Trial, memory: Grant | None, seconds: float) -> Runner:
    """Return who does the jobs: each fits a way to so many looks at a step."""
    looks = min(MOST_ROWS, len(trial.lessons.steps) * trial.settings.horizon)
    return open_bench(Backtest(trial), cells=looks * _FEATURES, memory=memory, seconds=seconds)


def as_candidate(way: Way) -> Candidate:
    """Return a way as jobs name it."""
    return Candidate(
        name=way.name, learner=way.learner, params=way.params, preparation={"base": way.base}
    )


def base_of(attempt: Attempt) -> str:
    """Return what the answers of an attempt's model are added to."""
    return str(attempt.candidate.preparation["base"])


def row_of(attempt: Attempt) -> LeaderboardRow:
    """Return an attempt as the leaderboard shows it, with the 95% interval of its mean."""
    row = attempt.row()
    low, high = interval(row.scores)
    return replace(row, low=low, high=high)


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
        self._trial = trial
        self._contest = Contest(
            Backtest(trial), runner, budget, progress,
            memory=Memory.of(store, trial), terms=_TERMS,
        )  # fmt: skip
        allowed = {"linear" if name == "ridge" else name for name in trial.learners}
        self._tried = [
            Attempt(candidate=as_candidate(way))
            for way in WAYS
            if not allowed
            or way.learner == FIRST
            or {"ridge": "linear"}.get(way.learner, way.learner) in allowed
        ]

    def run(self) -> list[Attempt]:
        """Return the ways that were tried, the best first; the naive one always among them."""
        self._contest.compare(self._turns())
        sign = direction(self._trial.metric)
        folds = len(self._trial.plan.cuts)

        def place(attempt: Attempt) -> tuple[bool, float]:  # on all folds, or last
            mean = attempt.mean
            return len(attempt.scores) < folds, np.inf if mean is None else -sign * mean

        return sorted(self._tried, key=place)

    def fitted(self, tried: list[Attempt]) -> tuple[Attempt, Any]:
        """Return the first of these that can be fitted to all before the test, and its model.

        The naive one needs no fit, so there is always one.
        """
        naive = next(one for one in tried if one.first)
        return self._contest.fitted(takewhile(lambda one: not one.first, tried)) or (naive, None)

    def findings(self, best: Attempt) -> tuple[Finding, ...]:
        """Return what the reader should know of how it went."""
        return self._contest.findings(best)

    def errors(self, attempt: Attempt) -> list[Errors]:
        """Return what backtesting saw of an attempt, by stretch."""
        plan, steps = self._trial.plan, self._trial.lessons.steps
        found = []
        for fold, shares in attempt.answers.items():
            cut = plan.cuts[fold]
            held = steps[(steps >= cut) & (steps < cut + plan.held)]
            ahead = np.asarray((held - cut) % plan.horizon + 1, dtype=np.int64)
            found.append(Errors(shares=shares, ahead=ahead))
        return found

    def _turns(self) -> Iterator[Turn]:
        for number, attempt in enumerate(self._tried):
            for fold in range(len(self._trial.plan.cuts)):
                yield Turn(attempt=attempt, fold=fold, done=number / len(self._tried))
