from typing import Any

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsRegressor  # noqa: TID253
from sklearn.pipeline import Pipeline  # noqa: TID253
from training_worlds import World

from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.training.framing import frame_problem
from keepwell.training.importance import importance
from keepwell.training.learners import Watch, installed
from keepwell.training.problem import Problem
from keepwell.training.search.matrices import prepare


def problem_of(world: World) -> Problem:
    return frame_problem(*world, DataSpec(source="", target="price"), TrainSpec()).problem


def pipeline_of(problem: Problem, name: str) -> Any:
    learner = installed([name])[name]
    prepared, matrix = prepare(problem, learner.flavour)
    candidate = learner.candidates(problem)[0]
    fitted = learner.fit(candidate, problem, matrix, problem.target, None, Watch(rounds=50))
    return Pipeline([("prepare", prepared), ("model", fitted.model)])


@pytest.mark.parametrize("name", ["lightgbm", "linear"])
def test_gives_each_column_its_share(name: str, prices: World) -> None:
    problem = problem_of(prices)
    shares = importance(pipeline_of(problem, name), problem)
    assert next(iter(shares)) == "area"
    assert sum(shares.values()) == pytest.approx(1.0)
    assert set(shares) == {"area", "age", "city"}


def test_shuffles_columns_of_a_model_it_does_not_know(prices: World) -> None:
    problem = problem_of(prices)
    prepared, matrix = prepare(problem, "linear")
    model = KNeighborsRegressor().fit(matrix.values, problem.target)
    shares = importance(Pipeline([("prepare", prepared), ("model", model)]), problem)
    assert list(shares) == ["area", "city", "age"]


def test_gives_nothing_to_columns_that_are_ignored(
    prices: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = problem_of(prices)
    pipeline = pipeline_of(problem, "baseline")
    monkeypatch.setattr("keepwell.training.importance.answer_of", None)  # nobody has to be asked
    shares = importance(pipeline, problem)
    assert np.array_equal(list(shares.values()), [0.0, 0.0, 0.0])
