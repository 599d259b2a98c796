"""What one row costs to answer, before anything is fitted to all rows: so that a vote can be held to a time.

Measured with compiled scorers: 500 trees of LightGBM with 7 to 255 leaves, of CatBoost with depths of 4 to
10, forests of 200 trees with 1 to 8 rows a leaf. A step down a tree takes longer the more the trees weigh, as
they fall out of the processor's caches. CatBoost's trees ask one question a level, whatever the row, and
hold the answers for all classes.
"""

import math
from collections.abc import Mapping

from keepwell.training.learners.base import Learner
from keepwell.training.learners.kernel import landmarks_for
from keepwell.training.problem import Problem
from keepwell.training.search.trials import Trial

FAST = 0.1
"""Milliseconds that one row may take, unless the gate says otherwise."""

MOST = 80.0
"""Microseconds of `FAST` that models may take; the rest is for reading the row and preparing it."""

_FIXED = {
    "linear": 5.0,
    "elastic": 5.0,
    "perceptron": 9.0,
    "kernel": 8.0,
    "neighbours": 20.0,
    "xgboost": 160.0,  # its library takes that long to be asked anything
}
_NOT_TREES = ("perceptron",)  # its rounds are passes over the rows
_UNKNOWN = 12.0
_STEP, _WEIGHT = 3.0, 0.03  # nanoseconds of a step, and what each root of a leaf adds
_POINT = 0.012  # microseconds
_ALIKE, _CELL = (
    1.5e-3,
    1.3e-4,
)  # microseconds: of a likeness, and of each column of a row that is known
_TREES_OF_FORESTS = 200
_LEAVES = 31


def servable(learners: Mapping[str, Learner], latency_ms: float) -> dict[str, Learner]:
    """Return the learners of which one row can be answered in time, whatever their settings."""
    most = MOST * latency_ms / FAST
    return {name: each for name, each in learners.items() if _FIXED.get(name, 0.0) <= most}


def microseconds_of(trial: Trial, problem: Problem) -> float:
    """Return what one row is likely to take, the preparation left out."""
    learner, params = trial.candidate.learner, trial.candidate.params
    fixed = _FIXED.get(learner, 0.0)
    if learner in ("forest", "extra-trees"):
        leaf = max(int(params.get("min_samples_leaf") or 1), 1)
        leaves = min(problem.rows / leaf, int(params.get("max_leaf_nodes") or 3_000))
        return _walks(_TREES_OF_FORESTS, leaves)
    if learner == "neighbours":  # every row is a point to be compared with
        return fixed + _POINT * problem.rows
    if learner == "kernel":
        columns = len(problem.signature.inputs)
        return fixed + min(problem.rows, landmarks_for(columns)) * (_ALIKE + _CELL * columns)
    if trial.final_rounds is None or learner in _NOT_TREES:
        return fixed or _UNKNOWN
    classes = problem.classes if problem.classes > 2 else 1  # noqa: PLR2004
    if learner == "catboost":
        each = (8.0 + 2.0 * int(params.get("depth") or 6)) * (1 + 0.15 * (classes - 1))
        return trial.final_rounds * each / 1e3
    leaves = int(params.get("num_leaves") or params.get("max_leaf_nodes") or _LEAVES)
    return fixed + _walks(trial.final_rounds * classes, min(leaves, problem.rows))


def _walks(trees: float, leaves: float) -> float:
    """Return the microseconds of a walk down each of so many trees."""
    step = _STEP + _WEIGHT * math.sqrt(trees * leaves)
    return trees * max(math.log2(max(leaves, 2)), 1.0) * step / 1e3
