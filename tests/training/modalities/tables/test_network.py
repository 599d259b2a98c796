"""Layers over the columns of a table, in PyTorch."""

from typing import Any

import numpy as np
import pytest
from training_worlds import World, world_of

from keepwell.core.errors import TrainingError
from keepwell.core.spec import DataSpec, LearnerSpec, TrainSpec
from keepwell.deployment.scoring import build_scorer_files, load_scorer
from keepwell.features.decoding import Decoder
from keepwell.training.framing import frame_problem
from keepwell.training.learners import Watch, installed
from keepwell.training.problem import Problem, answer_of
from keepwell.training.search.budget import Budget
from keepwell.training.search.jobs import Job, Workbench
from keepwell.training.search.matrices import prepare

torch = pytest.importorskip("torch", reason="needs the extra 'torch'")
pytest.importorskip("onnxscript")

QUICK = {"width": 24, "layers": 2, "epochs": 25, "rate": 0.01, "dropout": 0.0}


def world(rows: int = 400, *, numeric: bool = False) -> World:
    """What two numbers say together, neither says alone; a label shifts it."""
    random = np.random.default_rng(4)
    one, other = random.normal(size=rows), random.normal(size=rows)
    kind = random.choice(["a", "b"], rows)
    worth = 100 * one * other + 40 * (kind == "b") + random.normal(size=rows)
    target = worth if numeric else np.where(worth > 20, "yes", "no")
    return world_of({"one": one, "other": other, "kind": kind, "label": target})


def problem_of(given: World) -> Problem:
    return frame_problem(*given, DataSpec(source="", target="label"), TrainSpec()).problem


def fit(problem: Problem, watch: Watch, **settings: Any) -> tuple[Any, Any, Any]:
    learner = installed([LearnerSpec(name="network", params=QUICK | settings)])["network"]
    (candidate,) = learner.candidates(problem)
    prepared, matrix = prepare(problem, learner.flavour)
    fitted = learner.fit(candidate, problem, matrix, problem.target, None, watch)
    return fitted, prepared, matrix


@pytest.mark.parametrize("numeric", [False, True], ids=["classes", "numbers"])
def test_learns_what_no_sum_of_columns_tells(numeric: bool) -> None:
    spec = TrainSpec(folds=3, metric="rmse" if numeric else "roc_auc")
    learners = installed(["linear", LearnerSpec(name="network", params=QUICK)])
    framed = frame_problem(*world(numeric=numeric), DataSpec(source="", target="label"), spec)
    bench = Workbench(framed.problem, framed.folds, learners)
    budget = Budget(600)
    scores = {
        name: bench.perform(
            Job(candidate=learners[name].candidates(framed.problem)[0], fold=0),
            budget.deadline(),
            lambda share: None,
        )
        for name in ("linear", "network")
    }
    linear, network = scores["linear"].score, scores["network"].score
    assert linear is not None
    assert network is not None
    if numeric:
        assert network < 0.5 * linear
    else:
        assert network > linear + 0.2
    assert scores["network"].rounds is not None
    assert 1 <= scores["network"].rounds <= QUICK["epochs"]  # stopped by rows that were set apart


def test_is_served_as_a_graph_that_says_what_pytorch_said() -> None:
    from sklearn.pipeline import Pipeline

    given = world(120)
    problem = problem_of(given)
    fitted, prepared, _ = fit(problem, Watch(whole=True, rounds=3))
    assert fitted.rounds == 3
    pipeline = Pipeline([("prepare", prepared), ("model", fitted.model)])
    sample = given[0].slice(0, 20)
    files, proof = build_scorer_files(pipeline, problem.signature, sample)
    assert proof.compiled
    assert proof.largest_difference < 1e-5
    rows = sample.to_pylist()
    said = load_scorer(files.__getitem__, problem.signature).rows(rows)
    asked = pipeline.predict_proba(Decoder(problem.signature).table(sample))
    assert said.probabilities == pytest.approx(asked, abs=1e-5)


def test_the_same_seed_gives_the_same_network() -> None:
    problem = problem_of(world(100))
    answers = []
    for _ in range(2):
        fitted, _, matrix = fit(problem, Watch(rounds=2))
        answers.append(answer_of(fitted.model, matrix.values, 2))
    assert np.array_equal(answers[0], answers[1])


def test_says_what_a_setting_may_be() -> None:
    with pytest.raises(TrainingError, match="network has no setting 'widht'") as refused:
        fit(problem_of(world(60)), Watch(), widht=3)
    assert refused.value.now == "did you mean 'width'?"


def test_is_tried_only_where_it_is_named() -> None:
    assert "network" not in installed()
