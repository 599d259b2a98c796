import numpy as np
import pytest

from keepwell.core.records import Signature, Task
from keepwell.tracking.metrics import Scores
from keepwell.training.plots import gallery
from keepwell.training.trained import LeaderboardRow

BOARD = [LeaderboardRow(name="linear/plain", learner="linear", scores=(0.8, 0.9))]


def test_draws_the_positive_class_of_two() -> None:
    signature = Signature(task=Task.BINARY, target="y", inputs=(), classes=("no", "yes"))
    chance = np.array([0.1, 0.4, 0.35, 0.8])
    scores = Scores(
        predictions=["no", "no", "no", "yes"],
        probabilities=np.column_stack([1 - chance, chance]),
    )
    figures = gallery(signature, ["no", "no", "yes", "yes"], scores, {"x": 1.0}, BOARD, "roc_auc")
    roc = figures["roc_curve"]["data"][0]
    assert roc["name"] == "yes (area 0.750)"
    assert roc["x"] == [0.0, 0.0, 0.5, 0.5, 1.0]
    assert roc["y"] == [0.0, 0.5, 0.5, 1.0, 1.0]
    assert figures["confusion_matrix"]["data"][0]["z"] == [[2, 0], [1, 1]]
    calibration = figures["calibration"]["data"][1]
    assert calibration["x"] == pytest.approx([0.1, 0.35, 0.4, 0.8])
    assert calibration["customdata"] == [1, 1, 1, 1]
    assert figures["importance"]["data"][0]["y"] == ["x"]
    assert figures["cross_validation"]["data"][0]["x"] == [0.8, 0.9]


def test_draws_a_line_for_each_of_many_classes() -> None:
    labels = ("a", "b", "c")
    signature = Signature(task=Task.MULTICLASS, target="y", inputs=(), classes=labels)
    scores = Scores(predictions=list(labels), probabilities=np.eye(3) * 0.7 + 0.1)
    figures = gallery(signature, list(labels), scores, {}, BOARD, "log_loss")
    assert len(figures["roc_curve"]["data"]) == 4  # and guessing
    assert np.trace(figures["confusion_matrix"]["data"][0]["z"]) == 3


def test_keeps_figures_of_many_rows_small() -> None:
    random = np.random.default_rng(0)
    chance = random.random(50_000)
    signature = Signature(task=Task.BINARY, target="y", inputs=(), classes=(0, 1))
    scores = Scores(
        predictions=(chance > 0.5).astype(int),
        probabilities=np.column_stack([1 - chance, chance]),
    )
    actual = (random.random(50_000) < chance).astype(int).tolist()
    figures = gallery(signature, actual, scores, {}, BOARD, "roc_auc")
    assert len(figures["roc_curve"]["data"][0]["x"]) <= 300


def test_draws_what_a_regression_gets_wrong() -> None:
    signature = Signature(task=Task.REGRESSION, target="price", inputs=())
    scores = Scores(predictions=[1.0, 2.0, 3.0])
    figures = gallery(signature, [1.5, 2.0, 2.0], scores, {}, BOARD, "rmse")
    assert sorted(figures["residuals"]["data"][0]["y"]) == [-1.0, 0.0, 0.5]
    assert sum(figures["residual_histogram"]["data"][0]["y"]) == 3
    assert figures["predicted_vs_actual"]["layout"]["xaxis"]["title"]["text"] == "actual price"


def test_draws_how_many_positives_the_likeliest_rows_hold() -> None:
    signature = Signature(task=Task.BINARY, target="y", inputs=(), classes=("no", "yes"))
    chance = np.array([0.9, 0.8, 0.3, 0.2])
    scores = Scores(
        predictions=["yes", "yes", "no", "no"],
        probabilities=np.column_stack([1 - chance, chance]),
    )
    figures = gallery(signature, ["yes", "no", "yes", "no"], scores, {}, BOARD, "roc_auc")
    gain, lift = figures["gain"]["data"][0], figures["lift"]["data"][0]
    assert gain["x"] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert gain["y"] == [0.0, 0.5, 0.5, 1.0, 1.0]
    assert lift["y"] == pytest.approx([2.0, 1.0, 4 / 3, 1.0], abs=1e-5)
