"""Nearest neighbours: what the most similar rows did."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keepwell.features.preparation import Flavour
from keepwell.training.learners.base import Candidate, Fitted, Learner, Suggest, Watch
from keepwell.training.learners.folds import has_text
from keepwell.training.problem import Matrix, Problem
from keepwell.training.trained import Params

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST_ROWS = 50_000  # every row is kept and compared with: beyond, answers take too long


class Neighbours:
    """Averages the most similar rows, after scaling; the model is the rows themselves."""

    flavour: Flavour = "linear"
    interruptible = False

    def candidates(self, problem: Problem) -> Sequence[Candidate]:
        """Return few and many neighbours; nothing for very many rows, texts, or weighted rows."""
        if problem.rows > _MOST_ROWS or has_text(problem) or problem.weights is not None:
            return []  # scikit-learn's neighbours know no weights of rows
        return [
            Candidate(
                name=f"neighbours/{label}",
                learner="neighbours",
                params={"n_neighbors": neighbours, "weights": "distance"},
            )
            for label, neighbours in (("few", 7), ("many", 25))
        ]

    def space(self, suggest: Suggest, problem: Problem) -> Params:
        """Return settings."""
        return {
            "n_neighbors": suggest.suggest_int("n_neighbors", 1, 60, log=True),
            "weights": suggest.suggest_categorical("weights", ["uniform", "distance"]),
            "p": suggest.suggest_categorical("p", [1, 2]),
        }

    def seconds(self, rows: int, columns: int, classes: int) -> float:
        """Return a guess: fitting is quick, asking for a fold's rows is not."""
        return 0.05 + 2e-9 * rows * rows * columns / 4

    def fit(
        self,
        candidate: Candidate,
        problem: Problem,
        train: Matrix,
        target: "NDArray[Any]",
        weights: "NDArray[np.float64] | None",
        watch: Watch,
    ) -> Fitted:
        """Keep the rows."""
        from sklearn import neighbors

        name = "KNeighborsRegressor" if problem.task.numeric else "KNeighborsClassifier"
        wanted = int(candidate.params.get("n_neighbors") or 5)
        params = {**candidate.params, "n_neighbors": min(wanted, len(target))}
        # Distances of a tree are exact; those of "brute" are only estimated, which has no compiled form.
        how = "brute" if hasattr(train.values, "tocsr") else "kd_tree"
        model = getattr(neighbors, name)(**params, algorithm=how, n_jobs=1)
        return Fitted(model=model.fit(train.values, target))


if TYPE_CHECKING:
    _: type[Learner] = Neighbours
