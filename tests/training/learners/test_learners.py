"""Every installed learner keeps the law of learners."""

from typing import Any

import numpy as np
import pytest
from training_worlds import World

from keepwell.core.plugins import load_plugin, plugin_names
from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.testing import learner_suite
from keepwell.testing.laws import Law, laws, named
from keepwell.training.framing import frame_problem
from keepwell.training.learners import Candidate, Learner, Watch, installed
from keepwell.training.problem import Problem, answer_of
from keepwell.training.search.matrices import FoldMatrices

ELSEWHERE = {"text", "embeddings", "transformer", "convnet", "transfer", "zero-shot"}
"""Learners of texts and pictures have tests of their own, in `modalities`."""
NAMES = [name for name in plugin_names("learners") if name in installed() and name not in ELSEWHERE]


def problem_of(world: World, target: str) -> tuple[Problem, FoldMatrices]:
    table, columns = world
    framed = frame_problem(table, columns, DataSpec(source="", target=target), TrainSpec())
    return framed.problem, FoldMatrices(framed.problem, framed.folds[0])


@pytest.fixture(params=["churn", "prices"])
def problem(request: pytest.FixtureRequest) -> tuple[Problem, FoldMatrices]:
    target = {"churn": "left", "prices": "price"}[request.param]
    return problem_of(request.getfixturevalue(request.param), target)


def fit(
    learner: Learner, candidate: Candidate, problem: tuple[Problem, FoldMatrices], **watch: Any
) -> Any:
    rows = problem[1]
    train, held = rows.of(learner.flavour)
    target, actual = rows.actual
    accompanied = Watch(validation=(held, actual), **watch)
    return learner.fit(candidate, problem[0], train, target, rows.weights, accompanied)


@pytest.mark.parametrize("law", laws(learner_suite), ids=named)
@pytest.mark.parametrize("name", NAMES)
def test_keeps_the_law(name: str, law: Law) -> None:
    if name == "baseline" and named(law) == "rows_without_weight_count_for_nothing":
        pytest.skip("its median knows no weights worth a law")
    law(load_plugin("learners", name))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "baseline"])
def test_beats_the_baseline(name: str, problem: tuple[Problem, FoldMatrices]) -> None:
    metric = {"binary": "log_loss", "regression": "rmse"}[problem[0].task]
    losses = []
    for learner in installed([name]).values():
        fitted = fit(learner, learner.candidates(problem[0])[0], problem)
        _, held = problem[1].of(learner.flavour)
        answer = answer_of(fitted.model, held.values, problem[0].classes)
        losses.append(problem[0].measure(problem[1].actual[1], answer)[metric])
    assert losses[1] < losses[0]


def test_puts_the_baseline_first_and_always() -> None:
    assert list(installed(["linear"])) == ["baseline", "linear"]
    assert next(iter(installed())) == "baseline"


def test_stops_boosting_when_time_is_up(churn: World) -> None:
    problem = problem_of(churn, "left")
    learner = installed(["lightgbm"])["lightgbm"]
    candidate = learner.candidates(problem[0])[0]
    fitted = fit(learner, candidate, problem, stop=lambda: True)
    assert fitted.interrupted
    assert fitted.rounds == 1


def test_boosts_the_same_trees_with_any_number_of_threads(prices: World) -> None:
    from dataclasses import replace

    learner = installed(["lightgbm"])["lightgbm"]
    problem, rows = problem_of(prices, "price")
    candidate = learner.candidates(problem)[0]
    _, held = rows.of("tree")
    one, two = (
        fit(learner, candidate, (replace(problem, jobs=jobs), rows)).model.predict(held.values)
        for jobs in (1, 2)
    )
    assert np.array_equal(one, two)


def test_offers_rates_for_skewed_amounts_only(prices: World) -> None:
    from dataclasses import replace

    problem, _ = problem_of(prices, "price")
    learner = installed(["lightgbm"])["lightgbm"]
    assert not any("rates" in offered.name for offered in learner.candidates(problem))
    skewed = replace(problem, target=np.exp(problem.target / 100))
    assert any("rates" in offered.name for offered in learner.candidates(skewed))
