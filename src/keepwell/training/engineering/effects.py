"""What columns and declared steps are worth to the model that was chosen, measured within a time slice."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.features import FeaturesSpec, Steps
from keepwell.features.declared import Plan, number_steps
from keepwell.features.preparation import NUMERIC
from keepwell.features.transforms.low_variance import variance
from keepwell.tracking.metrics import direction
from keepwell.training.engineering.gains import gain_interval
from keepwell.training.engineering.report import Effect
from keepwell.training.learners.base import Learner
from keepwell.training.problem import Problem, answer_of
from keepwell.training.search.jobs import Job, Workbench
from keepwell.training.search.trials import Trial, interval
from keepwell.training.splits.plans import Fold

if TYPE_CHECKING:
    import pandas as pd

_PARTS = 5  # of the rows, each shuffled on its own: their spread is the interval
_FEWEST = 20  # rows of a part
EFFECT_ROWS = 5_000
_NOISY = ("clip", "drop_low_variance", "log")  # steps against noise


def column_effects(
    pipeline: Any,
    problem: Problem,
    frame: "pd.DataFrame",
    actual: Any,
    shares: Mapping[str, float],
    stop: Callable[[], bool],
    most: int = EFFECT_ROWS,
) -> tuple[Effect, ...]:
    """Return what each column is worth: how much of the metric is lost if it says nothing any more.

    The column is shuffled among rows that no choice ever saw, and whatever is derived from it changes along.

    Args:
        pipeline: The model.
        problem: What was learnt.
        frame: The canonical test rows.
        actual: Their codes of classes, or numbers.
        shares: Importance by column: the most important are measured first.
        stop: Turns true when time is up; the rest is left unmeasured.
        most: Rows at most.
    """
    count = min(_PARTS, min(len(frame), most) // _FEWEST)
    random = np.random.default_rng(problem.seed)
    drawn = random.permutation(len(frame))[:most]
    parts = np.array_split(drawn, count) if count > 1 else []
    names = sorted((f.name for f in problem.signature.inputs), key=lambda n: -shares.get(n, 0.0))
    whole = []
    for rows in parts:
        if stop():
            return tuple(Effect(subject=name) for name in names)
        whole.append(_measured(pipeline, problem, frame.iloc[rows], actual[rows]))
    found = []
    for name in names:
        losses: list[float] = []
        for rows, base in zip(parts, whole, strict=True):
            if stop():
                losses = []
                break
            shuffled = frame.iloc[rows].copy()
            shuffled[name] = shuffled[name].to_numpy()[random.permutation(len(rows))]
            score = _measured(pipeline, problem, shuffled, actual[rows])
            if base is not None and score is not None:
                losses.append(direction(problem.metric) * (base - score))
        if len(losses) < 2:  # noqa: PLR2004 - one says nothing about chance
            found.append(Effect(subject=name))
            continue
        low, high = interval(losses)
        found.append(Effect(subject=name, effect=float(np.mean(losses)), low=low, high=high))
    return tuple(sorted(found, key=lambda one: (one.effect is None, -(one.effect or 0.0))))


def _measured(pipeline: Any, problem: Problem, frame: "pd.DataFrame", actual: Any) -> float | None:
    answer = answer_of(pipeline, frame, problem.classes)
    score = problem.measure(actual, answer).get(problem.metric)
    return score if score is not None and np.isfinite(score) else None


def step_effects(
    problem: Problem,
    folds: Sequence[Fold],
    trial: Trial,
    learners: Mapping[str, Learner],
    stop: Callable[[], bool],
) -> tuple[Effect, ...]:
    """Return what declared steps against noise did: the chosen settings, with and without, fold by fold.

    Args:
        problem: What was learnt.
        folds: Train and validation rows.
        trial: What was chosen, with its scores.
        learners: By name.
        stop: Turns true when time is up.
    """
    sign, found = direction(problem.metric), []
    for subject, step, names, without in _ablations(problem):
        before, after = _variances(problem, names, step)
        bench = Workbench(replace(problem, features=without), folds, learners)
        gains = []
        for fold in sorted(trial.scores):
            if stop():
                break
            job = Job(candidate=trial.candidate, fold=fold)
            score = bench.perform(job, stop, lambda share: None).score
            if score is not None and not stop():
                gains.append(sign * (trial.scores[fold] - score))
        effect = Effect(subject=subject, variance_before=before, variance_after=after)
        if len(gains) > 1:
            train, held = folds[0]
            mean, low, high = gain_interval(gains, len(held) / len(train))
            effect = replace(effect, effect=mean, low=low, high=high)
        found.append(effect)
    return tuple(found)


def _ablations(problem: Problem) -> Iterator[tuple[str, str, list[str], FeaturesSpec]]:
    """Yield each step against noise: how it is shown, its name, its columns, what is left without it."""
    features = problem.features
    numbers = [f.name for f in problem.signature.inputs if f.type in NUMERIC]
    plain = [name for name in numbers if name not in features.columns]
    for step in _NOISY:
        if _given(features.numbers, step) and plain:
            steps = _without(features.numbers, step)
            yield f"numbers: {step}", step, plain, replace(features, numbers=steps)
        for name, own in features.columns.items():
            if _given(own, step):
                columns = features.columns | {name: _without(own, step)}
                yield f"{name}: {step}", step, [name], replace(features, columns=columns)


def _without(steps: Steps, step: str) -> Steps:
    nothing: dict[str, Any] = {step: False if step == "log" else None}
    return replace(steps, **nothing)


def _given(steps: Steps, step: str) -> bool:
    return getattr(steps, step) not in (None, False)


def _variances(problem: Problem, names: list[str], step: str) -> tuple[float, float]:
    """Return the sum of the columns' variances before and after one step, fitted on the rows learnt from."""
    features = problem.features
    own = features.columns.get(names[0], features.numbers)
    alone = Steps(**{step: getattr(own, step)}, scale="none")
    plan = Plan(flavour="tree", choices={}, task=problem.task)
    values = np.asarray(problem.frame[names], dtype=np.float64)
    after = np.asarray(number_steps(plan, alone).fit_transform(values))
    return _sum(values), _sum(after)


def _sum(values: Any) -> float:
    return float(sum(variance(column) for column in values.T))
