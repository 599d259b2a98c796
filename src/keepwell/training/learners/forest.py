"""Forests: many deep trees that vote; hard to get wrong, and unlike boosting in what they miss."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keepwell.features.preparation import Flavour
from keepwell.training.learners.base import Candidate, Fitted, Learner, Suggest, Watch
from keepwell.training.learners.folds import has_text, lonely, seed_of
from keepwell.training.problem import Matrix, Problem
from keepwell.training.trained import Params

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_TREES = 200
_LEAVES = 3_000  # of a tree, about, at most
_STEP = 25  # trees between two looks at the clock


class Forest:
    """Trees on rows drawn again and again, each split on the best of some columns."""

    flavour: Flavour = "tree"
    interruptible = True
    name = "forest"
    kind = "RandomForest"

    def candidates(self, problem: Problem) -> Sequence[Candidate]:
        """Return a few; nothing beside texts with gaps in other columns, which forests cannot hold."""
        if has_text(problem) and _gaps(problem):
            return []
        few: Params = {"max_features": "sqrt" if not problem.task.numeric else 0.4}
        return [
            Candidate(
                name=f"{self.name}/plain", learner=self.name, params={**few, "min_samples_leaf": 2}
            ),
            Candidate(
                name=f"{self.name}/coarse",
                learner=self.name,
                params={"max_features": 0.6, "min_samples_leaf": 8},
            ),
        ]

    def space(self, suggest: Suggest, problem: Problem) -> Params:
        """Return settings drawn around the candidates'."""
        return {
            "max_features": suggest.suggest_float("max_features", 0.1, 1.0),
            "min_samples_leaf": suggest.suggest_int("min_samples_leaf", 1, 40, log=True),
            "max_leaf_nodes": suggest.suggest_int("max_leaf_nodes", 64, 8192, log=True),
        }

    def seconds(self, rows: int, columns: int, classes: int) -> float:
        """Return a guess: every tree sorts its columns."""
        return 0.3 + 5e-6 * rows * math.sqrt(columns) * math.log2(max(rows, 2))

    def fit(
        self,
        candidate: Candidate,
        problem: Problem,
        train: Matrix,
        target: "NDArray[Any]",
        weights: "NDArray[np.float64] | None",
        watch: Watch,
    ) -> Fitted:
        """Grow trees, some at a time, until there are enough or time is up."""
        if (alone := lonely(problem, train, target, weights)) is not None:
            return alone
        from sklearn import ensemble

        suffix = "Regressor" if problem.task.numeric else "Classifier"
        wanted = watch.rounds or _TREES
        # Deep trees of many rows take megabytes each: the leaves grow with the rows.
        leaf = max(int(candidate.params.get("min_samples_leaf") or 1), problem.rows // _LEAVES)
        model: Any = getattr(ensemble, self.kind + suffix)(
            **{**candidate.params, "min_samples_leaf": leaf},
            n_estimators=min(_STEP, wanted),
            random_state=seed_of(problem),
            n_jobs=problem.jobs,
            warm_start=True,
        )
        interrupted = False
        while True:
            model.fit(train.values, target, sample_weight=weights)
            watch.report(model.n_estimators / wanted)
            if model.n_estimators >= wanted:
                break
            if watch.stop():
                interrupted = True
                break
            model.set_params(n_estimators=min(model.n_estimators + _STEP, wanted))
        model.set_params(warm_start=False)
        return Fitted(model=model, interrupted=interrupted)


class ExtraTrees(Forest):
    """Trees on all rows, split at random places: smoother than a forest, and quicker to grow."""

    name = "extra-trees"
    kind = "ExtraTrees"


def _gaps(problem: Problem) -> bool:
    return any(
        not field.required
        for field in problem.signature.inputs
        if field.type not in ("text", "category")
    )


if TYPE_CHECKING:
    _: type[Learner] = Forest
    __: type[Learner] = ExtraTrees
