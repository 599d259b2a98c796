"""From a table to a detector of odd rows, with the evidence for it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.errors import TrainingError
from keepwell.core.progress import Progress
from keepwell.core.records import Column, Task
from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.features.decoding import Decoder
from keepwell.features.origins import sources
from keepwell.features.preparation import preparation
from keepwell.tracking.metrics import Scores, intervals
from keepwell.tracking.metrics.catalog import check_metric
from keepwell.training.importance import shares
from keepwell.training.plots.figure import figure
from keepwell.training.plots.tables import candidates as candidates_plot
from keepwell.training.plots.tables import importances
from keepwell.training.profiling import training_profile
from keepwell.training.search.budget import Budget
from keepwell.training.tasks import Given
from keepwell.training.tasks.anomaly.bench import Trial
from keepwell.training.tasks.anomaly.choosing import Choice, choose
from keepwell.training.tasks.anomaly.exam import known_odd, oddity_exam
from keepwell.training.tasks.clustering.exam import dense
from keepwell.training.tasks.declared import must_apply
from keepwell.training.tasks.unlabelled import Rows, frame_rows
from keepwell.training.trained import Finding, Overfit, Trained

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLASSES = ("normal", "anomaly")
_LEAST, _MOST = 0.001, 0.1
_FAR = 3.0  # robust standard deviations, for the estimated share of odd rows
_MAD = 1.4826


def train_detector(
    table: pa.Table,
    columns: Sequence[Column],
    data: DataSpec,
    spec: TrainSpec,
    progress: Progress,
    given: Given,
) -> Trained:
    """Learn what is usual, and measure how well odd rows are told on rows that were not learnt from.

    Raises:
        TrainingError: If the rows do not vary, or the labels call every row odd; says what to do.
    """
    must_apply(given.features, spec, Task.ANOMALY)
    budget = Budget(spec.budget)
    rows = frame_rows(Task.ANOMALY, table, columns, data, spec, given)
    rows = replace(rows, signature=replace(rows.signature, classes=CLASSES))
    used = table.take(pa.array(rows.used))
    share, why = _contamination(used, rows, data, spec)
    needed = [one.name for one in rows.signature.inputs] + ([data.labels] if data.labels else [])
    trial = Trial(
        table=used.select(needed), signature=rows.signature, data=data, metric=_metric(used, data, spec),
        contamination=share, seed=spec.seed, features=rows.features,
    )  # fmt: skip
    choice = choose(trial, given.memory, budget, progress, given.store)
    prepared, model = (choice.pipeline.named_steps[name] for name in ("prepare", "model"))
    values = dense(prepared.transform(rows.frame.iloc[rows.used]))
    shares = _shares(prepared, values, model.predict_proba(values)[:, 1] > 0.5, rows)  # noqa: PLR2004
    return _reported(table, data, rows, choice, shares, (share, why), spec, budget)


def _metric(used: pa.Table, data: DataSpec, spec: TrainSpec) -> str:
    if spec.metric:
        return check_metric(spec.metric, Task.ANOMALY)
    known = known_odd(used[data.labels]) if data.labels else np.empty(0)
    both = (known == 1).any() and (known == 0).any()
    return "average_precision" if both else "made_auc"


def _contamination(
    used: pa.Table, rows: Rows, data: DataSpec, spec: TrainSpec
) -> tuple[float, str]:
    """Return the share of odd rows, and how it was found."""
    if spec.contamination is not None:
        return spec.contamination, "`contamination:` is set under `train:`"
    if data.labels:
        known = known_odd(used[data.labels])
        share = float(np.nanmean(known)) if np.isfinite(known).any() else 0.0
        if share > 0.5:  # noqa: PLR2004
            raise TrainingError(
                f"'{data.labels}' calls {share:.0%} of the rows odd",
                why="what is odd is rare: most rows must be usual",
                now="turn the labels round, or predict that column: `target:` in place of `labels:`",
            )
        if share > 0:
            return share, f"so many are odd by '{data.labels}'"
    from keepwell.features.oddity import tails

    prepared = preparation(rows.signature, "linear", features=rows.features, for_distances=True)
    values = dense(prepared.fit_transform(rows.frame.iloc[rows.used]))
    if not np.ptp(values, axis=0).any():
        raise TrainingError(
            "the rows are all the same",
            why="nothing is odd among copies",
            now="load rows that differ, or bring columns back with `keep:` under `data:`",
        )
    scores = tails.scores(tails.fit(values, spec.seed), values)
    middle = float(np.median(scores))
    spread = _MAD * float(np.median(np.abs(scores - middle)))
    share = float(np.mean(scores > middle + _FAR * spread)) if spread else 0.0
    why = f"so many are {_FAR:g} robust standard deviations beyond the usual row"
    return float(np.clip(share, _LEAST, _MOST)), why


def _shares(
    prepared: Any, values: "NDArray[np.float64]", odd: "NDArray[np.bool_]", rows: Rows
) -> dict[str, float]:
    """Return by input how much of what sets odd rows apart lies in it."""
    spread = np.maximum(values.std(axis=0), 1e-12)
    apart = np.abs((values[odd] - np.median(values, axis=0)) / spread)
    means = apart.mean(axis=0) if odd.any() else np.zeros(values.shape[1])
    inputs = [field.name for field in rows.signature.inputs]
    return shares(inputs, sources(prepared), means)


def _reported(  # noqa: PLR0913, PLR0917 (the parts of what is reported)
    table: pa.Table,
    data: DataSpec,
    rows: Rows,
    choice: Choice,
    shares: dict[str, float],
    contamination: tuple[float, str],
    spec: TrainSpec,
    budget: Budget,
) -> Trained:
    signature, pipeline = rows.signature, choice.pipeline
    scores = _scores(pipeline, rows.frame.iloc[rows.test])
    exam = oddity_exam(signature, table.take(pa.array(rows.test)), data)
    asked = _scores(pipeline, Decoder(signature, lenient=True).table(exam.table))
    metrics = intervals(Task.ANOMALY, CLASSES, exam.actual, asked, seed=spec.seed)
    share, why = contamination
    told = f"rows are flagged as the oddest {share:.2%} of the training rows would be: {why}"
    best = choice.leaderboard[0]
    metric = choice.metric if choice.metric in metrics else "made_auc"
    return Trained(
        task=Task.ANOMALY,
        task_reason=rows.reason,
        split_reason=rows.split_reason,
        signature=signature,
        pipeline=pipeline,
        learner=choice.detector,
        params=best.params | {"contamination": share},
        metric=metric,
        metrics=metrics,
        leaderboard=choice.leaderboard,
        importance=shares,
        findings=(
            *rows.findings,
            Finding(column="", message=told, kind="contamination"),
            *choice.findings,
        ),
        test_rows=rows.test,
        test_actual=[None] * len(rows.test),
        test_predictions=list(scores.predictions),
        test_probabilities=scores.probabilities,
        plots={
            "oddness": _histogram(scores),
            "importance": importances(shares),
            "cross_validation": candidates_plot(choice.leaderboard, choice.metric),
        },
        profile=training_profile(table, rows.used, signature, scores),
        overfit=Overfit(
            metric=metric, train=None, validation=best.mean, test=metrics[metric].value
        ),
        seconds=budget.spent,
        features=rows.report(pipeline, metric),
    )


def _scores(pipeline: Any, frame: Any) -> Scores:
    chances = np.asarray(pipeline.predict_proba(frame), dtype=np.float64)
    labels = [CLASSES[at] for at in chances.argmax(axis=1)]
    return Scores(predictions=labels, probabilities=chances)


def _histogram(scores: Scores) -> dict[str, Any]:
    odd = np.asarray(scores.probabilities)[:, 1]
    counts, edges = np.histogram(odd, bins=40, range=(0.0, 1.0))
    bars = {"type": "bar", "x": ((edges[1:] + edges[:-1]) / 2).tolist(), "y": counts.tolist()}
    return figure("How odd the test rows are", "score; flagged above 0.5", "rows", [bars])
