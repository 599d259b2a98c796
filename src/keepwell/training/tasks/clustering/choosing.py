"""Which clustering is best: clear (silhouette) and the same whichever rows it is learnt from (stability).

Each candidate is fitted to several draws of the rows, and asked about rows that are in none of them.
"""

from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.progress import Progress
from keepwell.tracking.metrics.clustering import adjusted_rand, distances, silhouettes, spreads
from keepwell.training.search.budget import Budget
from keepwell.training.tasks.clustering.candidates import Candidate, candidates, fit
from keepwell.training.trained import LeaderboardRow

if TYPE_CHECKING:
    from numpy.typing import NDArray

DRAWS = 3
STEADY = 0.6  # adjusted Rand index between draws; below, a clustering is an accident
_HELD = 1_000
_MOST_ROWS = 10_000  # of a draw
_SHARE = 0.8
_NEAR = 0.02  # of the best score; less is not worth one more cluster


@dataclass(slots=True, kw_only=True)
class Attempt:
    """A candidate with what was seen of it."""

    candidate: Candidate | None  # None: rows dealt out at random
    scores: list[float] = field(default_factory=list)
    stability: float | None = None
    seconds: float = 0.0
    note: str = ""
    clusters: int = 0  # that it found

    def value(self, metric: str) -> float:
        """Return the mean so that more is better."""
        sign = -1.0 if metric == "davies_bouldin" else 1.0
        return sign * float(np.mean(self.scores)) if self.scores else -np.inf

    @property
    def steady(self) -> bool:
        """Whether other rows gave the same clusters."""
        return self.stability is not None and self.stability >= STEADY

    def row(self) -> LeaderboardRow:
        """Return it as the leaderboard shows it."""
        chosen = self.candidate
        note = self.note
        if self.stability is not None:
            note = f"stability {self.stability:.2f}" + (f"; {note}" if note else "")
        return LeaderboardRow(
            name=chosen.name if chosen else "baseline",
            learner=chosen.method if chosen else "baseline",
            params=chosen.params if chosen else {"clusters": 2},
            mean=float(np.mean(self.scores)) if self.scores else None,
            low=min(self.scores) if len(self.scores) > 1 else None,
            high=max(self.scores) if len(self.scores) > 1 else None,
            scores=tuple(self.scores),
            seconds=round(self.seconds, 3),
            note=note,
        )


def attempts(
    values: "NDArray[np.float64]",
    clusters: int | None,
    metric: str,
    seed: int,
    budget: Budget,
    progress: Progress,
) -> list[Attempt]:
    """Return everything tried, the best first and the baseline among the rest."""
    from threadpoolctl import threadpool_limits

    random = np.random.default_rng(seed)
    order = random.permutation(len(values))
    held = values[order[: min(_HELD, len(values) // 4)]]
    rest = values[order[len(held) :]]
    size = min(_MOST_ROWS, int(_SHARE * len(rest)))
    draws = [rest[random.permutation(len(rest))[:size]] for _ in range(DRAWS)]
    apart = distances(held)
    baseline = Attempt(candidate=None, note="rows dealt out at random")
    baseline.scores = [
        _score(metric, apart, held, random.integers(0, 2, len(held))) or 0.0 for _ in range(DRAWS)
    ]
    tried = [baseline]
    planned = list(candidates(len(values), values.shape[1], clusters))
    # More threads than rows to share cost more than they bring.
    threads = threadpool_limits(1 if len(values) < _MOST_ROWS else None)
    for at, candidate in enumerate(planned):
        if len(tried) > 1 and budget.spent > budget.seconds / 2:
            tried.append(Attempt(candidate=candidate, note="not tried within the budget"))
            continue
        progress.update(f"trying {candidate.name}", fraction=0.8 * at / len(planned))
        start = budget.spent
        one = _tried(candidate, draws, held, apart, metric, seed)
        one.seconds = budget.spent - start
        tried.append(one)
    threads.restore_original_limits()
    return _in_order(tried, metric)


def _in_order(tried: list[Attempt], metric: str) -> list[Attempt]:
    """Return steady ones first, by score; of nearly equal ones the one with the fewest clusters leads."""
    ordered = sorted(tried, key=lambda one: (not one.steady, -one.value(metric)))
    best = ordered[0].value(metric)
    near = [
        one
        for one in ordered
        if one.steady == ordered[0].steady
        and one.value(metric) >= best - _NEAR * abs(best)
        and one.candidate is not None
    ]
    if near:
        simplest = min(near, key=lambda one: (one.clusters, -one.value(metric)))
        ordered.remove(simplest)
        ordered.insert(0, simplest)
    return ordered


def _tried(
    candidate: Candidate,
    draws: "list[NDArray[np.float64]]",
    held: "NDArray[np.float64]",
    apart: "NDArray[np.float64]",
    metric: str,
    seed: int,
) -> Attempt:
    import warnings

    one = Attempt(candidate=candidate)
    said: list[NDArray[Any]] = []
    for number, draw in enumerate(draws):
        try:
            with warnings.catch_warnings():
                # A fit that stops early, or finds fewer places than asked for, is judged by its score.
                warnings.simplefilter("ignore")
                model = fit(candidate, draw, seed + number)
        except Exception as error:  # noqa: BLE001 (a method may not cope with the rows; others may)
            one.note = f"failed: {type(error).__name__}: {error}"[:200]
            break
        if model is None:
            one.note = "found no two clusters"
            break
        said.append(model.predict(held))
        one.clusters = len(model.classes_)
        score = _score(metric, apart, held, said[-1])
        if score is None:
            one.note = "puts every row into one cluster"
            one.scores = []
            return one
        one.scores.append(score)
    if len(said) == len(draws):
        pairs = [adjusted_rand(first, second) for first, second in combinations(said, 2)]
        one.stability = float(np.mean(pairs))
    else:
        one.scores = []
    return one


def _score(
    metric: str,
    apart: "NDArray[np.float64]",
    held: "NDArray[np.float64]",
    codes: "NDArray[np.int64]",
) -> float | None:
    if metric in ("calinski_harabasz", "davies_bouldin"):
        return spreads(held, codes).get(metric)
    values = silhouettes(apart, codes)
    return None if values is None else float(values.mean())
