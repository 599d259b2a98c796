"""A backtest is done by the engine's workers: under limits, resumed, and never lost to one way."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from training_cuts import must_depend_on_rows_and_seed
from training_worlds import World, world_of

from keepwell.core.errors import TrainingError
from keepwell.core.progress import SilentProgress
from keepwell.core.records import Task
from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.training import Past, train
from keepwell.training.search.jobs import Job, Outcome
from keepwell.training.search.store import MemoryStore
from keepwell.training.tasks.forecast import backtest
from keepwell.training.tasks.forecast.bench import Backtest
from keepwell.training.workers.children import ChildRunner
from keepwell.training.workers.here import HereRunner

DATA = DataSpec(source="-", target="sold", time="day")
SPEC = TrainSpec(task=Task.FORECAST, budget=20.0, horizon=7, learners=("linear",))


def rising(count: int = 200) -> World:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    random = np.random.default_rng(0)
    sold = [at + 5 * (at % 7) + random.normal() for at in range(count)]
    return world_of({"day": [start + timedelta(days=at) for at in range(count)], "sold": sold})


@pytest.fixture
def performed(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """The jobs that were really done."""
    jobs: list[Job] = []
    perform = Backtest.perform

    def noted(self: Backtest, job: Job, *more: Any) -> Outcome:
        jobs.append(job)
        return perform(self, job, *more)

    monkeypatch.setattr(Backtest, "perform", noted)
    return jobs


def _stretches(jobs: list[Job]) -> list[Job]:
    return [job for job in jobs if job.fold is not None and job.candidate.learner != "baseline"]


def test_a_run_that_was_killed_goes_on_where_it_was(performed: list[Job]) -> None:
    store = MemoryStore()
    first = train(*rising(), DATA, SPEC, past=Past(store=store))
    assert len(_stretches(performed)) == 6  # two ways on three stretches
    performed.clear()
    again = train(*rising(), DATA, SPEC, past=Past(store=store))
    assert {job.candidate.learner for job in performed if job.fold is not None} == {"baseline"}
    assert again.test_predictions == first.test_predictions
    assert again.signature == first.signature
    performed.clear()
    train(*rising(199), DATA, SPEC, past=Past(store=store))  # other data: nothing is taken over
    assert len(_stretches(performed)) == 6


def test_what_was_finished_goes_for_the_same_rows_and_seed_only() -> None:
    def later_first(table: World) -> World:
        rows, columns = table
        return rows.take(
            list(range(160, 200)) + list(range(160))
        ), columns  # the test is what is latest

    spec = replace(SPEC, budget=600.0)
    must_depend_on_rows_and_seed(later_first(rising()), DATA, spec, "sold", lambda cell: cell + 1.0)


def test_a_way_that_fails_is_named_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise MemoryError("no more")

    monkeypatch.setattr("keepwell.training.tasks.forecast.candidates._ridge", broken)
    trained = train(*rising(), DATA, SPEC)
    assert trained.learner == "seasonal-naive"
    notes = {row.name: row.note for row in trained.leaderboard}
    assert notes["ridge/season"] == "failed: MemoryError: no more"


def test_a_best_way_that_cannot_be_fitted_to_all_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Backtest, way: Any, stop: Any) -> None:
        raise MemoryError("no more")

    monkeypatch.setattr(Backtest, "_last", broken)
    trained = train(*rising(), DATA, SPEC)
    assert trained.learner == "seasonal-naive"
    assert any("could not be fitted to all" in row.note for row in trained.leaderboard)
    told = [one.message for one in trained.findings if one.kind == "search"]
    assert "better than seasonal-naive, but could not be fitted to all rows" in told[0]


def test_ctrl_c_keeps_the_best_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    fold = Backtest._fold

    def impatient(self: Backtest, way: Any, number: int, stop: Any) -> Outcome:
        if way.name == "ridge/level":
            raise KeyboardInterrupt
        return fold(self, way, number, stop)

    monkeypatch.setattr(Backtest, "_fold", impatient)
    trained = train(*rising(), DATA, SPEC)
    assert trained.leaderboard[0].name == "ridge/season"
    assert any("the backtest was interrupted" in one.message for one in trained.findings)


def test_what_is_not_tiny_is_done_in_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []
    real = backtest.open_backtest

    def kept(*arguments: Any) -> Any:
        opened.append(real(*arguments))
        return opened[-1]

    monkeypatch.setattr("keepwell.training.tasks.forecast.training.open_backtest", kept)
    here = train(*rising(), DATA, SPEC, progress=SilentProgress())
    monkeypatch.setattr("keepwell.training.workers.choice.TINY", 0)
    there = train(*rising(), DATA, replace(SPEC, memory=2 << 30))
    assert [type(one) for one in opened] == [HereRunner, ChildRunner]
    assert there.learner == here.learner
    assert np.allclose(there.test_predictions, here.test_predictions)
    with pytest.raises(TrainingError, match="63 MB of memory are too little") as refused:
        train(*rising(), DATA, replace(SPEC, memory=60 << 20))
    assert "under `train:`" in refused.value.now
