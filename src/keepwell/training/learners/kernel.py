"""Kernel ridge: what rows that are alike did, smoothly; strong on few rows of numbers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import TrainingError
from keepwell.core.records import Task
from keepwell.features.preparation import NUMERIC, Flavour
from keepwell.training.learners.base import Candidate, Fitted, Learner, Suggest, Watch
from keepwell.training.learners.folds import has_text, lonely, seed_of
from keepwell.training.problem import Matrix, Problem
from keepwell.training.trained import Params

if TYPE_CHECKING:
    from numpy.typing import NDArray

LANDMARKS = 1_000
_MOST_CELLS = 100_000  # of the landmarks: each is multiplied for each answer
_FEWEST = 100  # landmarks, however many columns
_MOST_ROWS = 50_000
_MOST_LAID_OUT = 50_000_000  # values of rows and prepared columns: 400 MB
_ALIKE = 2.0  # times a range: columns of ranges so close share a unit
_SHARE = 0.5  # of the columns that must
_FEWEST_COLUMNS = 4


class Kernel:
    """Weighs how alike a row is to known ones; the weights have a closed form."""

    flavour: Flavour = "linear"
    interruptible = False

    def candidates(self, problem: Problem) -> Sequence[Candidate]:
        """Return quickly and slowly fading likeness; nothing for very many rows, texts, or counts."""
        if problem.rows > _MOST_ROWS or has_text(problem) or problem.task is Task.COUNTS:
            return []
        offered = [
            Candidate(name=f"kernel/{label}", learner="kernel", params={"gamma": gamma})
            for label, gamma in (("plain", 0.3), ("smooth", 0.03))
        ]
        if _share_a_unit(problem):
            level = Candidate(
                name="kernel/level",
                learner="kernel",
                params={"gamma": 0.3},
                preparation={"scale": "none"},
            )
            offered.insert(1, level)
        return offered

    def space(self, suggest: Suggest, problem: Problem) -> Params:
        """Return how fast likeness fades."""
        return {"gamma": suggest.suggest_float("gamma", 1e-3, 3.0, log=True)}

    def seconds(self, rows: int, columns: int, classes: int) -> float:
        """Return a guess: products of a column for each landmark, and one decomposition."""
        landmarks = min(rows, LANDMARKS)
        return 0.05 + 1.5e-9 * landmarks**3 + 2e-10 * rows * landmarks**2

    def fit(
        self,
        candidate: Candidate,
        problem: Problem,
        train: Matrix,
        target: "NDArray[Any]",
        weights: "NDArray[np.float64] | None",
        watch: Watch,
    ) -> Fitted:
        """Fit in one step."""
        if (alone := lonely(problem, train, target, weights)) is not None:
            return alone
        rows, columns = train.values.shape
        if rows * columns > _MOST_LAID_OUT:
            raise TrainingError(
                f"a kernel does not hold {rows:,} rows of {columns:,} prepared columns",
                why=f"it lays them out in memory, up to {_MOST_LAID_OUT:,} values",
                now="leave it out, or `ignore:` columns with very many labels",
            )
        from threadpoolctl import threadpool_limits

        from keepwell.features.estimators.kernels import KernelClassifier, KernelRegressor

        kind = KernelRegressor if problem.task.numeric else KernelClassifier
        model = kind(
            gamma=float(candidate.params.get("gamma") or 0.3),
            landmarks=landmarks_for(columns),
            random_state=seed_of(problem),
        )
        with threadpool_limits(problem.jobs):
            return Fitted(model=model.fit(train.values, target, sample_weight=weights))


def landmarks_for(columns: int) -> int:
    """Return how many rows others are compared with, at most, so that an answer stays quick."""
    return min(LANDMARKS, max(_MOST_CELLS // max(columns, 1), _FEWEST))


def _share_a_unit(problem: Problem) -> bool:
    """Tell whether most numbers have about the same range, as pixels do: then spread says how much counts."""
    names = [field.name for field in problem.signature.inputs if field.type in NUMERIC]
    if len(names) < max(_FEWEST_COLUMNS, _SHARE * len(problem.signature.inputs)):
        return False
    columns = problem.frame[names].to_numpy(dtype=np.float64, na_value=np.nan)
    known = columns[:, np.isfinite(columns).any(axis=0)]
    if not known.shape[1]:
        return False
    ranges = np.nanmax(known, axis=0) - np.nanmin(known, axis=0)
    widest = float(ranges.max())
    return bool(widest > 0 and np.mean(ranges * _ALIKE >= widest) >= _SHARE)


if TYPE_CHECKING:
    _: type[Learner] = Kernel
