"""The jobs of a backtest: a way to forecast on one stretch, or fitted to all that came before the test."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.records import Task
from keepwell.features.forecasting import Outlook, Settings
from keepwell.features.forecasting.forecaster import gapless
from keepwell.tracking.metrics import measure
from keepwell.training.learners.base import FIRST
from keepwell.training.search.jobs import Bench, Job, Log, Outcome
from keepwell.training.search.store import digest
from keepwell.training.tasks.comparing import performed
from keepwell.training.tasks.forecast.candidates import Lessons, Way, fit
from keepwell.training.tasks.forecast.plan import Plan

if TYPE_CHECKING:
    from numpy.typing import NDArray


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

    @property
    def digest(self) -> str:
        """A digest of everything that the outcome of a job depends on."""
        known = [np.asarray(column, dtype=str) for column in self.lessons.known]
        numbers = [self.values, self.lessons.rows, self.lessons.steps, self.lessons.actual]
        return digest((self.settings, self.plan, self.metric, self.seed), [*numbers, *known])


class Backtest:
    """Does the jobs of one trial.

    Args:
        trial: What it works with.
    """

    def __init__(self, trial: Trial) -> None:
        self._trial = trial

    def perform(
        self,
        job: Job,
        stop: Callable[[], bool],
        report: Callable[[float], None],
        log: Log = lambda step, values: None,
    ) -> Outcome:
        """Do a job: what it answers is, by row held out, its error as a share of the spread."""
        candidate, number = job.candidate, job.fold
        way = Way(
            name=candidate.name, learner=candidate.learner,
            base=str(candidate.preparation["base"]), params=candidate.params,
        )  # fmt: skip
        return performed(
            job,
            lambda: self._last(way, stop) if number is None else self._fold(way, number, stop),
        )

    def _fold(self, way: Way, number: int, stop: Callable[[], bool]) -> Outcome:
        trial = self._trial
        cut = trial.plan.cuts[number]
        outlook = Outlook(replace(trial.settings, base=way.base, anchor=cut), trial.values)
        learnt = trial.lessons.before(cut)
        model = fit(way, outlook, learnt, trial.metric, seed=trial.seed, jobs=trial.jobs, stop=stop)
        note = "stopped when its time was up" if way.learner != FIRST and stop() else ""
        steps = trial.lessons.steps
        held = trial.lessons.of((steps >= cut) & (steps < cut + trial.plan.held))
        answer, scale = answers(outlook, held, model)
        score = measure(Task.FORECAST, (), held.actual, answer).get(trial.metric)
        if score is None or not np.isfinite(score):
            return Outcome(note=f"{trial.metric} cannot be measured on every fold")
        return Outcome(score=score, answer=(held.actual - answer) / scale, note=note)

    def _last(self, way: Way, stop: Callable[[], bool]) -> Outcome:
        trial = self._trial
        outlook = Outlook(replace(trial.settings, base=way.base), trial.values)
        learnt = trial.lessons.before(trial.plan.anchor)
        return Outcome(
            pipeline=fit(
                way, outlook, learnt, trial.metric, seed=trial.seed, jobs=trial.jobs, stop=stop
            )
        )


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


if TYPE_CHECKING:
    _: type[Bench] = Backtest
