"""Texts learnt from by their words and letters."""

from typing import Any

import numpy as np
import pytest
from review_texts import reviews
from training_worlds import World, world_of

from keepwell.core.records import ColumnType
from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.deployment.scoring import build_scorer_files
from keepwell.training import train
from keepwell.training.framing import frame_problem
from keepwell.training.learners import installed
from keepwell.training.problem import Problem, answer_of
from keepwell.training.search.matrices import FoldMatrices


def problem_of(world: World, target: str = "label") -> tuple[Problem, FoldMatrices]:
    framed = frame_problem(*world, DataSpec(source="", target=target), TrainSpec())
    return framed.problem, FoldMatrices(framed.problem, framed.folds[0])


def losses(problem: Problem, rows: FoldMatrices, learner: str, metric: str) -> list[float]:
    """The metric of each candidate on the held-out rows."""
    from keepwell.training.learners import Watch

    one = installed([learner])[learner]
    train_rows, held = rows.of(one.flavour)
    target, actual = rows.actual
    found = []
    for candidate in one.candidates(problem):
        model = one.fit(candidate, problem, train_rows, target, rows.weights, Watch()).model
        answer = answer_of(model, held.values, problem.classes)
        found.append(problem.measure(actual, answer)[metric])
    return found


@pytest.mark.parametrize("classes", [2, 3])
def test_sees_through_misspellings_that_whole_words_do_not(classes: int) -> None:
    problem, rows = problem_of(reviews(classes))
    by_letters = losses(problem, rows, "text", "log_loss")
    by_words = losses(problem, rows, "linear", "log_loss")
    assert min(by_letters) < min(by_words)
    assert max(by_letters) < losses(problem, rows, "baseline", "log_loss")[0]


def test_offers_nothing_where_there_is_no_text(churn: World) -> None:
    problem, _ = problem_of(churn, "left")
    assert installed(["text"])["text"].candidates(problem) == []


def test_fits_numbers_too() -> None:
    table, _ = reviews()
    stars = np.where(np.array(table["label"].to_pylist()) == "good", 5.0, 1.0)
    noisy = stars + np.random.default_rng(0).normal(size=len(stars)) * 0.3
    world = world_of({"text": table["text"], "stars": noisy}, text=ColumnType.TEXT)
    problem, rows = problem_of(world, "stars")
    mean = losses(problem, rows, "baseline", "rmse")[0]
    assert max(losses(problem, rows, "text", "rmse")) < mean


def test_weighs_rows_as_asked() -> None:
    problem, rows = problem_of(reviews())
    from keepwell.training.modalities.text.classifiers import fit_classes

    values, target = rows.of("text")[0].values, rows.actual[0]
    settings: dict[str, Any] = {"C": 1.0, "seed": 0}
    for hinge in (False, True):
        even = fit_classes(values, target, None, hinge=hinge, **settings)
        tilted = fit_classes(
            values, target, np.where(target == 1, 20.0, 1.0), hinge=hinge, **settings
        )
        assert tilted.predict_proba(values)[:, 1].mean() > even.predict_proba(values)[:, 1].mean()
    assert problem.classes == 2


@pytest.mark.parametrize("classes", [2, 3])
def test_is_served_without_laying_out_the_terms(classes: int) -> None:
    table, columns = reviews(classes, rows=400)
    words = np.random.default_rng(1).integers(0, 99_999, (400, 16)).astype(str)
    texts = [
        f"{text} {' '.join(more)}"
        for text, more in zip(table["text"].to_pylist(), words, strict=True)
    ]
    wide = table.set_column(0, "text", [texts])
    spec = TrainSpec(budget=4, folds=2, learners=("text",))
    trained = train(wide, columns, DataSpec(source="", target="label"), spec)
    assert trained.learner == "text"
    assert trained.importance["text"] > 0.5
    files, proof = build_scorer_files(trained.pipeline, trained.signature, wide.slice(0, 60))
    assert proof.compiled
    assert proof.largest_difference <= 1e-9
    assert b"keepwell.WideColumns" in files["scorer.json"]
