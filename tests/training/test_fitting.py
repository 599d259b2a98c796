"""The last fits: as many members as there is time for, and none that was cut short beside whole ones."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pytest
from training_worlds import World

from keepwell.core.progress import SilentProgress
from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.training.ensembling.selection import Ensemble
from keepwell.training.fitting import Chosen, Fitting
from keepwell.training.framing import frame_problem
from keepwell.training.learners.base import Candidate
from keepwell.training.learners.field import installed
from keepwell.training.search.budget import Budget
from keepwell.training.search.jobs import Outcome
from keepwell.training.search.trials import Trial
from keepwell.training.workers.runner import Done, Order, Report

TAKES = 10.0  # seconds a fold, as the trials say
PLENTY = 1000.0
NAMES = ("linear/a", "linear/b", "linear/c")


class Pretending:
    """Fits nothing; says of some candidates that their time was up."""

    parallel = 1

    def __init__(self, *late: str) -> None:
        self.late = late
        self.asked: list[str] = []

    def renew(self, problem: Any) -> None: ...

    def run(self, orders: Iterable[Order], done: Done, report: Report) -> None:
        for order in orders:
            name = order.job.candidate.name
            self.asked.append(name)
            note = "stopped when its time was up" if name in self.late else ""
            done(order, Outcome(pipeline=name, rounds=10, seconds=TAKES, note=note))

    def close(self) -> None: ...


def everybody(
    problem: Any, folds: Any, trials: Sequence[Trial], *, primary: int, most: int | None, **_: Any
) -> Ensemble:
    """Elect all, or the first ones, with equal weights."""
    chosen = trials[:most]
    members = tuple((trial, 1 / len(chosen)) for trial in chosen)
    return Ensemble(members=members, scores=(0.9,), answer=np.empty(0), actual=np.empty(0))


def fitted(
    world: World, runner: Pretending, left: float, monkeypatch: pytest.MonkeyPatch
) -> Chosen:
    monkeypatch.setattr("keepwell.training.fitting.combined", lambda members: members)
    monkeypatch.setattr("keepwell.training.fitting.select", everybody)
    table, columns = world
    frame = frame_problem(table, columns, DataSpec(source="", target="left"), TrainSpec())
    linear = installed(["linear"])["linear"]
    trials = [
        Trial(
            candidate=Candidate(name=name, learner="linear"),
            learner=linear,
            scores={0: 0.9},
            seconds=[TAKES],
        )
        for name in NAMES
    ]
    fitting = Fitting(
        frame.problem,
        frame.folds,
        budget=Budget(left, lambda: 0.0),
        progress=SilentProgress(),
        runner=runner,
    )
    return fitting.best(trials, frame.primary)


def voting(chosen: Chosen) -> list[str]:
    return [trial.candidate.name for trial, _ in chosen.members]


@pytest.mark.parametrize(("left", "members"), [(PLENTY, 3), (3.5 * TAKES, 2), (2.0 * TAKES, 1)])
def test_as_many_are_fitted_as_there_is_time_for(
    churn: World, left: float, members: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = Pretending()
    chosen = fitted(churn, runner, left, monkeypatch)
    assert voting(chosen) == list(NAMES[:members])
    assert sorted(set(runner.asked)) == list(NAMES[:members])


def test_a_member_that_was_cut_short_does_not_vote_beside_whole_ones(
    churn: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = fitted(churn, Pretending(NAMES[0]), PLENTY, monkeypatch)
    assert voting(chosen) == list(NAMES[1:])


def test_one_that_was_cut_short_is_better_than_none(
    churn: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert voting(fitted(churn, Pretending(*NAMES), PLENTY, monkeypatch)) == list(NAMES)
