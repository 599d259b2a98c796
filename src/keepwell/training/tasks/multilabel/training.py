"""From a table to a bank of classifiers, one a label, with the evidence for it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.errors import TrainingError
from keepwell.core.progress import Progress
from keepwell.core.records import Column, Signature, Task
from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.features.decoding import Decoder
from keepwell.features.origins import origins
from keepwell.features.signature import infer_signature
from keepwell.tracking.metrics import Scores, intervals
from keepwell.tracking.metrics.catalog import check_metric, default_metric
from keepwell.tracking.metrics.multilabel import indicators
from keepwell.training.engineering.declared import checked
from keepwell.training.engineering.fitted import fitted_steps
from keepwell.training.engineering.report import FeatureReport
from keepwell.training.guards.guarding import guard_unlabelled
from keepwell.training.learners import installed
from keepwell.training.plots.tables import candidates as candidates_plot
from keepwell.training.plots.tables import importances
from keepwell.training.problem import Problem
from keepwell.training.profiling import training_profile
from keepwell.training.search.budget import Budget
from keepwell.training.splits.planning import plan_split
from keepwell.training.splits.plans import Plan, folds
from keepwell.training.splits.plans import test_rows as drawn
from keepwell.training.tasks import Given
from keepwell.training.tasks.comparing import Attempt
from keepwell.training.tasks.declared import must_apply
from keepwell.training.tasks.multilabel.bench import HALF, Trial
from keepwell.training.tasks.multilabel.comparing import Comparison, open_labels
from keepwell.training.tasks.multilabel.reading import Sets, read_sets
from keepwell.training.threads import threads_for
from keepwell.training.trained import Finding, Overfit, Trained

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FOLDS = 3


def train_labels(
    table: pa.Table,
    columns: Sequence[Column],
    data: DataSpec,
    spec: TrainSpec,
    progress: Progress,
    given: Given,
) -> Trained:
    """Learn which labels apply, and measure it on rows that no choice saw.

    Raises:
        TrainingError: If no two labels can be learnt; says what to do.
    """
    must_apply(given.features, spec, Task.MULTILABEL)
    budget = Budget(spec.budget)
    read = read_sets(table, columns, data)
    rows = table.take(pa.array(read.rows))
    guarded = guard_unlabelled(rows, columns, data, without=(data.target, *data.targets))
    signature = infer_signature(
        rows, columns, guarded.inputs, data.target, Task.MULTILABEL, read.classes
    )
    features, declared = checked(given.features, signature, [column.name for column in columns])
    plan, test = _test(rows, columns, data, spec, read, given, table.num_rows)
    used = np.setdiff1d(np.arange(len(read.sets)), test)
    frame = Decoder(signature).table(rows)
    flags = indicators(read.sets, read.classes)
    metric = check_metric(spec.metric or default_metric(Task.MULTILABEL), Task.MULTILABEL)
    weights = None if given.weights is None else np.asarray(given.weights, dtype=np.float64)
    problem = Problem(
        signature=replace(signature, task=Task.BINARY, classes=(0, 1)), frame=frame.iloc[used],
        target=flags[used].astype(np.int64),
        weights=None if weights is None else weights[read.rows][used],
        metric="log_loss", seed=spec.seed, jobs=threads_for(len(used), len(guarded.inputs)),
        features=features,
    )  # fmt: skip
    trial = Trial(
        problem=problem, folds=folds(plan, used, _FOLDS, spec.seed),
        learners=dict(installed(spec.learners)), metric=metric,
    )  # fmt: skip
    runner = open_labels(trial, given.memory, spec.budget)
    try:
        comparison = Comparison(trial, runner, budget, progress, given.store)
        tried = comparison.run()
        best, pipeline = comparison.fitted(tried)
    finally:
        runner.close()
    tried = [best, *(one for one in tried if one is not best)]
    found = (*guarded.findings, *declared, *comparison.findings(best))
    trained = _reported(
        rows, read, signature, pipeline, tried, metric, found, (used, test), plan, spec, budget
    )
    fitted = fitted_steps(pipeline.named_steps["prepare"], features.derive)
    return replace(trained, features=FeatureReport(metric=metric, features=features, fitted=fitted))


def _test(
    rows: pa.Table,
    columns: Sequence[Column],
    data: DataSpec,
    spec: TrainSpec,
    read: Sets,
    given: Given,
    whole: int,
) -> "tuple[Plan, NDArray[np.int64]]":
    """Return how the rows are divided, and which of them are the test."""
    count = len(read.sets)
    if spec.split.by == "stratified":
        raise TrainingError(
            "a split by class needs one class a row, and a row may have several labels",
            why="`by: stratified` is set under `train: split:`",
            now="set `by: random`, or remove the line",
        )
    # Numbers in place of sets: rows are drawn at random where neither a time nor a group decides.
    plan = plan_split(rows, columns, data, spec.split, Task.REGRESSION, np.zeros(count))
    if given.test_rows is not None:
        chosen = np.zeros(whole, dtype=bool)
        chosen[np.asarray(given.test_rows)] = True
        plan = replace(plan, reason="the test rows were handed in")
        return plan, np.flatnonzero(chosen[read.rows])
    return plan, drawn(plan, count, spec.split.test, spec.seed)


def _reported(  # noqa: PLR0913, PLR0917 (the parts of what is reported)
    rows: pa.Table,
    read: Sets,
    signature: Signature,
    pipeline: Any,
    tried: list[Attempt],
    metric: str,
    findings: tuple[Finding, ...],
    parts: "tuple[NDArray[np.int64], NDArray[np.int64]]",
    plan: Plan,
    spec: TrainSpec,
    budget: Budget,
) -> Trained:
    used, test = parts
    frame = Decoder(signature).table(rows)
    chances = np.asarray(pipeline.predict_proba(frame.iloc[test]), dtype=np.float64)
    said = [[signature.classes[at] for at in np.flatnonzero(row >= HALF)] for row in chances]
    scores = Scores(predictions=said, probabilities=chances)
    actual = [read.sets[at] for at in test]
    metrics = intervals(Task.MULTILABEL, signature.classes, actual, scores, seed=spec.seed)
    leaderboard = tuple(one.row() for one in tried)
    shares = _shares(pipeline, signature)
    task = f"{read.reason}, of which a row may have several: the task is multilabel"
    split = f"{len(test):,} of {len(read.sets):,} rows are for the test: {plan.reason}"
    told = (
        Finding(column=signature.target, message=task, kind="task"),
        Finding(column="", message=split, kind="split"),
        *read.findings,
        *findings,
    )
    return Trained(
        task=Task.MULTILABEL, task_reason=read.reason, split_reason=plan.reason,
        signature=signature, pipeline=pipeline, learner=tried[0].candidate.learner,
        params=tried[0].candidate.params, metric=metric, metrics=metrics, leaderboard=leaderboard,
        importance=shares, findings=told, test_rows=read.rows[test], test_actual=actual,
        test_predictions=said, test_probabilities=chances,
        plots={
            "importance": importances(shares),
            "cross_validation": candidates_plot(leaderboard, metric),
        },
        profile=training_profile(rows, used, signature, scores),
        overfit=Overfit(
            metric=metric, train=None, validation=leaderboard[0].mean, test=metrics[metric].value
        ),
        seconds=budget.spent,
    )  # fmt: skip


def _shares(pipeline: Any, signature: Signature) -> dict[str, float]:
    """Return the share of every input, mean over the labels."""
    prepared, bank = pipeline.named_steps["prepare"], pipeline.named_steps["model"]
    totals = dict.fromkeys((field.name for field in signature.inputs), 0.0)
    names = origins(prepared)
    for member in bank.members:
        if hasattr(member, "booster_"):
            strengths = np.asarray(member.booster_.feature_importance("gain"), dtype=np.float64)
        elif hasattr(member, "coef_"):
            strengths = np.abs(np.atleast_2d(member.coef_)).sum(axis=0)
        else:
            continue
        whole = strengths.sum() or 1.0
        for name, strength in zip(names, strengths.tolist(), strict=True):
            totals[name] += float(strength / whole / len(bank.members))
    return dict(sorted(totals.items(), key=lambda item: -item[1]))
