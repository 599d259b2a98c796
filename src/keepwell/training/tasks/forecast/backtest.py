"""Candidates compared on what came after the rows that they were fitted to."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.progress import Progress
from keepwell.core.records import Task
from keepwell.features.forecasting import Outlook, Settings
from keepwell.features.forecasting.forecaster import gapless
from keepwell.tracking.metrics import direction, measure
from keepwell.training.learners.base import FIRST
from keepwell.training.search.budget import Budget
from keepwell.training.tasks.forecast.bands import Errors
from keepwell.training.tasks.forecast.candidates import WAYS, Lessons, Way, fit
from keepwell.training.tasks.forecast.plan import Plan
from keepwell.training.trained import LeaderboardRow

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TWO_SIDED = 1.96
_FOR_THE_END = 0.25  # of the budget, for the last fit and for measuring it


@dataclass(slots=True, kw_only=True)
class Attempt:
    """A way to forecast with what backtesting saw of it."""

    way: Way
    scores: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    errors: list[Errors] = field(default_factory=list)  # by stretch
    note: str = ""

    @property
    def mean(self) -> float | None:
        """Mean of the metric over the folds."""
        return float(np.mean(self.scores)) if self.scores else None

    def row(self) -> LeaderboardRow:
        """Return it as the leaderboard shows it."""
        mean, half = self.mean, None
        if mean is not None and len(self.scores) > 1:
            half = _TWO_SIDED * float(np.std(self.scores, ddof=1)) / len(self.scores) ** 0.5
        return LeaderboardRow(
            name=self.way.name,
            learner=self.way.learner,
            params=self.way.params,
            mean=mean,
            low=None if mean is None or half is None else mean - half,
            high=None if mean is None or half is None else mean + half,
            scores=tuple(self.scores),
            seconds=round(sum(self.seconds), 3),
            note=self.note,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a backtest works with.

    Attributes:
        settings: How the series are looked at.
        values: All that is known.
        lessons: The usable rows.
        plan: What is held out when.
        metric: What candidates are compared by.
        seed: Of every random choice.
        jobs: Threads to use.
        learners: Those that may take part; all if none are named.
    """

    settings: Settings
    values: "NDArray[np.float64]"
    lessons: Lessons
    plan: Plan
    metric: str
    seed: int
    jobs: int
    learners: tuple[str, ...] = ()


def attempts(trial: Trial, budget: Budget, progress: Progress) -> list[Attempt]:
    """Return the ways that were tried, the best first; the naive one always among them."""
    allowed = {"linear" if name == "ridge" else name for name in trial.learners}
    tried = [
        Attempt(way=way)
        for way in WAYS
        if not allowed
        or way.learner == FIRST
        or {"ridge": "linear"}.get(way.learner, way.learner) in allowed
    ]
    reserve = _FOR_THE_END * budget.seconds
    for number, attempt in enumerate(tried):
        for cut in trial.plan.cuts:
            like = [
                s for one in tried if one.way.learner == attempt.way.learner for s in one.seconds
            ]
            if attempt.way.learner != FIRST and max(like, default=0.0) > budget.left - reserve:
                attempt.note = "not every fold fitted into the budget"
                break
            progress.update(f"backtesting {attempt.way.name}", 0.8 * number / len(tried))
            _try(attempt, trial, cut, budget.deadline(1.0, reserve))
    sign = direction(trial.metric)

    def place(attempt: Attempt) -> tuple[int, float]:  # on as many folds as the naive one, or last
        mean = attempt.mean
        whole = len(attempt.scores) == len(trial.plan.cuts)
        return (0 if whole else 1, np.inf if mean is None else -sign * mean)

    return sorted(tried, key=place)


def _try(attempt: Attempt, trial: Trial, cut: int, stop: Callable[[], bool]) -> None:
    start = perf_counter()
    settings = replace(trial.settings, base=attempt.way.base, anchor=cut)
    outlook = Outlook(settings, trial.values)
    learnt = trial.lessons.before(cut)
    model = fit(
        attempt.way, outlook, learnt, trial.metric, seed=trial.seed, jobs=trial.jobs, stop=stop
    )
    if attempt.way.learner != FIRST and stop():
        attempt.note = "stopped when its time was up"
    steps = trial.lessons.steps
    held = trial.lessons.of((steps >= cut) & (steps < cut + trial.plan.held))
    answer, scale = answers(outlook, held, model)
    score = measure(Task.FORECAST, (), held.actual, answer).get(trial.metric)
    if score is not None and np.isfinite(score):
        attempt.scores.append(score)
        ahead = (held.steps - cut) % settings.horizon + 1
        attempt.errors.append(Errors(shares=(held.actual - answer) / scale, ahead=ahead))
    else:
        attempt.note = f"{trial.metric} cannot be measured on every fold"
    attempt.seconds.append(perf_counter() - start)


def answers(
    outlook: Outlook, asked: Lessons, model: Any
) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """Return forecasts of steps whose values are known, made a block at a time, and their scales."""
    settings = outlook.settings
    ahead = (asked.steps - settings.anchor) % settings.horizon + 1
    design = outlook.design(asked.rows, asked.steps, ahead, asked.known)
    if model is None:
        return design.base, design.scale
    told = design.features if hasattr(model, "booster_") else gapless(design.features)
    answer = np.asarray(model.predict(told), dtype=np.float64)
    return design.base + design.scale * answer, design.scale
