"""From a table to a forecast, with the evidence for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.errors import TrainingError
from keepwell.core.progress import Progress
from keepwell.core.records import Column, ColumnType, Estimate, Field, Signature, Task
from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.core.suggestions import did_you_mean
from keepwell.features.decoding import Decoder
from keepwell.features.forecasting import Outlook, Settings
from keepwell.features.forecasting.forecaster import Forecaster
from keepwell.features.forecasting.outlook import banded
from keepwell.features.signature import infer_signature
from keepwell.tracking.metrics import Scores, direction, intervals
from keepwell.tracking.metrics.catalog import check_metric, default_metric
from keepwell.tracking.metrics.quantile import Quantiles
from keepwell.training.plots.tables import candidates as candidates_plot
from keepwell.training.plots.tables import importances
from keepwell.training.profiling import training_profile
from keepwell.training.search.budget import Budget
from keepwell.training.targets import read_target
from keepwell.training.tasks import Given
from keepwell.training.tasks.comparing import Attempt
from keepwell.training.tasks.declared import must_apply
from keepwell.training.tasks.forecast.backtest import Comparison, base_of, open_backtest, row_of
from keepwell.training.tasks.forecast.bands import USUAL, Errors, shifts_of, told
from keepwell.training.tasks.forecast.bench import Trial, answers
from keepwell.training.tasks.forecast.candidates import NAIVE, Lessons
from keepwell.training.tasks.forecast.plan import Plan, plan_backtest
from keepwell.training.tasks.forecast.plots import backtest
from keepwell.training.tasks.forecast.series import Series, read_series
from keepwell.training.threads import threads_for
from keepwell.training.trained import Finding, Overfit, Trained

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_KNOWN = (ColumnType.NUMBER, ColumnType.INTEGER, ColumnType.BOOLEAN, ColumnType.CATEGORY)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Framed:
    """Everything that is known before anything is fitted."""

    table: pa.Table
    rows: "NDArray[np.int64]"  # of the table that was handed in
    series: Series
    plan: Plan
    signature: Signature
    trial: Trial
    findings: tuple[Finding, ...]


def train_forecast(
    table: pa.Table,
    columns: Sequence[Column],
    data: DataSpec,
    spec: TrainSpec,
    progress: Progress,
    given: Given,
) -> Trained:
    """Learn to forecast, and measure it on the steps after those that it was learnt from.

    Raises:
        TrainingError: If the rows are no series at equal steps, or too few; says what to do.
    """
    must_apply(given.features, spec, Task.FORECAST)
    budget = Budget(spec.budget)
    progress.update("looking at the times and the series")
    framed = _frame(table, columns, data, spec, given.test_rows)
    trial = framed.trial
    runner = open_backtest(trial, given.memory, spec.budget)
    try:
        comparison = Comparison(trial, runner, budget, progress, given.store)
        tried = comparison.run()
        if not tried[0].scores:
            raise TrainingError(
                f"no forecast could be measured by {trial.metric}",
                why=tried[0].note or "the steps held out hold no values",
                now="load more rows, or set another `metric:` under `train:`",
            )
        best, model = comparison.fitted(tried)
    finally:
        runner.close()
    tried = [best, *(one for one in tried if one is not best)]
    framed = replace(framed, findings=(*framed.findings, *comparison.findings(best)))
    errors = comparison.errors(best)
    settings = replace(trial.settings, base=base_of(best))
    outlook = Outlook(settings, trial.values)
    names = [field.name for field in framed.signature.inputs]
    levels = spec.quantiles or USUAL
    shifts = shifts_of(errors, levels, framed.plan.horizon)
    pipeline = Forecaster.of(settings, trial.values, model, names, shifts)
    framed = replace(framed, signature=replace(framed.signature, quantiles=tuple(levels)))
    return _reported(framed, outlook, pipeline, tried, errors, budget, spec)


def _frame(
    table: pa.Table,
    columns: Sequence[Column],
    data: DataSpec,
    spec: TrainSpec,
    test_rows: "ArrayLike | None",
) -> _Framed:
    metric = check_metric(spec.metric or default_metric(Task.FORECAST), Task.FORECAST)
    target = read_target(table, columns, data.target, Task.REGRESSION)
    usable = table if len(target.rows) == table.num_rows else table.take(target.rows)
    series = read_series(usable, columns, data, target.values)
    anchor = None
    if test_rows is not None:
        chosen = np.zeros(table.num_rows, dtype=bool)
        chosen[np.asarray(test_rows)] = True
        tested = series.step[chosen[target.rows]]
        anchor = int(tested.min()) if len(tested) else None
    plan = plan_backtest(series, spec, anchor)
    signature = _signature(usable, columns, data, spec, series, plan)
    frame = Decoder(signature, lenient=True).table(usable)
    labels = tuple(
        tuple(dict.fromkeys(v for v in frame[name] if v is not None))
        if frame[name].dtype == object
        else None
        for name in spec.known
    )
    settings = Settings(
        grid=series.grid, horizon=plan.horizon, anchor=plan.anchor, season=plan.season,
        seasons=plan.seasons, series=series.names, labels=labels,
    )  # fmt: skip
    known = tuple(frame[name].to_numpy() for name in spec.known)
    lessons = Lessons(rows=series.row, steps=series.step, actual=target.values, known=known)
    trial = Trial(
        settings=settings,
        values=series.values,
        lessons=lessons,
        plan=plan,
        metric=metric,
        seed=spec.seed,
        jobs=threads_for(len(target.rows), 20),
        learners=tuple(item if isinstance(item, str) else item.name for item in spec.learners),
    )
    return _Framed(
        table=usable,
        rows=target.rows,
        series=series,
        plan=plan,
        signature=signature,
        trial=trial,
        findings=(*_decisions(series, plan, columns, data, spec), *target.findings),
    )


def _signature(
    table: pa.Table,
    columns: Sequence[Column],
    data: DataSpec,
    spec: TrainSpec,
    series: Series,
    plan: Plan,
) -> Signature:
    kinds = {column.name: column.type for column in columns}
    for name in spec.known:
        if name not in kinds or kinds[name] not in _KNOWN or name == data.target:
            found = (
                "it is what is forecast" if name == data.target
                else f"it is a {kinds[name].value}" if name in kinds
                else "there is no such column"
            )  # fmt: skip
            raise TrainingError(
                f"'{name}' cannot be a column that is known beforehand: {found}",
                why="`known:` under `train:` lists columns of numbers, labels, or true and false",
                now=("" if name in kinds else did_you_mean(name, kinds)) or "take it off the list",
            )
    after = series.grid.said(int(series.step.max()) + 1)
    inputs = [Field(name=series.time, type=ColumnType.DATETIME, required=True, example=after)]
    if series.names:
        inputs.append(
            Field(
                name=data.key,
                type=ColumnType.CATEGORY,
                required=True,
                categories=series.names[:50],
                example=series.names[int(series.row[int(series.step.argmax())])],
            )
        )
    known = infer_signature(table, columns, spec.known, data.target, Task.FORECAST)
    return Signature(
        task=Task.FORECAST, target=data.target, inputs=(*inputs, *known.inputs), classes=()
    )


def _decisions(
    series: Series, plan: Plan, columns: Sequence[Column], data: DataSpec, spec: TrainSpec
) -> list[Finding]:
    grid, steps = series.grid, series.values.shape[1]
    several = f"{len(series.names):,} series by '{data.key}', " if series.names else ""
    task = f"{several}{steps:,} steps of one {grid.name}: the task is forecast, as `task:` says"
    cycle = f"the cycle of {plan.season} steps" if plan.season > 1 else "no cycle, the last value"
    split = (
        f"the steps from {grid.said(plan.anchor)} on are the test, forecast {plan.horizon} at a time; "
        f"{len(plan.cuts)} stretches before it were held out in turn to choose by"
    )
    found = [
        Finding(column=data.target, message=task, kind="task", columns=(data.target,)),
        Finding(column="", message=f"the horizon is {plan.reason}", kind="task"),
        Finding(column="", message=f"the naive forecast repeats {cycle}", kind="task"),
        Finding(column="", message=split, kind="split"),
    ]
    used = {data.target, series.time, data.key, *spec.known, *data.ignore}
    left = tuple(column.name for column in columns if column.name not in used)
    if left:
        message = (
            f"{', '.join(left)} left out: later values are not known when a forecast is asked for; "
            "`known: [NAME]` under `train:` says which are"
        )
        found.append(
            Finding(
                column=", ".join(left), message=message, kind="forecast", dropped=True, columns=left
            )
        )
    return found


def _reported(
    framed: _Framed,
    outlook: Outlook,
    pipeline: Forecaster,
    tried: list[Attempt],
    errors: list[Errors],
    budget: Budget,
    spec: TrainSpec,
) -> Trained:
    trial, plan, best = framed.trial, framed.plan, tried[0]
    tested = trial.lessons.steps >= plan.anchor
    asked = trial.lessons.of(tested)
    answer, scale = answers(outlook, asked, pipeline.model_)
    levels, ahead = framed.signature.quantiles, (asked.steps - plan.anchor) % plan.horizon + 1
    bands = banded(answer, scale, ahead, pipeline.shifts_)
    naive, _ = answers(Outlook(trial.settings, trial.values), asked, None)
    said = Quantiles(levels=levels, values=bands)
    scores = Scores(predictions=answer.tolist(), quantiles=said)
    metrics = intervals(Task.FORECAST, (), asked.actual.tolist(), scores, seed=spec.seed)
    metrics["mase"] = Estimate(value=_mase(trial, asked, answer))
    held = metrics.get("interval_coverage")
    words = told(levels, errors, plan.horizon, None if held is None else held.value)
    used = np.flatnonzero(~tested)
    leaderboard = tuple(row_of(attempt) for attempt in tried)
    shares = _shares(framed, outlook, pipeline.model_)
    mine = asked.rows == int(np.bincount(asked.rows).argmax())
    name = framed.series.names[int(asked.rows[mine][0])] if framed.series.names else ""
    inputs = [f for f in framed.signature.inputs if f.type is not ColumnType.DATETIME]
    watched = replace(framed.signature, inputs=tuple(inputs))  # time moves on: that is no drift
    validation = leaderboard[0].mean
    return Trained(
        task=Task.FORECAST,
        task_reason="`task: forecast` is set under `train:`",
        split_reason="the latest steps are the test",
        signature=framed.signature,
        pipeline=pipeline,
        learner=NAIVE if best.first else best.candidate.learner,
        params=best.candidate.params | {"base": base_of(best), "horizon": plan.horizon},
        metric=trial.metric,
        metrics=metrics,
        leaderboard=leaderboard,
        importance=shares,
        findings=(
            *framed.findings, *_verdict(trial.metric, asked, answer, naive, best),
            Finding(column="", message=words, kind="quantiles"),
        ),
        test_rows=framed.rows[tested],
        test_actual=asked.actual.tolist(),
        test_predictions=answer.tolist(),
        test_probabilities=None,
        plots={
            "backtest": backtest(
                framed.series.grid, asked.steps[mine], asked.actual[mine], answer[mine],
                naive[mine], bands[mine][:, [0, -1]], levels, name,
            ),
            "importance": importances(shares),
            "cross_validation": candidates_plot(leaderboard, trial.metric),
        },
        profile=training_profile(framed.table, used, watched, scores),
        overfit=Overfit(
            metric=trial.metric,
            train=None,
            validation=validation,
            test=metrics[trial.metric].value if trial.metric in metrics else None,
        ),
        seconds=budget.spent,
    )  # fmt: skip


def _mase(trial: Trial, asked: Lessons, answer: "NDArray[np.float64]") -> float:
    """Return the mean error as a share of the naive forecast's one cycle ahead, before the test."""
    known, season = trial.values[:, : trial.settings.anchor], trial.settings.season
    apart = np.abs(known[:, season:] - known[:, :-season])
    usual = np.array([_present_mean(row) for row in apart])
    shares = np.abs(asked.actual - answer) / usual[asked.rows]
    return float(np.mean(shares))


def _present_mean(values: "NDArray[np.float64]") -> float:
    known = values[np.isfinite(values)]
    return (float(known.mean()) if len(known) else 0.0) or 1.0


def _verdict(metric: str, asked: Lessons, answer: Any, naive: Any, best: Attempt) -> list[Finding]:
    from keepwell.tracking.metrics import measure

    own, theirs = (
        measure(Task.FORECAST, (), asked.actual, said).get(metric) for said in (answer, naive)
    )
    if own is None or theirs is None:
        return []
    message = f"on the test, {metric} is {own:.4g}; the seasonal-naive forecast has {theirs:.4g}"
    if best.first or direction(metric) * (own - theirs) <= 0:
        message += ": nothing is gained over repeating what was"
    return [Finding(column="", message=message, kind="forecast")]


def _shares(framed: _Framed, outlook: Outlook, model: Any) -> dict[str, float]:
    """Return by input how much the model goes by it; what was before belongs to the time."""
    inputs = [field.name for field in framed.signature.inputs]
    owners = [inputs[0]] * (len(outlook.names) - 1)
    owners += [
        inputs[1] if framed.series.names else inputs[0],
        *inputs[-len(framed.trial.lessons.known) :],
    ]
    totals = dict.fromkeys(inputs, 0.0)
    if model is None:
        return totals | {inputs[0]: 1.0}
    strengths = (
        model.booster_.feature_importance("gain")
        if hasattr(model, "booster_")
        else np.abs(model.coef_)
    )
    for name, strength in zip(owners, strengths.tolist(), strict=False):
        totals[name] += float(strength)
    whole = sum(totals.values()) or 1.0
    return {name: total / whole for name, total in sorted(totals.items(), key=lambda x: -x[1])}
