"""From a table to a fitted model with the evidence for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from keepwell.core.features import AS_USUAL, FeaturesSpec
from keepwell.core.progress import Progress, SilentProgress
from keepwell.core.records import Column
from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.tracking.metrics import direction
from keepwell.training.afterwards import Afterwards, Following, affordable
from keepwell.training.doubt import by_chance
from keepwell.training.engineering.effects import EFFECT_ROWS, column_effects, step_effects
from keepwell.training.engineering.fitted import fitted_steps
from keepwell.training.engineering.labels import signed
from keepwell.training.engineering.report import FeatureReport, Made
from keepwell.training.engineering.selection import FEWEST_ROWS, LEAST_BUDGET, SHARE, engineered
from keepwell.training.ensembling.calibration import calibrated
from keepwell.training.ensembling.combining import members_of
from keepwell.training.ensembling.latency import FAST, MOST, servable
from keepwell.training.ensembling.threshold import chosen_threshold
from keepwell.training.evaluation import OVERFIT_ROWS, overfit, scores_of, test_metrics
from keepwell.training.fitting import Chosen, Fitting
from keepwell.training.framing import Framed, frame_problem
from keepwell.training.importance import IMPORTANCE_ROWS, importance
from keepwell.training.learners.base import FIRST, Candidate, Learner
from keepwell.training.learners.field import installed
from keepwell.training.modalities.gain import worth_of_training
from keepwell.training.modalities.readiness import check_models, make_ready, with_untrained
from keepwell.training.more_rows import Curve, measure_curve
from keepwell.training.plots import gallery
from keepwell.training.plots.curves import threshold_curve
from keepwell.training.plots.growth import growth
from keepwell.training.problem import Problem
from keepwell.training.profiling import training_profile
from keepwell.training.search.budget import Budget
from keepwell.training.search.capacity import within
from keepwell.training.search.jobs import ran_out
from keepwell.training.search.search import Search, bounded
from keepwell.training.search.spaces import checked
from keepwell.training.search.store import TrialStore
from keepwell.training.search.trials import Trial
from keepwell.training.tasks import Given, task_of, trainer_of
from keepwell.training.tasks.declared import must_recommend
from keepwell.training.tasks.quantiles.bands import LEARNERS, check_quantiles, with_quantiles
from keepwell.training.trained import CurvePoint, Finding, Trained
from keepwell.training.workers.choice import in_children, is_quick, open_runner
from keepwell.training.workers.grant import Grant, must_hold_here
from keepwell.training.workers.runner import Runner

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from keepwell.training.tasks.ranking.describing import Side

_CELLS_PER_SECOND = 80_000  # of the budget: a fold of so many can be gone through some thirty times
_LEAST_CELLS = 2_000_000
_PAIR = 2
_PROBES = 8  # of features that have to fit into the time for them: with fewer, nothing is found


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What earlier runs left behind, and where this one leaves something.

    Attributes:
        store: Finished folds of a run that was killed; takes in those of this run.
        winners: Settings that won in earlier runs of the project.
        folder: Where a long fit may keep checkpoints, to go on from after a kill; empty: nowhere.
        log: Hears of the curves of the last fit, by candidate and step, while it goes on.
    """

    store: TrialStore | None = None
    winners: tuple[Candidate, ...] = ()
    folder: str = ""
    log: Callable[[str, int, Mapping[str, float]], None] = lambda name, step, values: None


def train(  # noqa: PLR0913 - each is a decision of the caller, by name
    table: pa.Table,
    columns: Sequence[Column],
    data: DataSpec,
    spec: TrainSpec,
    *,
    progress: Progress | None = None,
    weights: "ArrayLike | None" = None,
    test_rows: "ArrayLike | None" = None,
    past: Past | None = None,
    latency_ms: float | None = None,
    better: Callable[[CurvePoint], None] = lambda point: None,
    features: FeaturesSpec = AS_USUAL,
    users: "Side | None" = None,
    items: "Side | None" = None,
    clock: Budget | None = None,
    following: Following | None = None,
) -> Trained:
    """Train the best model that the budget allows, and measure it on rows that no choice ever saw.

    Args:
        table: The rows.
        columns: What each column means.
        data: Target, key, time, and columns to ignore or keep.
        spec: Task, metric, budget, folds, split, search.
        progress: Hears how far it is.
        weights: How much each row of the table counts in learning.
        test_rows: Positions (or a mask) of the rows to test on, instead of a split.
        past: What earlier runs left behind.
        latency_ms: The gate's limit for one row.
        better: Hears when the best so far gets better.
        features: How columns are prepared, and what is derived from them.
        users: A table that describes users, where recommending is learnt.
        items: A table that describes items.
        clock: The budget, where it runs already; None: it begins now.
        following: What the caller does with the model before the time is up.

    Raises:
        TrainingError: If the target, the rows or the columns cannot be learnt from; says what to do.
    """
    progress, past = progress or SilentProgress(), past or Past()
    load_libraries()
    must_recommend(data, task_of(data, spec, table))
    memory = Grant(spec.memory, rows=table.nbytes)
    special = trainer_of(data, spec, table)
    if special is not None:
        must_hold_here(
            spec.memory,
            table.nbytes,
            child=not is_quick(table.num_rows * table.num_columns, spec.budget),
        )
        return special(
            table, columns, data, spec, progress,
            Given(
                test_rows=test_rows, weights=weights, features=features, store=past.store,
                users=users, items=items, memory=memory,
            ),
        )  # fmt: skip
    budget = clock or Budget(spec.budget)
    progress.update("looking at the target and the columns")
    framed = frame_problem(table, columns, data, spec, weights, test_rows, features)
    if spec.quantiles:
        check_quantiles(spec, framed.division.task)
    learners = _learners(spec, latency_ms)
    framed = replace(framed, problem=replace(framed.problem, folder=past.folder))
    make_ready(learners, framed.problem, progress)
    after = Afterwards(framed.problem, budget.seconds, budget.spent, following or Following())
    framed = _testable(framed, after)
    framed, cut = _within(
        framed,
        memory,
        children=in_children(
            framed.problem, learners, seconds=spec.budget, parallel=spec.search.parallel
        ),
    )
    folds = framed.folds
    runner = open_runner(  # children load their libraries while features are looked for
        framed.problem,
        folds,
        learners,
        memory=memory,
        seconds=spec.budget,
        parallel=spec.search.parallel,
    )
    try:
        framed, made = _engineered(framed, spec, budget, progress, past.store)
        problem = framed.problem
        runner.renew(problem)
        search = Search(
            problem,
            folds,
            learners,
            budget,
            progress,
            spec=spec.search,
            runner=runner,
            store=past.store,
            earlier=past.winners,
            primary=framed.primary,
            members=1 if spec.ensemble == 1 else 3,
            named=bool(spec.learners),
            better=better,
            after=after.seconds,
        )
        fitting = Fitting(
            problem,
            folds,
            budget=budget,
            progress=progress,
            runner=runner,
            most=spec.ensemble,
            measuring=search.measuring,
            log=past.log,
            microseconds=MOST * min(1.0, (latency_ms or FAST) / FAST),
        )
        trials = search.run()
        chosen = fitting.best(trials, search.primary)
        grown = _grown(chosen.trial, search, spec, budget, runner, progress)
    finally:
        runner.close()
    progress.update(f"measuring {chosen.name} on {len(framed.division.test):,} test rows", 0.98)
    decided = _decided(chosen, problem, spec)
    found = cut + _found(made, problem.metric) + _growing(grown, decided.plots)
    trained = _reported(framed, decided, search, found, budget, after)
    trained = replace(trained, features=_features(framed, chosen, trained, made, learners, budget))
    if not spec.quantiles:
        return trained
    test = framed.frame.iloc[framed.division.test]
    return with_quantiles(trained, problem, folds, test, spec.quantiles)


def _learners(spec: TrainSpec, latency_ms: float | None) -> dict[str, Learner]:
    """Return who may be tried, the settings of the spec checked against them."""
    check_models(spec)
    learners = installed(LEARNERS if spec.quantiles else with_untrained(spec))
    if not spec.learners:  # nobody asked for what cannot be served in time
        learners = servable(learners, latency_ms or FAST)
    checked(spec.search.space, learners)
    return learners


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    """The winner with how its probabilities are bent and made into answers."""

    chosen: Chosen
    pipeline: Any
    problem: Problem
    findings: tuple[Finding, ...]
    plots: dict[str, dict[str, Any]]


def _decided(chosen: Chosen, problem: Problem, spec: TrainSpec) -> _Decided:
    pipeline, seen = chosen.pipeline, chosen.ensemble
    found: list[Finding] = []
    plots: dict[str, dict[str, Any]] = {}
    if spec.calibrate != "off" and problem.task.labelled and chosen.learner != FIRST:
        pipeline, told, seen = calibrated(pipeline, seen, spec.calibrate)
        found.append(Finding(column="", message=told, kind="calibration"))
    if spec.threshold.wanted and problem.classes == _PAIR and seen is not None:
        label = str(problem.signature.classes[1])
        border = chosen_threshold(seen.answer, seen.actual, spec.threshold, label)
        problem = replace(problem, signature=replace(problem.signature, threshold=border.value))
        found.append(Finding(column="", message=border.told, kind="threshold"))
        plots["threshold"] = threshold_curve(border.tried, border.worth, border.name, border.value)
    elif spec.threshold.wanted:
        lacking = "held-out answers" if problem.classes == _PAIR else "two classes"
        told = (
            f"no threshold was chosen: there are no {lacking}; the most probable class is answered"
        )
        found.append(Finding(column="", message=told, kind="threshold"))
    return _Decided(
        chosen=chosen, pipeline=pipeline, problem=problem, findings=tuple(found), plots=plots
    )


def _engineered(
    framed: Framed, spec: TrainSpec, budget: Budget, progress: Progress, store: TrialStore | None
) -> tuple[Framed, tuple[Made, ...]]:
    """Return the problem with the features that pay, where there are rows and time to tell."""
    enough = framed.problem.rows >= FEWEST_ROWS and budget.seconds >= LEAST_BUDGET
    if spec.features == "off" or not enough:
        return framed, ()
    progress.update("looking for features that pay")
    share = SHARE * budget.seconds / max(budget.left, 1e-9)
    stop, slow = budget.deadline(share), budget.deadline(share / _PROBES)
    problem, made = engineered(framed.problem, framed.folds, stop, store, slow)
    return replace(framed, problem=problem), made


def _found(made: Sequence[Made], metric: str) -> tuple[Finding, ...]:
    """Return what was added to the inputs, with the gain of each."""
    return tuple(
        Finding(
            column=one.feature.name,
            message=f"`{one.label}` was added to the inputs: {signed(one.gain)} {metric} "
            f"({signed(one.low)} to {signed(one.high)} over the folds, in a quick model)",
            kind="feature",
            columns=one.feature.columns,
        )
        for one in made
        if one.kept
    )


def _grown(
    trial: Trial,
    search: Search,
    spec: TrainSpec,
    budget: Budget,
    runner: Runner,
    progress: Progress,
) -> Curve | None:
    """Return how the winner's score grows with rows, where that was wanted or is cheap."""
    return measure_curve(
        trial,
        search.problem,
        search.folds,
        wanted=spec.learning_curve,
        budget=budget,
        runner=runner,
        measuring=search.measuring,
        progress=progress,
    )


def _growing(curve: Curve | None, plots: dict[str, dict[str, Any]]) -> tuple[Finding, ...]:
    """Return what the reader should know of it, and add its figure."""
    if curve is None:
        return ()
    plots["learning_curve"] = growth(curve)
    return (Finding(column="", message=curve.told, kind="rows"),)


def _features(
    framed: Framed,
    chosen: Chosen,
    trained: Trained,
    made: tuple[Made, ...],
    learners: "Mapping[str, Learner]",
    budget: Budget,
) -> FeatureReport:
    """Return what the model's features are and, as far as time allows, what they are worth."""
    problem, division = framed.problem, framed.division
    ignores = chosen.learner == FIRST
    late = budget.deadline(0.5)
    steps = () if ignores else step_effects(problem, framed.folds, chosen.trial, learners, late)
    tested = framed.frame.iloc[division.test]
    actual = division.values[division.test]
    stop = budget.deadline(0.9)
    columns = (
        ()
        if ignores
        else column_effects(
            trained.pipeline,
            problem,
            tested,
            actual,
            trained.importance,
            stop,
            affordable(EFFECT_ROWS, 0.3 * budget.left, trained.row_seconds, 0),
        )
    )
    first, _ = members_of(chosen.pipeline)[0]
    return FeatureReport(
        metric=problem.metric,
        features=problem.features,
        made=made,
        columns=columns,
        steps=steps,
        fitted=fitted_steps(first.named_steps["prepare"], problem.features.derive),
    )


def load_libraries() -> None:
    """Load what any training needs: do it before the budget's clock starts.

    On a cold or busy machine it takes seconds, and says nothing about the data.
    """
    for name in ("pandas", "lightgbm", "sklearn.compose", "sklearn.linear_model", "optuna"):
        import_module(name)


def _within(framed: Framed, memory: Grant, *, children: bool) -> tuple[Framed, tuple[Finding, ...]]:
    """Return the problem with as many rows as memory allows, and with folds that the budget allows."""
    problem, folds, kept = within(framed.problem, framed.folds, memory, children=children)
    found: list[Finding] = []
    if kept is not None:
        message = (
            f"{len(kept):,} of {framed.problem.rows:,} rows, drawn at random, were learnt from: "
            f"{memory.memory / 1e6:,.0f} MB of memory hold no more"
        )
        found.append(Finding(column="", message=message, kind="search"))
    columns = len(problem.signature.inputs)
    cells = max(_LEAST_CELLS, round(_CELLS_PER_SECOND * framed.budget))
    if problem.rows * columns > cells:
        folds = [bounded(fold, columns, problem.seed, cells) for fold in folds]
        rows = len(folds[0][0]) + len(folds[0][1])
        if rows < problem.rows:
            message = (
                f"candidates were compared on {rows:,} of {problem.rows:,} rows, drawn at random; "
                "the chosen one was fitted to all of them"
            )
            found.append(Finding(column="", message=message, kind="search"))
    return replace(framed, problem=problem, folds=folds), tuple(found)


def _testable(framed: Framed, after: Afterwards) -> Framed:
    """Return the problem with as many test rows as there is time to prepare."""
    division = framed.division
    kept = after.tested(division.test, framed.problem.seed)
    if len(kept) == len(division.test):
        return framed
    message = (
        f"{len(kept):,} of the {len(division.test):,} test rows, drawn at random, were measured on: "
        f"a row takes {after.per_row * 1e3:.2g} ms to prepare, and a larger `budget:` holds more"
    )
    told = Finding(column="", message=message, kind="split")
    return replace(framed, division=replace(division, test=kept), findings=(*framed.findings, told))


def _reported(
    framed: Framed,
    made: _Decided,
    search: Search,
    cut: tuple[Finding, ...],
    budget: Budget,
    after: Afterwards,
) -> Trained:
    chosen, pipeline, problem, division = made.chosen, made.pipeline, made.problem, framed.division
    signature = problem.signature
    actual = [division.labels[row] for row in division.test]
    scores = scores_of(pipeline, framed.frame.iloc[division.test], problem)
    metrics = test_metrics(problem, actual, scores, stop=budget.deadline())
    answering = sum(trial.answering for trial, _ in chosen.members)
    width = len(signature.inputs)
    shares = importance(chosen.pipeline, problem, after.moved(IMPORTANCE_ROWS, width, answering))
    leaderboard = chosen.leaderboard()
    baseline = next((row.mean for row in leaderboard if row.learner == FIRST), None)
    tested = metrics.get(problem.metric)
    fit = overfit(
        pipeline,
        problem,
        leaderboard[0].mean,
        baseline,
        tested,
        rows=after.compared(OVERFIT_ROWS, answering),
    )
    warned = (Finding(column="", message=fit.warning, kind="overfit"),) if fit.warning else ()
    return Trained(
        task=division.task,
        task_reason=framed.target.reason,
        split_reason=division.reason,
        signature=signature,
        pipeline=pipeline,
        learner=chosen.learner,
        params=chosen.params,
        metric=problem.metric,
        metrics=metrics,
        leaderboard=leaderboard,
        importance=shares,
        findings=framed.findings + cut + made.findings + _ended(search, chosen) + warned,
        test_rows=framed.target.rows[division.test],
        test_actual=actual,
        test_predictions=list(scores.predictions),
        test_probabilities=scores.probabilities,
        plots=gallery(signature, actual, scores, shares, leaderboard, problem.metric) | made.plots,
        profile=training_profile(framed.table, division.used, signature, scores),
        overfit=fit,
        seconds=budget.spent,
        row_seconds=after.per_row + answering,
        search=search.report(),
    )


def _lost(chosen: Chosen, metric: str) -> bool:
    """Tell whether somebody was measured beside the baseline, and nobody was better.

    Who was better and is not chosen could not be fitted to all rows in time. Who was stopped when time was
    up may have learnt nothing yet, which says nothing of the inputs.
    """
    rows = [row for row in chosen.leaderboard() if row.mean is not None]
    others = [row.mean or 0.0 for row in rows if row.learner != FIRST and not ran_out(row.note)]
    baseline = next((row.mean or 0.0 for row in rows if row.learner == FIRST), 0.0)
    sign = direction(metric)
    return bool(others) and max(sign * mean for mean in others) <= sign * baseline


def _ended(search: Search, chosen: Chosen) -> tuple[Finding, ...]:
    """Return what the reader should know of how the search ended."""
    found: list[str] = []
    if search.interrupted:
        found.append(f"the search was interrupted; the best so far, {chosen.name}, was kept")
    if chosen.learner == FIRST and len(chosen.trials) > 1:
        missed = not _lost(chosen, search.problem.metric)
        found.append(
            "the budget was too short for anything but the baseline: it ignores the inputs; raise "
            "`budget:` under `train:`"
            if missed
            else "nothing beat the baseline, which ignores the inputs: they may not tell the target"
        )
    elif message := by_chance(chosen, search.primary):
        found.append(message)
    if message := worth_of_training(chosen.trials, search.problem, search.primary):
        found.append(message)
    return tuple(Finding(column="", message=message, kind="search") for message in found)
