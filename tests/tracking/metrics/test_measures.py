"""Every measure equals scikit-learn's."""

import warnings
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as sk  # noqa: TID253
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.records import Task
from keepwell.tracking.metrics import measure

LABELS = ("ant", "bee", "cat", "dog")


@st.composite
def answered(draw: st.DrawFn, classes: int) -> tuple[Any, Any, Any]:
    """True codes, predicted codes and probabilities; scores are coarse, so that ties occur."""
    rows = draw(st.integers(1, 40))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    raw = random.integers(0, draw(st.sampled_from([3, 50])), (rows, classes)) + 0.01
    probabilities = raw / raw.sum(axis=1, keepdims=True)
    return random.integers(0, classes, rows), probabilities.argmax(axis=1), probabilities


@settings(max_examples=150, deadline=None)
@given(answered(2))
def test_measures_two_classes_as_scikit_learn_does(world: tuple[Any, Any, Any]) -> None:
    actual, predicted, chances = world
    labels = np.array(LABELS[:2])
    given = measure(Task.BINARY, LABELS[:2], labels[actual], labels[predicted], chances)
    expected = {
        "accuracy": sk.accuracy_score(actual, predicted),
        "precision": sk.precision_score(actual, predicted, zero_division=0),
        "recall": sk.recall_score(actual, predicted, zero_division=0),
        "f1": sk.f1_score(actual, predicted, zero_division=0),
        "log_loss": sk.log_loss(actual, chances, labels=[0, 1]),
    }
    if 0 < actual.sum() < len(actual):
        expected["roc_auc"] = sk.roc_auc_score(actual, chances[:, 1])
        expected["average_precision"] = sk.average_precision_score(actual, chances[:, 1])
    assert given == pytest.approx(expected, abs=1e-9)


@settings(max_examples=150, deadline=None)
@given(answered(4))
def test_measures_many_classes_as_scikit_learn_does(world: tuple[Any, Any, Any]) -> None:
    actual, predicted, chances = world
    given = measure(Task.MULTICLASS, (0, 1, 2, 3), actual, predicted, chances)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = {
            "accuracy": sk.accuracy_score(actual, predicted),
            "precision": sk.precision_score(actual, predicted, average="macro", zero_division=0),
            "recall": sk.recall_score(actual, predicted, average="macro", zero_division=0),
            "f1": sk.f1_score(actual, predicted, average="macro", zero_division=0),
            "log_loss": sk.log_loss(actual, chances, labels=[0, 1, 2, 3]),
        }
        if len(set(actual)) == 4:
            expected["roc_auc"] = sk.roc_auc_score(actual, chances, multi_class="ovr")
            expected["average_precision"] = sk.average_precision_score(actual, chances)
    given = {name: given[name] for name in expected}
    assert given == pytest.approx(expected, abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(*[st.floats(-1e6, 1e6)] * 2), min_size=2, max_size=40))
def test_measures_numbers_as_scikit_learn_does(pairs: list[tuple[float, float]]) -> None:
    actual, predicted = np.array(pairs).T
    expected = {
        "rmse": sk.root_mean_squared_error(actual, predicted),
        "mae": sk.mean_absolute_error(actual, predicted),
        "r2": sk.r2_score(actual, predicted),
        "mse": sk.mean_squared_error(actual, predicted),
    }
    assert measure(Task.REGRESSION, (), actual, predicted) == pytest.approx(expected, rel=1e-9)


def test_leaves_out_what_one_class_cannot_decide() -> None:
    given = measure(Task.BINARY, ("no", "yes"), ["no"], ["no"], np.array([[0.9, 0.1]]))
    assert set(given) == {"accuracy", "precision", "recall", "f1", "log_loss"}


def test_leaves_out_what_needs_probabilities() -> None:
    given = measure(Task.BINARY, ("no", "yes"), ["no", "yes"], ["no", "no"])
    assert set(given) == {"accuracy", "precision", "recall", "f1"}


def test_counts_a_label_unknown_to_the_model_as_missed() -> None:
    chances = np.array([[0.9, 0.1], [0.2, 0.8], [0.2, 0.8]])
    given = measure(
        Task.BINARY, ("no", "yes"), ["no", "yes", "maybe"], ["no", "yes", "yes"], chances
    )
    assert given["accuracy"] == pytest.approx(2 / 3)
    assert given["precision"] == pytest.approx(1 / 2)
    assert given["roc_auc"] == 1.0


@pytest.mark.parametrize("task", list(Task))
def test_measures_nothing_of_no_rows(task: Task) -> None:
    assert measure(task, ("no", "yes"), [], [], np.empty((0, 2))) == {}
