"""Which clustering is best: clear (silhouette) and the same whichever rows it is learnt from (stability).

Each candidate is fitted to several draws of the rows, and asked about rows that are in none of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from keepwell.core.progress import Progress
from keepwell.tracking.metrics.clustering import adjusted_rand
from keepwell.training.learners.base import FIRST
from keepwell.training.search.budget import Budget
from keepwell.training.search.store import Memory, TrialStore
from keepwell.training.tasks.clustering.bench import DRAWS, ClusterBench, Trial, learnt_of
from keepwell.training.tasks.clustering.candidates import candidates
from keepwell.training.tasks.comparing import Attempt, Contest, Terms, Turn
from keepwell.training.trained import Finding, LeaderboardRow
from keepwell.training.workers.choice import open_bench
from keepwell.training.workers.grant import Grant

STEADY = 0.6  # adjusted Rand index between draws; below, a clustering is an accident
_NEAR = 0.02  # of the best score; less is not worth one more cluster
_SHARE = 0.5  # of the budget, for comparing


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An attempt on every draw.

    Attributes:
        attempt: Itself.
        stability: Adjusted Rand index between what the draws said, on average; None: not on every draw.
        clusters: How many it found.
        value: The mean of the metric, turned so that more is better.
    """

    attempt: Attempt
    stability: float | None
    clusters: int
    value: float

    @classmethod
    def of(cls, attempt: Attempt, metric: str) -> "Judged":
        """Return what comes of an attempt: nothing, where a draw is missing."""
        if len(attempt.answers) < DRAWS:
            attempt.scores.clear()
            return cls(attempt=attempt, stability=None, clusters=0, value=-np.inf)
        said = [attempt.answers[draw] for draw in sorted(attempt.answers)]
        codes = [one.argmax(axis=1) for one in said]
        pairs = [adjusted_rand(first, second) for first, second in combinations(codes, 2)]
        sign = -1.0 if metric == "davies_bouldin" else 1.0
        return cls(
            attempt=attempt,
            stability=float(np.mean(pairs)),
            clusters=said[-1].shape[1],
            value=sign * (attempt.mean or 0.0),
        )

    @property
    def steady(self) -> bool:
        """Whether other rows gave the same clusters."""
        return self.stability is not None and self.stability >= STEADY

    def row(self) -> LeaderboardRow:
        """Return it as the leaderboard shows it."""
        row = self.attempt.row()
        if self.stability is None:
            return row
        note = f"stability {self.stability:.2f}" + (f"; {row.note}" if row.note else "")
        return replace(row, note=note)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was chosen.

    Attributes:
        model: The best, as a classifier of prepared rows; None if no clusters were found.
        best: What was seen of it.
        leaderboard: All, the best first.
        findings: What the reader should know of how it went.
        why: Of the first that failed, the reason.
        missed: Clusters were found, and this is why they could not be fitted to all rows.
    """

    model: Any = None
    best: Judged | None = None
    leaderboard: tuple[LeaderboardRow, ...] = ()
    findings: tuple[Finding, ...] = ()
    why: str = ""
    missed: str = ""


def choose(
    trial: Trial,
    clusters: int | None,
    memory: Grant | None,
    budget: Budget,
    progress: Progress,
    store: TrialStore | None,
) -> Choice:
    """Return the best clustering, fitted to all rows."""
    rows, columns = trial.values.shape
    planned = candidates(rows, columns, clusters)
    # The quickest comes back however little time there is: there is no model without clusters.
    tried = [Attempt(candidate=candidate.job, sure=not at) for at, candidate in enumerate(planned)]
    bench = ClusterBench(trial)
    terms = Terms(share=_SHARE, more=2.0 * rows / max(learnt_of(rows), 1))
    runner = open_bench(bench, cells=rows * columns, memory=memory, seconds=budget.seconds)
    try:
        contest = Contest(
            bench, runner, budget, progress, memory=Memory.of(store, trial), terms=terms
        )
        contest.compare(_turns(tried))
        ordered = _in_order([Judged.of(one, trial.metric) for one in tried])
        found = contest.fitted([one.attempt for one in ordered])
    finally:
        runner.close()
    if found is None and contest.interrupted and not any(one.scores for one in tried):
        raise KeyboardInterrupt  # before any candidate went through all draws
    if found is None:
        return Choice(
            why=next((one.note for one in tried if one.note), ""),
            missed=next((one.attempt.missed for one in ordered if one.attempt.missed), ""),
        )
    attempt, model = found
    best = next(one for one in ordered if one.attempt is attempt)
    others = [one for one in ordered if one is not best]
    board = [(not one.steady, -one.value, one.row()) for one in others]
    board = sorted([*board, _chance(bench, trial)], key=lambda one: one[:2])
    return Choice(
        model=model,
        best=best,
        leaderboard=(best.row(), *(row for *_, row in board)),
        findings=contest.findings(attempt),
    )


def _chance(bench: ClusterBench, trial: Trial) -> tuple[bool, float, LeaderboardRow]:
    """Return what all others have to beat, no clusters at all, with its place."""
    scores = bench.by_chance()
    mean = float(np.mean(scores))
    sign = -1.0 if trial.metric == "davies_bouldin" else 1.0
    row = LeaderboardRow(
        name=FIRST, learner=FIRST, params={"clusters": 2}, mean=mean, low=min(scores),
        high=max(scores), scores=tuple(scores), note="rows dealt out at random",
    )  # fmt: skip
    return True, -sign * mean, row


def _turns(tried: list[Attempt]) -> Iterator[Turn]:
    for at, one in enumerate(tried):
        for draw in range(DRAWS):
            yield Turn(attempt=one, fold=draw, done=at / len(tried))


def _in_order(judged: list[Judged]) -> list[Judged]:
    """Return steady ones first, by score; of nearly equal ones the one with the fewest clusters leads."""
    ordered = sorted(judged, key=lambda one: (not one.steady, -one.value))
    leader = ordered[0]
    near = [
        one
        for one in ordered
        if one.stability is not None
        and one.steady == leader.steady
        and one.value >= leader.value - _NEAR * abs(leader.value)
    ]
    if near:
        simplest = min(near, key=lambda one: (one.clusters, -one.value))
        ordered.remove(simplest)
        ordered.insert(0, simplest)
    return ordered
