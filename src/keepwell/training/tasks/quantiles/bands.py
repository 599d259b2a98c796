"""Fitting and calibrating quantiles."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import TrainingError
from keepwell.core.records import Estimate, Task
from keepwell.core.spec import TrainSpec
from keepwell.tracking.metrics import Scores, intervals
from keepwell.tracking.metrics.quantile import Quantiles, coverage
from keepwell.training.problem import Problem
from keepwell.training.search.matrices import apply, prepare
from keepwell.training.splits.plans import Fold
from keepwell.training.trained import Finding, Trained

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

LEARNERS = ("lightgbm",)
_ROUNDS = 200
_FOLDS = 3


def check_quantiles(spec: TrainSpec, task: Task) -> None:
    """Refuse quantiles of what is no number, or by learners that have none.

    Raises:
        TrainingError: Says what to do.
    """
    if not task.numeric:
        raise TrainingError(
            f"quantiles are asked for, and the task is {task.value}",
            why="only numbers have quantiles",
            now="remove `quantiles:` under `train:`, or set `task: regression`",
        )
    others = [name for name in spec.learners if name not in (*LEARNERS, "baseline")]
    if others:
        raise TrainingError(
            f"quantiles are not learnt by '{others[0]}'",
            why="they are fitted by boosted trees, over the columns as those see them",
            now="set `learners: [lightgbm]`, or leave `learners:` out",
        )


def with_quantiles(
    trained: Trained,
    problem: Problem,
    folds: Sequence[Fold],
    test: "pd.DataFrame",
    levels: Sequence[float],
) -> Trained:
    """Return a trained regression that answers with quantiles too, measured on the test rows."""
    from sklearn.pipeline import Pipeline

    from keepwell.features.estimators.banded import Banded

    shifts = _shifts(problem, folds, levels)
    prepared, point = (trained.pipeline.named_steps[name] for name in ("prepare", "model"))
    values = apply(prepared, "tree", problem.frame).values
    everything = np.arange(problem.rows)
    bands = [_fit(values, problem, everything, level) for level in levels]
    model = Banded(point, bands, list(shifts)).fit(values)
    pipeline = Pipeline([("prepare", prepared), ("model", model)])
    answer = np.asarray(pipeline.predict(test), dtype=np.float64)
    said = Quantiles(levels=levels, values=answer[:, 1:])
    raw = Quantiles(levels=levels, values=np.sort(answer[:, 1:] - shifts, axis=1))
    truth = np.asarray(trained.test_actual, dtype=np.float64)
    scores = Scores(predictions=answer[:, 0].tolist(), quantiles=said)
    metrics = intervals(trained.task, (), truth, scores, seed=problem.seed)
    return replace(
        trained,
        pipeline=pipeline,
        signature=replace(trained.signature, quantiles=tuple(levels)),
        metrics=metrics,
        findings=(*trained.findings, *_told(truth, said, raw, metrics)),
    )


def _told(
    truth: "NDArray[np.float64]", said: Quantiles, raw: Quantiles, metrics: dict[str, Estimate]
) -> list[Finding]:
    if "interval_coverage" not in metrics:
        return []
    low, high = said.levels[0], said.levels[-1]
    message = (
        f"{coverage(truth, said):.0%} of the test rows lie between the quantiles {low:g} and {high:g}, "
        f"which should hold {high - low:.0%}; before calibration it was {coverage(truth, raw):.0%}"
    )
    return [Finding(column="", message=message, kind="quantiles")]


def _shifts(
    problem: Problem, folds: Sequence[Fold], levels: Sequence[float]
) -> "NDArray[np.float64]":
    """Return by level what must be added so that the truth stays below as often as it should."""
    missed: list[NDArray[np.float64]] = []
    for rows, held in folds[:_FOLDS]:
        prepared, matrix = prepare(problem, "tree", rows)
        asked = apply(prepared, "tree", problem.frame.iloc[held]).values
        columns = [_fit(matrix.values, problem, rows, q).predict(asked) for q in levels]
        said = np.sort(np.column_stack(columns), axis=1)
        missed.append(problem.target[held][:, None] - said)
    gaps = np.concatenate(missed)
    return np.array([conformal_gap(gaps[:, at], level) for at, level in enumerate(levels)])


def conformal_gap(gaps: "NDArray[np.float64]", level: float) -> float:
    """Return the rank that a new row's gap has among these, had it been one of them, as a number."""
    count = len(gaps)
    above = level >= 0.5  # noqa: PLR2004
    rank = level * (count + 1) / count if above else (level * (count + 1) - 1) / count
    return float(np.quantile(gaps, min(1.0, max(0.0, rank))))


def _fit(values: Any, problem: Problem, rows: "NDArray[np.int64]", level: float) -> Any:
    from lightgbm import LGBMRegressor

    target, weights = problem.target[rows], problem.weights
    return LGBMRegressor(
        objective="quantile",
        alpha=level,
        n_estimators=_ROUNDS,
        learning_rate=0.05,
        num_leaves=15,
        min_child_samples=max(2, min(20, len(target) // 25)),
        random_state=problem.seed,
        n_jobs=problem.jobs,
        deterministic=True,
        force_row_wise=True,
        verbose=-1,
    ).fit(values, target, sample_weight=None if weights is None else weights[rows])
