"""The law of estimates: right without shift, following covariate shift, blind to concept drift."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from keepwell.core.records import ColumnType, Estimate, Field, Signature, Task
from keepwell.infrastructure.codec import from_json, to_json
from keepwell.monitoring.estimation import Answers, Reference, estimate, fit_reference
from keepwell.monitoring.estimation.calibration import calibrate
from keepwell.tracking.metrics import Scores, intervals, measure

LABELS = Signature(
    task=Task.BINARY,
    target="y",
    classes=("no", "yes"),
    inputs=(Field(name="x", type=ColumnType.NUMBER),),
)
NUMBERS = Signature(
    task=Task.REGRESSION,
    target="y",
    inputs=(
        Field(name="x", type=ColumnType.NUMBER),
        Field(name="where", type=ColumnType.CATEGORY, categories=("town", "land")),
    ),
)
TOLD = ("roc_auc", "accuracy", "log_loss", "f1", "brier")


@dataclass
class World:
    """Rows whose truth is known, and a model whose probabilities are too sure of themselves."""

    seed: int
    middle: float = 0.0
    turned: bool = False

    def rows(self, number: int) -> tuple[Answers, list[str]]:
        random = np.random.default_rng(self.seed)
        x = random.normal(self.middle, 1.0, number)
        chance = 1 / (1 + np.exp(-(1.5 * x - 0.5) * (-1 if self.turned else 1)))
        truth = random.random(number) < chance
        said = 1 / (1 + np.exp(-2.5 * (1.5 * x - 0.5)))
        answers = Answers(
            predictions=np.where(said > 0.5, "yes", "no").tolist(),
            probabilities=np.column_stack([1 - said, said]),
            columns={"x": pa.array(x)},
        )
        return answers, np.where(truth, "yes", "no").tolist()


def known(answers: Answers, truth: Any) -> tuple[Reference, dict[str, Estimate]]:
    scores = Scores(predictions=answers.predictions, probabilities=answers.probabilities)
    reference = fit_reference(LABELS, answers.columns, truth, scores)
    return reference, intervals(Task.BINARY, LABELS.classes, truth, scores, only=set(TOLD))


def truth_of(answers: Answers, truth: list[str]) -> dict[str, float]:
    return measure(
        Task.BINARY, LABELS.classes, truth, answers.predictions, answers.probabilities, only=TOLD
    )


@pytest.fixture(scope="module")
def tested() -> tuple[Reference, dict[str, Estimate]]:
    return known(*World(seed=1).rows(1500))


def test_without_shift_outcomes_lie_within_the_interval(
    tested: tuple[Reference, dict[str, Estimate]],
) -> None:
    reference, promised = tested
    inside = dict.fromkeys(TOLD, 0)
    windows = 25
    for seed in range(windows):
        answers, truth = World(seed=100 + seed).rows(400)
        seen = truth_of(answers, truth)
        guess = estimate(reference, LABELS, answers, promised=promised, wanted=TOLD).metrics
        for name in TOLD:
            low, high = guess[name].low, guess[name].high
            assert low is not None
            assert high is not None
            inside[name] += low <= seen[name] <= high
    assert min(inside.values()) >= windows - 3, inside


@pytest.mark.parametrize("middle", [-1.0, 1.6])
def test_it_follows_inputs_that_move(
    tested: tuple[Reference, dict[str, Estimate]], middle: float
) -> None:
    reference, promised = tested
    answers, truth = World(seed=5, middle=middle).rows(3000)
    seen = truth_of(answers, truth)
    guess = estimate(reference, LABELS, answers, promised=promised, wanted=TOLD).metrics
    for name in ("accuracy", "log_loss", "f1"):
        moved = abs(seen[name] - promised[name].value)
        assert moved > 0.02, f"the test's shift does not move {name}"
        assert abs(guess[name].value - seen[name]) < 0.4 * moved, name


def test_it_cannot_see_that_the_relation_changed(
    tested: tuple[Reference, dict[str, Estimate]],
) -> None:
    reference, promised = tested
    answers, truth = World(seed=6, turned=True).rows(2000)
    guess = estimate(reference, LABELS, answers, promised=promised).metrics["accuracy"]
    assert truth_of(answers, truth)["accuracy"] < 0.4
    assert guess.value == pytest.approx(promised["accuracy"].value, abs=0.03)


def test_the_expected_confusion_matrix_is_the_sum_of_chances(
    tested: tuple[Reference, dict[str, Estimate]],
) -> None:
    reference, promised = tested
    answers, _ = World(seed=7).rows(1000)
    guess = estimate(reference, LABELS, answers, promised=promised)
    matrix = np.array(guess.confusion)
    assert matrix.sum() == pytest.approx(1000, abs=0.1)
    assert matrix[:, 1].sum() == list(answers.predictions).count("yes")
    assert np.trace(matrix) / 1000 == pytest.approx(guess.metrics["accuracy"].value, abs=0.005)


def test_several_classes_are_estimated_as_they_are_measured() -> None:
    signature = Signature(task=Task.MULTICLASS, target="y", inputs=(), classes=("a", "b", "c"))

    def rows(seed: int, number: int) -> tuple[Scores, list[str]]:
        random = np.random.default_rng(seed)
        chances = random.dirichlet((0.6, 0.6, 0.6), number)
        places = (random.random((number, 1)) > chances.cumsum(axis=1)[:, :-1]).sum(axis=1)
        said = np.array(signature.classes)[chances.argmax(axis=1)].tolist()
        return (
            Scores(predictions=said, probabilities=chances),
            np.array(signature.classes)[places].tolist(),
        )

    scores, truth = rows(1, 1200)
    reference = fit_reference(signature, {}, truth, scores)
    assert len(reference.curves) == 3
    scores, truth = rows(2, 1500)
    answers = Answers(predictions=scores.predictions, probabilities=scores.probabilities)
    seen = measure(
        Task.MULTICLASS, signature.classes, truth, scores.predictions, scores.probabilities
    )
    guess = estimate(reference, signature, answers).metrics
    assert guess["accuracy"].value == pytest.approx(seen["accuracy"], abs=0.04)
    assert guess["roc_auc"].value == pytest.approx(seen["roc_auc"], abs=0.03)


def numbers(
    seed: int, number: int, *, land: float = 0.5, worse: float = 1.0
) -> tuple[dict[str, pa.Array], Any, Any]:
    """Make answers that are three times as far off on the land as in town."""
    random = np.random.default_rng(seed)
    where = random.random(number) < land
    x = random.normal(10, 3, number)
    said = 2 * x
    truth = said + random.normal(0, 1, number) * np.where(where, 3.0, 1.0) * worse
    columns = {"x": pa.array(x), "where": pa.array(np.where(where, "land", "town").tolist())}
    return columns, said, truth


@pytest.fixture(scope="module")
def losses() -> Reference:
    columns, said, truth = numbers(1, 1200)
    return fit_reference(NUMBERS, columns, truth, Scores(predictions=said))


def test_losses_of_numbers_are_within_the_interval_and_follow_the_mix(losses: Reference) -> None:
    assert losses.method == "loss"
    assert losses.absolute is not None
    assert losses.absolute.gain > 0.1
    _, said, truth = numbers(1, 1200)
    promised = intervals(Task.REGRESSION, (), truth, Scores(predictions=said), only={"rmse", "mae"})
    inside = 0
    for seed in range(12):
        columns, said, truth = numbers(50 + seed, 400)
        guess = estimate(
            losses, NUMBERS, Answers(predictions=said, columns=columns), promised=promised
        ).metrics["rmse"]
        rmse = float(np.sqrt(np.mean((said - truth) ** 2)))
        assert guess.low is not None
        assert guess.high is not None
        inside += guess.low <= rmse <= guess.high
    assert inside >= 10
    for land, rmse in ((0.05, 1.18), (0.95, 2.93)):
        columns, said, _ = numbers(9, 2000, land=land)
        guess = estimate(losses, NUMBERS, Answers(predictions=said, columns=columns)).metrics[
            "rmse"
        ]
        assert abs(guess.value - rmse) < 0.4 * abs(promised["rmse"].value - rmse)


def test_a_noisier_world_is_not_seen_in_the_inputs(losses: Reference) -> None:
    columns, said, truth = numbers(3, 1000, worse=3.0)
    guess = estimate(losses, NUMBERS, Answers(predictions=said, columns=columns)).metrics["rmse"]
    assert float(np.sqrt(np.mean((said - truth) ** 2))) > 2 * guess.value


def test_what_the_loss_does_not_depend_on_is_its_mean() -> None:
    random = np.random.default_rng(0)
    said = random.normal(0, 1, 500)
    columns = {"x": pa.array(random.normal(0, 1, 500)), "where": pa.array(["town"] * 500)}
    reference = fit_reference(
        NUMBERS, columns, (said + random.normal(0, 2, 500)).tolist(), Scores(predictions=said)
    )
    assert reference.absolute is not None
    assert reference.absolute.trees == ""
    guess = estimate(reference, NUMBERS, Answers(predictions=said, columns=columns)).metrics
    assert guess["mae"].value == pytest.approx(2 * np.sqrt(2 / np.pi), rel=0.1)


@pytest.mark.parametrize("kept", ["labels", "losses"])
def test_a_reference_is_plain_data(
    kept: str, tested: tuple[Reference, dict[str, Estimate]], losses: Reference
) -> None:
    reference = tested[0] if kept == "labels" else losses
    assert from_json(Reference, to_json(reference)) == reference


def test_what_cannot_be_estimated_says_why() -> None:
    bare = fit_reference(LABELS, {}, ["yes"] * 50, Scores(predictions=["yes"] * 50))
    assert (bare.method, bare.note) == (
        "",
        "the model gives no probabilities: its confidence is not known",
    )
    few = fit_reference(
        LABELS, {}, ["yes", "no"], Scores(predictions=["yes", "no"], probabilities=np.eye(2))
    )
    assert "2 rows with an outcome are too few" in few.note
    lists = Signature(task=Task.MULTILABEL, target="y", inputs=(), classes=("a", "b"))
    assert "multilabel" in fit_reference(lists, {}, [], Scores(predictions=[])).note
    assert estimate(bare, LABELS, Answers(predictions=["yes"])).metrics == {}


@pytest.mark.parametrize(
    ("rows", "best"), [(3000, {"sigmoid", "isotonic"}), (60, {"none", "sigmoid"})]
)
def test_the_correction_that_surprises_least_is_taken(rows: int, best: set[str]) -> None:
    random = np.random.default_rng(2)
    chance = random.random(rows)
    true = (random.random(rows) < chance).astype(float)
    logit = np.log(chance / (1 - chance))
    name, curve = calibrate(1 / (1 + np.exp(-3 * logit)), true)
    assert name in best
    if rows > 1000:
        at = np.array([0.1, 0.3, 0.7, 0.9])
        assert np.abs(curve.at(1 / (1 + np.exp(-3 * np.log(at / (1 - at))))) - at).max() < 0.08
