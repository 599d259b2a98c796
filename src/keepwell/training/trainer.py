"""From a table to a fitted model with the evidence for it."""

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

import pyarrow as pa

from keepwell.core.progress import Progress, SilentProgress
from keepwell.core.records import Column
from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.training.evaluation import overfit, scores_of, test_metrics
from keepwell.training.framing import Framed, frame_problem
from keepwell.training.importance import importance
from keepwell.training.learners.base import FIRST, installed
from keepwell.training.plots import gallery
from keepwell.training.profiling import training_profile
from keepwell.training.search.budget import Budget
from keepwell.training.search.fitting import Chosen, fit_best
from keepwell.training.search.search import Search
from keepwell.training.tasks import trainer_of
from keepwell.training.tasks.quantiles.bands import LEARNERS, check_quantiles, with_quantiles
from keepwell.training.trained import Finding, Trained

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def train(
    table: pa.Table,
    columns: Sequence[Column],
    data: DataSpec,
    spec: TrainSpec,
    *,
    progress: Progress | None = None,
    weights: "ArrayLike | None" = None,
    test_rows: "ArrayLike | None" = None,
) -> Trained:
    """Train the best model that the budget allows, and measure it on rows that no choice ever saw.

    Args:
        table: The rows.
        columns: What each column means.
        data: Target, key, time, and columns to ignore or keep.
        spec: Task, metric, budget, folds, split.
        progress: Hears how far it is.
        weights: How much each row of the table counts in learning.
        test_rows: Positions (or a mask) of the rows to test on, instead of a split.

    Raises:
        TrainingError: If the target, the rows or the columns cannot be learnt from; says what to do.
    """
    progress = progress or SilentProgress()
    _load_libraries()
    special = trainer_of(data, spec, table)
    if special is not None:
        return special(table, columns, data, spec, progress, test_rows)
    budget = Budget(spec.budget)
    progress.update("looking at the target and the columns")
    framed = frame_problem(table, columns, data, spec, weights, test_rows)
    learners = spec.learners
    if spec.quantiles:
        check_quantiles(spec, framed.division.task)
        learners = LEARNERS
    search = Search(framed.problem, framed.folds, installed(learners), budget, progress)
    chosen = fit_best(framed.problem, search.run(), budget, progress)
    name = chosen.trial.candidate.name
    progress.update(f"measuring {name} on {len(framed.division.test):,} test rows", 0.98)
    trained = _reported(framed, chosen, _sampled(search, framed), budget)
    if not spec.quantiles:
        return trained
    test = framed.frame.iloc[framed.division.test]
    return with_quantiles(trained, framed.problem, framed.folds, test, spec.quantiles)


def _load_libraries() -> None:
    """Load what any training needs, before the budget's clock starts.

    On a cold or busy machine it takes seconds, and says nothing about the data.
    """
    for name in ("pandas", "lightgbm", "sklearn.compose", "sklearn.linear_model"):
        import_module(name)


def _reported(
    framed: Framed, chosen: Chosen, sampled: tuple[Finding, ...], budget: Budget
) -> Trained:
    problem, division = framed.problem, framed.division
    signature, candidate = problem.signature, chosen.trial.candidate
    actual = [division.labels[row] for row in division.test]
    scores = scores_of(chosen.pipeline, framed.frame.iloc[division.test], problem)
    metrics = test_metrics(problem, actual, scores)
    shares = importance(chosen.pipeline, problem)
    leaderboard = tuple(trial.row() for trial in chosen.trials)
    baseline = next((row.mean for row in leaderboard if row.learner == FIRST), None)
    fit = overfit(chosen.pipeline, problem, chosen.trial, baseline, metrics.get(problem.metric))
    warned = (Finding(column="", message=fit.warning, kind="overfit"),) if fit.warning else ()
    rounds = {} if chosen.rounds is None else {"n_estimators": chosen.rounds}
    return Trained(
        task=division.task,
        task_reason=framed.target.reason,
        split_reason=division.reason,
        signature=signature,
        pipeline=chosen.pipeline,
        learner=candidate.learner,
        params=candidate.params | rounds,
        metric=problem.metric,
        metrics=metrics,
        leaderboard=leaderboard,
        importance=shares,
        findings=framed.findings + sampled + warned,
        test_rows=framed.target.rows[division.test],
        test_actual=actual,
        test_predictions=list(scores.predictions),
        test_probabilities=scores.probabilities,
        plots=gallery(signature, actual, scores, shares, leaderboard, problem.metric),
        profile=training_profile(framed.table, division.used, signature, scores),
        overfit=fit,
        seconds=budget.spent,
    )


def _sampled(search: Search, framed: Framed) -> tuple[Finding, ...]:
    if search.sampled is None:
        return ()
    message = (
        f"candidates were compared on {search.sampled:,} of {framed.problem.rows:,} rows, drawn at "
        "random; the chosen one was fitted to all of them"
    )
    return (Finding(column="", message=message, kind="search"),)
