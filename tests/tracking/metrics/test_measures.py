"""Every measure equals scikit-learn's."""

import warnings
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as sk  # noqa: TID253
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.records import Task
from keepwell.tracking.metrics import measure, metric_names
from keepwell.tracking.metrics.regression import pinball

LABELS = ("ant", "bee", "cat", "dog")


@st.composite
def answered(draw: st.DrawFn, classes: int) -> tuple[Any, Any, Any]:
    """True codes, predicted codes and probabilities; scores are coarse, so that ties occur."""
    rows = draw(st.integers(1, 40))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    raw = random.integers(0, draw(st.sampled_from([3, 50])), (rows, classes)) + 0.01
    probabilities = raw / raw.sum(axis=1, keepdims=True)
    return random.integers(0, classes, rows), probabilities.argmax(axis=1), probabilities


AVERAGES = ("macro", "weighted", "micro")


def averaged(actual: Any, predicted: Any) -> dict[str, float]:
    """What scikit-learn says about labels, whatever the number of classes."""
    scores = {
        "precision": sk.precision_score,
        "recall": sk.recall_score,
        "f1": sk.f1_score,
    }
    expected = {
        f"{name}_{average}": score(actual, predicted, average=average, zero_division=0)
        for name, score in scores.items()
        for average in AVERAGES
    }
    expected |= {
        "accuracy": sk.accuracy_score(actual, predicted),
        "balanced_accuracy": sk.balanced_accuracy_score(actual, predicted),
        "mcc": sk.matthews_corrcoef(actual, predicted),
    }
    if len({*actual, *predicted}) > 1:
        expected["kappa"] = sk.cohen_kappa_score(actual, predicted)
    return expected


def calibration_error(said: Any, was: Any) -> float:
    """Expected calibration error, written as its definition."""
    bins = np.minimum((said * 10).astype(int), 9)
    gaps = [
        abs(said[bins == at].mean() - was[bins == at].mean()) * (bins == at).mean()
        for at in set(bins.tolist())
    ]
    return float(sum(gaps))


@settings(max_examples=120, deadline=None)
@given(answered(2))
def test_measures_two_classes_as_scikit_learn_does(world: tuple[Any, Any, Any]) -> None:
    actual, predicted, chances = world
    labels = np.array(LABELS[:2])
    given = measure(Task.BINARY, LABELS[:2], labels[actual], labels[predicted], chances)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = averaged(actual, predicted) | {
            "precision": sk.precision_score(actual, predicted, zero_division=0),
            "recall": sk.recall_score(actual, predicted, zero_division=0),
            "f1": sk.f1_score(actual, predicted, zero_division=0),
            "specificity": sk.recall_score(actual, predicted, pos_label=0, zero_division=0),
            "log_loss": sk.log_loss(actual, chances, labels=[0, 1]),
            "brier": sk.brier_score_loss(actual, chances[:, 1], labels=[0, 1]),
            "ece": calibration_error(chances[:, 1], actual == 1),
        }
    if 0 < actual.sum() < len(actual):
        expected["roc_auc"] = sk.roc_auc_score(actual, chances[:, 1])
        expected["average_precision"] = sk.average_precision_score(actual, chances[:, 1])
    assert given == pytest.approx(expected, abs=1e-9)


@settings(max_examples=120, deadline=None)
@given(st.one_of(answered(4), answered(7)))
def test_measures_many_classes_as_scikit_learn_does(world: tuple[Any, Any, Any]) -> None:
    actual, predicted, chances = world
    classes = list(range(chances.shape[1]))
    given = measure(Task.MULTICLASS, classes, actual, predicted, chances)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = averaged(actual, predicted) | {
            "log_loss": sk.log_loss(actual, chances, labels=classes),
            "brier": np.mean(np.sum((chances - np.eye(len(classes))[actual]) ** 2, axis=1)),
            "ece": calibration_error(chances.max(axis=1), chances.argmax(axis=1) == actual),
        }
        expected |= {name: expected[f"{name}_macro"] for name in ("precision", "recall", "f1")}
        if len(set(actual)) == len(classes):
            expected["roc_auc"] = sk.roc_auc_score(actual, chances, multi_class="ovr")
            expected["roc_auc_weighted"] = sk.roc_auc_score(
                actual, chances, multi_class="ovr", average="weighted"
            )
            expected["average_precision"] = sk.average_precision_score(actual, chances)
            expected["brier"] = sk.brier_score_loss(actual, chances, labels=classes)
        for count in (3, 5):
            if len(classes) > count:
                expected[f"top_{count}_accuracy"] = sk.top_k_accuracy_score(
                    actual, chances, k=count, labels=classes
                )
    assert {name: given[name] for name in expected} == pytest.approx(expected, abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(*[st.floats(-1e6, 1e6)] * 2), min_size=2, max_size=40))
def test_measures_numbers_as_scikit_learn_does(pairs: list[tuple[float, float]]) -> None:
    actual, predicted = np.array(pairs).T
    expected = {
        "rmse": sk.root_mean_squared_error(actual, predicted),
        "mae": sk.mean_absolute_error(actual, predicted),
        "r2": sk.r2_score(actual, predicted),
        "mse": sk.mean_squared_error(actual, predicted),
        "median_ae": sk.median_absolute_error(actual, predicted),
        "max_error": sk.max_error(actual, predicted),
        "explained_variance": sk.explained_variance_score(actual, predicted),
        **{
            f"pinball_{percent}": sk.mean_pinball_loss(actual, predicted, alpha=percent / 100)
            for percent in (10, 50, 90)
        },
    }
    if actual.all():
        expected["mape"] = sk.mean_absolute_percentage_error(actual, predicted)
    if min(actual.min(), predicted.min()) >= 0:
        expected["rmsle"] = sk.root_mean_squared_log_error(actual, predicted)
    assert measure(Task.REGRESSION, (), actual, predicted) == pytest.approx(
        expected, rel=1e-9, abs=1e-9
    )


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.01, 1e6), min_size=2, max_size=40))
def test_measures_amounts_as_scikit_learn_does(amounts: list[float]) -> None:
    actual = np.array(amounts)
    given = measure(Task.REGRESSION, (), actual, actual[::-1])
    expected = {
        "mape": sk.mean_absolute_percentage_error(actual, actual[::-1]),
        "rmsle": sk.root_mean_squared_log_error(actual, actual[::-1]),
    }
    assert {name: given[name] for name in expected} == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_leaves_out_what_these_numbers_cannot_decide() -> None:
    given = measure(Task.REGRESSION, (), [0.0, 1.0], [-1.0, 2.0])
    of_quantiles = {"pinball_loss", "interval_coverage"}
    assert set(metric_names(Task.REGRESSION)) - set(given) == {"mape", "rmsle"} | of_quantiles


def test_leaves_out_what_one_class_cannot_decide() -> None:
    given = measure(Task.BINARY, ("no", "yes"), ["no"], ["no"], np.array([[0.9, 0.1]]))
    undecided = {"roc_auc", "average_precision", "kappa"}
    of_many = {"roc_auc_weighted", "top_3_accuracy", "top_5_accuracy"}
    assert set(metric_names(Task.BINARY)) - set(given) == undecided | of_many


def test_leaves_out_what_needs_probabilities() -> None:
    given = measure(Task.BINARY, ("no", "yes"), ["no", "yes"], ["no", "no"])
    assert {"accuracy", "mcc", "kappa"} <= set(given)
    assert not set(given) & {"log_loss", "roc_auc", "brier", "ece"}


def test_measures_no_more_than_it_is_asked_for() -> None:
    given = measure(Task.BINARY, (0, 1), [0, 1], [0, 1], np.eye(2), only={"mcc", "roc_auc"})
    assert given == {"roc_auc": 1.0, "mcc": 1.0}


def test_puts_a_forecast_of_a_quantile_first_by_its_own_loss() -> None:
    actual = np.random.default_rng(0).normal(size=2_000)
    levels = np.linspace(-3, 3, 61)
    best = levels[np.argmin([pinball(actual, np.full(2_000, at), 0.9) for at in levels])]
    assert best == pytest.approx(np.quantile(actual, 0.9), abs=0.1)


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
