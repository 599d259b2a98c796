"""The jobs of choosing a clustering: one found in a draw of the rows, or in all of them."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keepwell.tracking.metrics.clustering import distances, silhouettes, spreads
from keepwell.training.search.jobs import Bench, Job, Log, Outcome
from keepwell.training.search.store import digest
from keepwell.training.tasks.clustering.candidates import Candidate, fit
from keepwell.training.tasks.comparing import performed

if TYPE_CHECKING:
    from numpy.typing import NDArray

DRAWS = 3
MOST_ROWS = 10_000  # of a draw
_HELD = 1_000
_SHARE = 0.8


def learnt_of(rows: int) -> int:
    """Return how many of so many rows a draw holds."""
    return min(MOST_ROWS, int(_SHARE * (rows - _held_of(rows))))


def _held_of(rows: int) -> int:
    return min(_HELD, rows // 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What it works with.

    Attributes:
        values: The rows that may be learnt from, prepared.
        metric: Of clusterings.
        seed: Of every random choice.
    """

    values: "NDArray[np.float64]"
    metric: str
    seed: int

    @property
    def digest(self) -> str:
        """A digest of everything that the outcome of a job depends on."""
        return digest((self.metric, self.seed), [self.values])


class _Parts(NamedTuple):
    held: "NDArray[np.float64]"
    draws: "list[NDArray[np.float64]]"
    apart: "NDArray[np.float64]"  # distances between the rows held out
    random: "list[NDArray[np.int64]]"  # clusters dealt out, by draw


class ClusterBench:
    """Does jobs; whatever goes wrong is part of the outcome.

    What a draw answers is a column of ones and zeros for each cluster, of rows that are in no draw.
    """

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._made: _Parts | None = None

    def perform(
        self,
        job: Job,
        stop: Callable[[], bool],
        report: Callable[[float], None],
        log: Log = lambda step, values: None,
    ) -> Outcome:
        """Do a job. Nothing here looks at the clock: what takes too long is ended from outside."""
        from threadpoolctl import threadpool_limits

        rows = len(self._trial.values)

        def work() -> Outcome:
            # More threads than rows to share cost more than they bring.
            with threadpool_limits(1 if rows < MOST_ROWS else None), warnings.catch_warnings():
                # A fit that stops early, or finds fewer places than asked for, is judged by its score.
                warnings.simplefilter("ignore")
                return self._performed(Candidate.of(job.candidate), job.fold)

        return performed(job, work)

    def by_chance(self) -> list[float]:
        """Return what the metric is of rows dealt out to two clusters at random, by draw."""
        return [self._score(codes) or 0.0 for codes in self._parts.random]

    def _performed(self, candidate: Candidate, number: int | None) -> Outcome:
        trial = self._trial
        values = trial.values if number is None else self._parts.draws[number]
        model = fit(candidate, values, trial.seed + (number or 0))
        if model is None:
            return Outcome(failed=True, note="found no two clusters")
        if number is None:
            return Outcome(pipeline=model)
        codes = np.asarray(model.predict(self._parts.held), dtype=np.int64)
        score = self._score(codes)
        if score is None:
            return Outcome(failed=True, note="puts every row into one cluster")
        return Outcome(score=score, answer=np.eye(len(model.classes_))[codes])

    def _score(self, codes: "NDArray[np.int64]") -> float | None:
        metric, parts = self._trial.metric, self._parts
        if metric in ("calinski_harabasz", "davies_bouldin"):
            return spreads(parts.held, codes).get(metric)
        values = silhouettes(parts.apart, codes)
        return None if values is None else float(values.mean())

    @property
    def _parts(self) -> _Parts:
        if self._made is None:
            values = self._trial.values
            random = np.random.default_rng(self._trial.seed)
            order = random.permutation(len(values))
            held = values[order[: _held_of(len(values))]]
            rest = values[order[len(held) :]]
            size = learnt_of(len(values))
            self._made = _Parts(
                held=held,
                draws=[rest[random.permutation(len(rest))[:size]] for _ in range(DRAWS)],
                apart=distances(held),
                random=[random.integers(0, 2, len(held)) for _ in range(DRAWS)],
            )
        return self._made


if TYPE_CHECKING:
    _: type[Bench] = ClusterBench
