"""What a training brings back, and what it says of how it came to it."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from quick_training import QUICK, churn_world, learnt
from training_worlds import Listener, world_of

from keepwell.core.records import ColumnType, Task
from keepwell.core.spec import LearnerSpec, SearchSpec, TrainSpec
from keepwell.features import Decoder
from keepwell.training import Trained
from keepwell.training.learners import installed


@pytest.fixture(scope="module")
def classified() -> Trained:
    return learnt(churn_world(), "left", replace(QUICK, learning_curve="off"))


@pytest.fixture(scope="module")
def regressed() -> Trained:
    random = np.random.default_rng(2)
    area, city = random.uniform(20, 200, 400), random.choice(["a", "b"], 400)
    price = 3 * area + 50 * (city == "b") + 5 * random.normal(size=400)
    world = world_of({"area": area, "city": city, "price": price})
    return learnt(world, "price", replace(QUICK, learning_curve="off"))


def test_measures_two_classes_on_untouched_rows(classified: Trained) -> None:
    assert classified.task is Task.BINARY
    assert classified.metric == "roc_auc"
    assert classified.signature.classes == ("no", "yes")
    area = classified.metrics["roc_auc"]
    assert area.low is not None
    assert area.high is not None
    assert 0.9 < area.low < area.value < area.high <= 1.0
    assert len(classified.test_rows) == len(classified.test_actual)
    assert 60 < len(classified.test_rows) < 100
    assert set(classified.metrics) >= {"accuracy", "f1", "log_loss", "precision", "recall"}


def test_says_what_it_decided(classified: Trained) -> None:
    assert [finding.message for finding in classified.findings] == [
        "'left' holds two values, no, yes: the task is binary",
        f"{len(classified.test_rows)} of 400 rows are for the test: rows drawn at random, each class in"
        " its share",
    ]


def test_measures_numbers_on_untouched_rows(regressed: Trained) -> None:
    assert regressed.task is Task.REGRESSION
    assert regressed.metric == "rmse"
    assert 4 < regressed.metrics["rmse"].value < 8
    assert regressed.test_probabilities is None
    assert regressed.learner == "linear"  # a straight line is what a straight line fits best


def test_hands_over_a_pipeline_that_predicts_codes(classified: Trained) -> None:
    table, _ = churn_world()
    frame = Decoder(classified.signature).table(table.take(pa.array(classified.test_rows)))
    chances = classified.pipeline.predict_proba(frame)
    assert classified.test_probabilities is not None
    assert np.array_equal(chances, classified.test_probabilities)
    codes = classified.pipeline.predict(frame)
    assert [classified.signature.classes[code] for code in codes] == classified.test_predictions


def test_ranks_candidates_and_takes_the_first(classified: Trained) -> None:
    first = classified.leaderboard[0]
    assert first.learner == classified.learner
    assert first.mean is not None
    assert first.low is not None
    assert first.low < first.mean
    assert {row.learner for row in classified.leaderboard} <= set(installed())
    assert {row.learner for row in classified.leaderboard} >= {"baseline", "lightgbm", "linear"}


def test_shares_the_importance_out_among_input_columns(classified: Trained) -> None:
    assert set(classified.importance) == {"months", "plan"}
    assert sum(classified.importance.values()) == pytest.approx(1.0)
    assert min(classified.importance.values()) > 0.1


def test_draws_figures_that_json_can_carry(classified: Trained, regressed: Trained) -> None:
    both = {"importance", "cross_validation"}
    curves = {
        "roc_curve", "precision_recall_curve", "calibration", "confusion_matrix", "gain", "lift",
    }  # fmt: skip
    assert set(classified.plots) == both | curves
    assert set(regressed.plots) == both | {
        "predicted_vs_actual",
        "residuals",
        "residual_histogram",
    }
    for figure in [*classified.plots.values(), *regressed.plots.values()]:
        assert json.loads(json.dumps(figure, allow_nan=False)) == figure
        assert figure["data"]


def test_profiles_inputs_and_predictions(classified: Trained, regressed: Trained) -> None:
    assert [column.name for column in classified.profile.columns] == [
        "months",
        "plan",
        "prediction",
    ]
    assert classified.profile.rows == 400 - len(classified.test_rows)
    said = classified.profile.column("prediction")
    assert said is not None
    assert said.type is ColumnType.CATEGORY
    assert {label for label, _ in said.top} == {"no", "yes"}
    number = regressed.profile.column("prediction")
    assert number is not None
    assert number.type is ColumnType.NUMBER
    assert number.rows == len(regressed.test_rows)


def test_shows_training_validation_and_test_side_by_side(classified: Trained) -> None:
    scores = classified.overfit
    assert scores.train is not None
    assert scores.validation == classified.leaderboard[0].mean
    assert scores.test == classified.metrics["roc_auc"].value
    assert scores.warning == ""


def test_warns_of_a_model_that_only_remembers() -> None:
    random = np.random.default_rng(0)
    noise = {f"x{n}": random.normal(size=300) for n in range(20)}
    target = noise["x0"] + 6 * random.normal(size=300)
    found = learnt(world_of({**noise, "y": target}), "y", replace(QUICK, learners=("lightgbm",)))
    assert "does not carry over to new rows" in found.overfit.warning
    assert found.findings[-1].message == found.overfit.warning


def test_gives_the_same_model_for_the_same_seed(classified: Trained) -> None:
    again = learnt(churn_world(), "left")
    assert again.metrics == classified.metrics
    assert again.test_rows.tolist() == classified.test_rows.tolist()
    assert [row.scores for row in again.leaderboard] == [
        row.scores for row in classified.leaderboard
    ]


def test_tells_how_the_search_went(classified: Trained) -> None:
    report = classified.search
    assert report is not None
    assert report.method == "auto"
    assert report.tried >= 8
    assert report.folds > 20
    assert "enough for some" in report.estimate
    scores = [point.score for point in report.curve]
    assert scores == sorted(scores)
    assert report.curve[0].trial == "baseline"


def test_warns_where_nothing_beats_the_baseline() -> None:
    random = np.random.default_rng(1)
    noise = {f"x{n}": random.normal(size=200) for n in range(3)}
    world = world_of({**noise, "y": random.choice(["a", "b"], 200)})
    found = learnt(world, "y")
    messages = " ".join(finding.message for finding in found.findings)
    assert "may be chance" in messages or "nothing beat the baseline" in messages


def test_repeats_the_cross_validation_of_few_rows(classified: Trained) -> None:
    assert len(classified.leaderboard[0].scores) == 6 or classified.learner == "ensemble"
    once = learnt(churn_world(), "left", replace(QUICK, repeats=1, ensemble=1))
    assert len(once.leaderboard[0].scores) == 3
    assert once.learner != "ensemble"


def test_reports_progress_on_fifty_thousand_rows(listener: Listener) -> None:
    found = learnt(churn_world(50_000), "left", TrainSpec(budget=4.0), progress=listener)
    assert found.metrics["roc_auc"].value > 0.9
    messages = [message for message, _, _ in listener.heard]
    assert messages[0] == "looking at the target and the columns"
    assert any(message.startswith("trying lightgbm/plain, fold 1 of 5") for message in messages)
    assert any(message.endswith("rows") and " to all " in message for message in messages)
    assert messages[-1].endswith("test rows")
    fractions = [fraction for _, fraction, _ in listener.heard if fraction is not None]
    assert all(0 <= fraction <= 1 for fraction in fractions)


def test_fits_the_members_of_an_ensemble_by_several_seeds() -> None:
    from keepwell.training.ensembling.combining import members_of

    random = np.random.default_rng(4)
    x, z = random.normal(size=600), random.normal(size=600)
    y = x + np.sin(3 * z) + 0.5 * random.normal(size=600)
    quick = [
        LearnerSpec(name="lightgbm", params={"learning_rate": 0.3, "num_leaves": leaves})
        for leaves in (4, 12)
    ]
    spec = replace(
        QUICK, repeats=1, budget=120.0, search=SearchSpec(trials=0), learners=tuple(quick)
    )
    found = learnt(world_of({"x": x, "z": z, "y": y}), "y", spec)
    parts = [(m.named_steps["model"], weight) for m, weight in members_of(found.pipeline)]
    seeds = [m.random_state for m, _ in parts if type(m).__name__ == "LGBMRegressor"]
    assert found.learner == "ensemble"
    assert len(set(seeds)) == 3
    assert sum(weight for _, weight in parts) == pytest.approx(1.0)
