"""Which detector is best, on rows that it has not learnt from."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from keepwell.core.errors import TrainingError
from keepwell.core.progress import Progress
from keepwell.training.learners.base import FIRST, Candidate
from keepwell.training.search.budget import Budget
from keepwell.training.search.store import Memory, TrialStore
from keepwell.training.tasks.anomaly.bench import FOLDS, MADE, DetectorBench, Trial, learnt_of
from keepwell.training.tasks.comparing import Attempt, Contest, Terms, Turn, best_first
from keepwell.training.trained import Finding, LeaderboardRow
from keepwell.training.workers.choice import open_bench
from keepwell.training.workers.grant import Grant

NAMES = {
    "spread": FIRST,
    "tails": "tails",
    "ellipse": "ellipse",
    "forest": "forest",
    "neighbours": "neighbours",
}
_SHARE = 0.6  # of the budget, for comparing


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was chosen.

    Attributes:
        detector: The best one.
        pipeline: It, fitted to all rows.
        metric: What decided: the one that was asked for, or where the labels cannot decide it, `made_auc`.
        leaderboard: All, the best first.
        findings: What the reader should know of how it went.
    """

    detector: str
    pipeline: Any
    metric: str
    leaderboard: tuple[LeaderboardRow, ...]
    findings: tuple[Finding, ...] = ()


def choose(
    trial: Trial, memory: Grant | None, budget: Budget, progress: Progress, store: TrialStore | None
) -> Choice:
    """Return the detector that does best on held-out rows.

    Raises:
        TrainingError: If not even the baseline can be fitted to all rows.
    """
    tried = [
        Attempt(candidate=Candidate(name=name, learner=name, params={"detector": detector}))
        for detector, name in NAMES.items()
    ]
    bench, rows = DetectorBench(trial), trial.table.num_rows
    terms = Terms(share=_SHARE, more=2.0 * rows / learnt_of(rows))
    runner = open_bench(
        bench,
        cells=rows * len(trial.signature.inputs),
        memory=memory,
        seconds=budget.seconds,
    )
    try:
        contest = Contest(
            bench, runner, budget, progress, memory=Memory.of(store, trial), terms=terms
        )
        contest.compare(_turns(tried))
        metric = _decided(tried, trial.metric)
        ordered = best_first(tried, 1)
        found = contest.fitted(ordered)
    finally:
        runner.close()
    if found is None:
        raise TrainingError(
            "no detector could be fitted to all rows",
            why=next(one.note for one in tried if one.first),
            now="leave out columns with `ignore:` under `data:`, or load fewer rows",
        )
    best, pipeline = found
    ordered = [best, *(one for one in ordered if one is not best)]
    return Choice(
        detector=str(best.candidate.params["detector"]),
        pipeline=pipeline,
        metric=metric,
        leaderboard=tuple(one.row() for one in ordered),
        findings=contest.findings(best),
    )


def _turns(tried: list[Attempt]) -> Iterator[Turn]:
    for fold in range(FOLDS):
        for at, one in enumerate(tried):
            yield Turn(attempt=one, fold=fold, done=(fold + at / len(tried)) / FOLDS)


def _decided(tried: list[Attempt], metric: str) -> str:
    """Return what decides, and make it the score: what was asked for, if it can be measured on every fold."""
    told = [answer[0] for one in tried for answer in one.answers.values()]
    sure = metric == MADE or bool(np.isfinite(told).all())
    for one in tried:
        for fold, answer in one.answers.items():
            one.scores[fold] = float(answer[0 if sure else 1])
    return metric if sure else MADE
