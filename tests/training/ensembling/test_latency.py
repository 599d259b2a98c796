"""What one row is expected to take."""

from dataclasses import replace
from typing import Any, cast

import pytest
from training_worlds import World

from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.training.ensembling.latency import MOST, microseconds_of, servable
from keepwell.training.framing import frame_problem
from keepwell.training.learners.base import Candidate
from keepwell.training.problem import Problem
from keepwell.training.search.trials import Trial


@pytest.fixture
def problem(prices: World) -> Problem:
    return frame_problem(*prices, DataSpec(source="", target="price"), TrainSpec()).problem


def trial(learner: str, rounds: int | None = 500, **params: Any) -> Trial:
    made = Trial(
        candidate=Candidate(name=f"{learner}/1", learner=learner, params=params),
        learner=cast("Any", None),
    )
    if rounds is not None:
        made.rounds.append(float(rounds))
    return made


# Microseconds that a compiled scorer of 500 trees was measured with, the row's own 7.5 taken off.
MEASURED = [
    ("lightgbm", {"num_leaves": 15}, 12.0),
    ("lightgbm", {"num_leaves": 31}, 18.7),
    ("lightgbm", {"num_leaves": 63}, 27.3),
    ("catboost", {"depth": 6}, 11.6),
    ("catboost", {"depth": 10}, 16.5),
]


@pytest.mark.parametrize(("learner", "params", "seen"), MEASURED)
def test_expects_what_was_measured(
    problem: Problem, learner: str, params: dict[str, Any], seen: float
) -> None:
    large = replace(problem, target=problem.target.repeat(50))
    assert 0.7 < microseconds_of(trial(learner, **params), large) / seen < 1.6


def test_more_trees_and_more_classes_take_longer(problem: Problem) -> None:
    few, many = trial("lightgbm", 100), trial("lightgbm", 400)
    assert microseconds_of(few, problem) < microseconds_of(many, problem)
    assert microseconds_of(trial("perceptron", 5), problem) == microseconds_of(
        trial("perceptron", 500), problem
    )


def test_a_forest_costs_by_its_leaves(problem: Problem) -> None:
    deep, flat = (trial("forest", None, min_samples_leaf=leaf) for leaf in (1, 8))
    assert microseconds_of(deep, problem) > 2 * microseconds_of(flat, problem)


def test_what_cannot_be_asked_in_time_is_not_tried() -> None:
    learners = dict.fromkeys(("linear", "neighbours", "xgboost"), cast("Any", None))
    assert set(servable(learners, 0.1)) == {"linear", "neighbours"}
    assert set(servable(learners, 1.0)) == set(learners)
    assert MOST < 100


def test_a_kernel_costs_by_what_it_compares_with(problem: Problem) -> None:
    few, many = (replace(problem, target=problem.target[:50].repeat(by)) for by in (1, 200))
    assert (
        8.0
        < microseconds_of(trial("kernel", None), few)
        < microseconds_of(trial("kernel", None), many)
    )
    assert microseconds_of(trial("kernel", None), many) < 0.5 * MOST
