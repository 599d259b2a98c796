"""From a table to clusters, with the evidence for them."""

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.errors import TrainingError
from keepwell.core.progress import Progress
from keepwell.core.records import Column, Task
from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.features.origins import sources
from keepwell.features.preparation import preparation
from keepwell.tracking.metrics import Scores, intervals
from keepwell.tracking.metrics.catalog import check_metric, default_metric
from keepwell.training.importance import shares
from keepwell.training.plots.tables import candidates as candidates_plot
from keepwell.training.plots.tables import importances
from keepwell.training.profiling import training_profile
from keepwell.training.search.budget import Budget
from keepwell.training.search.jobs import ran_out
from keepwell.training.tasks import Given
from keepwell.training.tasks.clustering.bench import Trial
from keepwell.training.tasks.clustering.choosing import STEADY, Choice, Judged, choose
from keepwell.training.tasks.clustering.exam import cluster_exam, dense
from keepwell.training.tasks.clustering.plots import sizes
from keepwell.training.tasks.clustering.words import descriptions
from keepwell.training.tasks.declared import must_apply
from keepwell.training.tasks.unlabelled import Rows, frame_rows
from keepwell.training.trained import Finding, Overfit, Trained

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MORE = "raise `budget:` or `memory:` under `train:`, or load fewer rows"
_CLEAR = 0.2  # silhouette; below, clusters run into each other


def train_clusters(
    table: pa.Table,
    columns: Sequence[Column],
    data: DataSpec,
    spec: TrainSpec,
    progress: Progress,
    given: Given,
) -> Trained:
    """Find clusters, and measure them on rows that they were not found in.

    Raises:
        TrainingError: If there is nothing to tell apart; says what to do.
    """
    from sklearn.pipeline import Pipeline

    for name in ("cluster", "mixture", "naive_bayes", "discriminant_analysis", "neighbors"):
        import_module(f"sklearn.{name}")  # on a busy machine it takes seconds of nobody's budget
    must_apply(given.features, spec, Task.CLUSTERING)
    budget = Budget(spec.budget)
    metric = check_metric(spec.metric or default_metric(Task.CLUSTERING), Task.CLUSTERING)
    chooser = metric if metric in ("calinski_harabasz", "davies_bouldin") else "silhouette"
    rows = frame_rows(Task.CLUSTERING, table, columns, data, spec, given)
    frame = rows.frame.iloc[rows.used]
    prepared = preparation(rows.signature, "linear", features=rows.features, for_distances=True)
    values = dense(prepared.fit_transform(frame))
    _must_vary(values)
    trial = Trial(values=values, metric=chooser, seed=spec.seed)
    choice = choose(trial, spec.clusters, given.memory, budget, progress, given.store)
    model = choice.model
    if model is None or choice.best is None:
        raise _nothing(spec, choice)
    codes = model.predict(values)
    count = len(model.classes_)
    words = descriptions(rows.signature, frame, codes, count)
    labels = tuple(range(1, count + 1))
    rows = replace(rows, signature=replace(rows.signature, classes=labels, meanings=words))
    return _reported(
        table, data, rows, Pipeline([("prepare", prepared), ("model", model)]),
        choice, choice.best, metric,
        _shares(prepared, values, codes, rows), spec, budget,
    )  # fmt: skip


def _nothing(spec: TrainSpec, choice: Choice) -> TrainingError:
    wanted = f"{spec.clusters} clusters" if spec.clusters else "clusters"
    why = choice.missed or choice.why
    if choice.missed:
        return TrainingError(
            f"the {wanted} that were found could not be fitted to all rows",
            why=f"the best of them: {why}",
            now=_MORE if ran_out(why) else "give columns that differ between the kinds of rows",
        )
    if ran_out(why):
        return TrainingError(
            f"no {wanted} were found in the time and memory that there were",
            why=f"the first way of clustering: {why}",
            now=_MORE,
        )
    return TrainingError(
        f"no {wanted} were found",
        why="every way of clustering put all rows into one, or failed"
        + (f"; the first one: {why}" if why else ""),
        now="give columns that differ between the kinds of rows that you expect"
        + (", or remove `clusters:` under `train:`" if spec.clusters else ""),
    )


def _must_vary(values: "NDArray[np.float64]") -> None:
    distinct = len(np.unique(values, axis=0))
    if distinct < 3:  # noqa: PLR2004 (two kinds of rows are told apart by looking)
        raise TrainingError(
            f"the rows that can be learnt from are of {distinct} kind{'s' if distinct > 1 else ''}",
            why="all others are copies of them, so there is nothing to group",
            now="load rows that differ, or bring columns back with `keep:` under `data:`",
        )


def _shares(
    prepared: Any, values: "NDArray[np.float64]", codes: "NDArray[np.int64]", rows: Rows
) -> dict[str, float]:
    """Return by input how much of what separates the clusters lies in it."""
    middles = np.array([values[codes == one].mean(axis=0) for one in np.unique(codes)])
    counts = np.unique(codes, return_counts=True)[1]
    between = (counts[:, None] * (middles - values.mean(axis=0)) ** 2).sum(axis=0)
    inputs = [field.name for field in rows.signature.inputs]
    return shares(inputs, sources(prepared), between)


def _reported(  # noqa: PLR0913, PLR0917 (the parts of what is reported)
    table: pa.Table,
    data: DataSpec,
    rows: Rows,
    pipeline: Any,
    choice: Choice,
    best: Judged,
    metric: str,
    shares: dict[str, float],
    spec: TrainSpec,
    budget: Budget,
) -> Trained:
    signature = rows.signature
    test = table.take(pa.array(rows.test))
    scores = _scores(pipeline, rows, rows.test)
    exam = cluster_exam(signature, test, data)
    asked = scores
    if len(exam.actual) != len(rows.test):  # distances between all would not fit into memory
        drawn = np.sort(np.random.default_rng(0).permutation(len(rows.test))[: len(exam.actual)])
        asked = _scores(pipeline, rows, rows.test[drawn])
    metrics = intervals(Task.CLUSTERING, signature.classes, exam.actual, asked, seed=spec.seed)
    leaderboard = choice.leaderboard
    learner = leaderboard[0].learner
    told = scores.predictions
    return Trained(
        task=Task.CLUSTERING,
        task_reason=rows.reason,
        split_reason=rows.split_reason,
        signature=signature,
        pipeline=pipeline,
        learner=learner,
        params=leaderboard[0].params | {"clusters": len(signature.classes)},
        metric=metric if metric in metrics else "silhouette",
        metrics=metrics,
        leaderboard=leaderboard,
        importance=shares,
        findings=(*rows.findings, *_findings(rows, best), *choice.findings),
        test_rows=rows.test,
        test_actual=[None] * len(rows.test),
        test_predictions=list(told),
        test_probabilities=scores.probabilities,
        plots={
            "clusters": sizes(list(told), signature),
            "importance": importances(shares),
            "cross_validation": candidates_plot(leaderboard, metric),
        },
        profile=training_profile(table, rows.used, signature, scores),
        overfit=Overfit(
            metric=metric,
            train=None,
            validation=leaderboard[0].mean,
            test=metrics[metric].value if metric in metrics else None,
        ),
        seconds=budget.spent,
        features=rows.report(pipeline, metric),
    )


def _scores(pipeline: Any, rows: Rows, wanted: "NDArray[np.int64]") -> Scores:
    chances = np.asarray(pipeline.predict_proba(rows.frame.iloc[wanted]), dtype=np.float64)
    classes = rows.signature.classes
    return Scores(predictions=[classes[at] for at in chances.argmax(axis=1)], probabilities=chances)


def _findings(rows: Rows, best: Judged) -> list[Finding]:
    found = [
        Finding(column="", message=f"cluster {label}, {words}", kind="cluster")
        for label, words in zip(rows.signature.classes, rows.signature.meanings, strict=True)
    ]
    silhouette = best.attempt.mean or 0.0
    if not best.steady:
        message = (
            f"other rows gave other clusters (stability {best.stability or 0:.2f}, {STEADY} is steady): "
            "take these as one way of many to group the rows"
        )
        found.append(Finding(column="", message=message, kind="cluster"))
    elif silhouette < _CLEAR:
        message = (
            f"the clusters run into each other (silhouette {silhouette:.2f}; from {_CLEAR} on they are "
            "apart): the rows are rather one cloud"
        )
        found.append(Finding(column="", message=message, kind="cluster"))
    return found
