import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from training_worlds import Listener, World, world_of

from keepwell.core.errors import TrainingError, UsageError
from keepwell.core.records import ColumnType, Task
from keepwell.core.spec import (
    DataSpec,
    LearnerSpec,
    SearchSpec,
    SplitSpec,
    ThresholdSpec,
    TrainSpec,
)
from keepwell.data.profiles import profile_table
from keepwell.deployment.scoring import build_scorer_files, load_scorer
from keepwell.features import Decoder
from keepwell.features.preparation import preparation
from keepwell.features.signature import infer_signature
from keepwell.training import Trained, train
from keepwell.training.learners import installed
from keepwell.training.workers.grant import LIBRARIES, OWN

QUICK = TrainSpec(
    budget=20.0, folds=3, learners=("lightgbm", "linear"), search=SearchSpec(trials=2)
)


def learnt(world: World, target: str, spec: TrainSpec = QUICK, **more: Any) -> Trained:
    data = DataSpec(source="", target=target, **more.pop("data", {}))
    return train(*world, data, spec, **more)


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


def churn_world(rows: int = 400) -> World:
    random = np.random.default_rng(7)
    months = random.integers(1, 60, rows)
    plan = random.choice(["basic", "plus", "pro"], rows)
    odds = -0.06 * months + 1.5 * (plan == "basic") + 0.6 * random.normal(size=rows) + 0.8
    left = np.where(odds > 0, "yes", "no")
    return world_of({"months": months, "plan": plan, "left": left})


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


def test_tests_on_the_rows_it_is_given_and_weighs_the_others() -> None:
    table, columns = churn_world()
    doubt = np.ones(400)
    doubt[:200] = 0.0
    mask = np.zeros(400, dtype=bool)
    mask[350:] = True
    found = learnt((table, columns), "left", test_rows=mask, weights=doubt)
    assert found.test_rows.tolist() == list(range(350, 400))
    assert found.split_reason == "the test rows were handed in"
    unweighted = learnt((table, columns), "left", test_rows=np.arange(350, 400))
    assert found.test_probabilities is not None
    assert unweighted.test_probabilities is not None
    assert not np.array_equal(found.test_probabilities, unweighted.test_probabilities)


def test_refuses_weights_that_do_not_fit() -> None:
    with pytest.raises(TrainingError, match="the weights do not fit the 400 rows"):
        learnt(churn_world(), "left", weights=[1.0, 2.0])


def test_names_positions_in_the_table_it_was_given_though_outcomes_are_missing() -> None:
    table, columns = churn_world()
    left = [None if row % 3 == 0 else value for row, value in enumerate(table["left"].to_pylist())]
    gaps = table.set_column(2, "left", pa.array(left))
    found = learnt((gaps, columns), "left")
    assert not any(row % 3 == 0 for row in found.test_rows)
    assert [left[row] for row in found.test_rows] == found.test_actual
    assert [finding.kind for finding in found.findings] == ["task", "split", "target"]


def test_splits_by_time_and_learns_from_its_parts() -> None:
    random = np.random.default_rng(4)
    hours = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=n) for n in range(1_000)]
    load = [50 + 20 * (8 <= hour.hour < 18) + random.normal() for hour in hours]
    world = world_of({"hour": pa.array(hours, pa.timestamp("us", tz="UTC")), "load": load})
    found = learnt(world, "load")
    assert found.test_rows.tolist() == list(range(800, 1_000))
    assert found.metrics["rmse"].value < 3
    assert found.importance == {"hour": 1.0}


def test_learns_from_prose() -> None:
    random = np.random.default_rng(5)
    words = np.array(["lovely", "awful", "table", "chair", "window"])
    kinds = random.integers(0, 2, 300)
    texts = [f"a {words[kind]} {random.choice(words[2:])} indeed" for kind in kinds]
    world = world_of({"text": texts, "good": kinds == 0}, text=ColumnType.TEXT)
    found = learnt(world, "good")
    assert found.signature.classes == (False, True)
    assert found.metrics["accuracy"].value == 1.0


def test_copes_with_gaps_infinities_and_odd_names() -> None:
    table, _ = churn_world()
    odd = {
        "class": [float("inf") if n % 50 == 0 else float(n % 7) for n in range(400)],
        'quo"te\n😀' + "x" * 300: [None if n % 9 == 0 else n for n in range(400)],
        "left": table["left"],
        "plan": table["plan"],
    }
    found = learnt(world_of(odd), "left")
    assert len(found.signature.inputs) == 3
    assert not any(field.required for field in found.signature.inputs[:2])


def test_keeps_classes_that_only_test_rows_have_as_misses() -> None:
    labels = ["a", "b"] * 40 + ["c"] * 20
    stamp = pa.array(range(100), pa.timestamp("s"))
    world = world_of({"x": np.arange(100) % 2, "t": stamp, "y": labels})
    found = learnt(world, "y", data={"time": "t"})
    assert found.signature.classes == ("a", "b")
    assert set(found.test_actual) == {"c"}
    assert found.metrics["accuracy"].value == 0.0
    assert "roc_auc" not in found.metrics


def test_brings_a_baseline_back_within_no_budget_at_all() -> None:
    found = learnt(churn_world(), "left", TrainSpec(budget=0.0))
    assert found.learner == "baseline"
    assert found.metrics["roc_auc"].value == 0.5
    assert set(found.importance.values()) == {0.0}


def test_keeps_the_budget() -> None:
    found = learnt(churn_world(20_000), "left", TrainSpec(budget=8.0))
    # How exactly it is kept is tested by clocks that do not run; here the machine may be busy with others.
    assert found.seconds < 8 * 5
    assert found.learner == "baseline" or found.metrics["roc_auc"].value > 0.9
    assert any(row.note for row in found.leaderboard)


def test_brings_something_back_within_a_second_and_says_what() -> None:
    random = np.random.default_rng(0)
    wide = {f"x{n}": random.normal(size=30_000) for n in range(30)}
    world = world_of({**wide, "y": np.where(wide["x0"] > 0, "a", "b")})
    found = learnt(world, "y", TrainSpec(budget=1.0))
    assert found.seconds < 8  # the machine may be busy with others
    if found.learner == "baseline":
        assert "the budget was too short" in found.findings[-1].message


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


def test_calibrates_on_request_and_says_so() -> None:
    found = learnt(churn_world(), "left", replace(QUICK, calibrate="isotonic"))
    assert any(finding.kind == "calibration" for finding in found.findings)
    assert found.metrics["roc_auc"].value > 0.9


def test_answers_from_a_threshold_that_is_served_as_it_was_measured() -> None:
    table, columns = churn_world()
    cost = ThresholdSpec(false_positive=1, false_negative=9)
    found = learnt((table, columns), "left", replace(QUICK, threshold=cost))
    usual = learnt((table, columns), "left")
    border = found.signature.threshold
    assert border is not None
    assert border < 0.5
    assert found.test_probabilities is not None
    said = np.where(found.test_probabilities[:, 1] >= border, "yes", "no").tolist()
    assert found.test_predictions == said
    assert found.metrics["recall"].value >= usual.metrics["recall"].value
    assert "threshold" in found.plots
    files, _ = build_scorer_files(found.pipeline, found.signature, table)
    scorer = load_scorer(files.__getitem__, found.signature)
    served = table.take(pa.array(found.test_rows))
    assert scorer.batch(served).predictions == said
    assert (
        scorer.rows(served.drop_columns(["left"]).slice(0, 3).to_pylist()).predictions == said[:3]
    )


def test_says_that_a_threshold_needs_two_classes() -> None:
    random = np.random.default_rng(1)
    x = random.normal(size=300)
    world = world_of({"x": x, "y": np.where(x > 0.5, "a", np.where(x < -0.5, "b", "c"))})
    found = learnt(world, "y", replace(QUICK, threshold=ThresholdSpec(metric="f1")))
    assert found.signature.threshold is None
    assert any("no threshold was chosen" in finding.message for finding in found.findings)


def test_learns_from_as_many_rows_as_memory_holds_and_refuses_to_learn_from_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("keepwell.training.workers.grant.resident", lambda: OWN)
    random = np.random.default_rng(0)
    wide = {f"x{n}": random.normal(size=20_000) for n in range(40)}
    world = world_of({**wide, "y": wide["x0"] + random.normal(size=20_000)})
    spec = replace(QUICK, learners=("linear",), budget=30.0)
    some = learnt(world, "y", replace(spec, memory=OWN + LIBRARIES + (90 << 20)))
    told = next(f.message for f in some.findings if "MB of memory" in f.message)
    assert "rows, drawn at random, were learnt from" in told
    with pytest.raises(TrainingError, match="MB of memory are too little") as refused:
        learnt(world, "y", replace(spec, memory=OWN + LIBRARIES))
    assert "memory: " in refused.value.now


def test_refuses_a_space_of_a_learner_that_is_not_there() -> None:
    spec = replace(QUICK, search=SearchSpec(space={"lightgmb": {"num_leaves": (4, 8)}}))
    with pytest.raises(UsageError, match="'lightgmb', which is no learner") as refused:
        learnt(churn_world(), "left", spec)
    assert "lightgbm" in refused.value.now


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


def test_refuses_a_metric_that_does_not_fit_the_task() -> None:
    with pytest.raises(UsageError, match="'rmse' does not fit a binary model"):
        learnt(churn_world(), "left", replace(QUICK, metric="rmse"))


@pytest.mark.parametrize("metric", ["accuracy", "f1", "log_loss", "average_precision"])
def test_optimises_the_metric_that_is_asked_for(metric: str) -> None:
    found = learnt(churn_world(), "left", replace(QUICK, metric=metric, learners=("linear",)))
    assert found.metric == metric
    assert found.leaderboard[0].mean == pytest.approx(found.metrics[metric].value, abs=0.1)


def test_learns_a_median_for_mean_absolute_error() -> None:
    random = np.random.default_rng(6)
    x = random.normal(size=400)
    world = world_of({"x": x, "y": x + random.standard_t(2, size=400)})
    found = learnt(world, "y", replace(QUICK, metric="mae"))
    assert found.metrics["mae"].value < 1.6


@pytest.mark.parametrize("by", ["random", "stratified"])
def test_divides_as_told(by: str) -> None:
    found = learnt(churn_world(), "left", replace(QUICK, split=SplitSpec(by=by, test=0.5)))
    assert 170 < len(found.test_rows) < 230


@pytest.mark.parametrize("rows", [10, 14, 25])
def test_makes_something_of_very_few_rows(rows: int) -> None:
    random = np.random.default_rng(rows)
    labels = np.where(np.arange(rows) % 2 == 0, "a", "b")
    found = learnt(world_of({"x": random.normal(size=rows), "y": labels}), "y")
    assert len(found.test_rows) >= 2
    assert "accuracy" in found.metrics


def test_makes_something_of_seven_classes_one_of_them_rare() -> None:
    random = np.random.default_rng(9)
    codes = np.concatenate([np.repeat(np.arange(6), 30), [6, 6]])
    x = codes + 0.2 * random.normal(size=len(codes))
    labels = np.array(["u", "v", "w", "x", "y", "z", "rare"])[codes]
    found = learnt(world_of({"x": x, "noise": random.normal(size=len(codes)), "y": labels}), "y")
    assert found.task is Task.MULTICLASS
    assert found.metric == "log_loss"
    assert len(found.signature.classes) == 7
    assert found.metrics["accuracy"].value > 0.8


def test_learns_beside_a_column_of_which_every_row_has_a_label_of_its_own() -> None:
    random = np.random.default_rng(0)
    rows = 30_000
    code = np.char.add("c", np.arange(rows).astype(str))
    x = random.normal(size=rows)
    world = world_of(
        {"code": code, "x": x, "y": np.where(x + random.normal(size=rows) > 0, "a", "b")}
    )
    spec = replace(QUICK, learners=("linear",), budget=120.0, search=SearchSpec(trials=0), folds=2)
    found = learnt(world, "y", spec)
    assert found.metrics["roc_auc"].value > 0.7
    assert len(found.signature.inputs[0].categories) <= 1_000


def test_frames_and_encodes_a_column_of_a_million_labels() -> None:
    rows = 1_000_000
    random = np.random.default_rng(0)
    shop, x = pa.array(np.arange(rows).astype(str)), random.normal(size=rows)
    table, columns = world_of({"shop": shop, "x": x}, shop=ColumnType.CATEGORY)
    signature = infer_signature(table, columns, ("shop", "x"), "", Task.CLUSTERING)
    assert len(signature.inputs[0].categories) <= 1_000
    frame = Decoder(signature).table(table)
    prepared = preparation(signature, "tree")
    codes = np.asarray(prepared.fit_transform(frame, random.normal(size=rows)))
    assert codes.shape[0] == rows
    assert codes.shape[1] <= 100
    seen = profile_table(table, columns).columns[0]
    assert seen.distinct == pytest.approx(rows, rel=0.05)
    assert len(seen.top) <= 1_000


def test_learns_from_ten_times_as_many_columns_as_rows() -> None:
    random = np.random.default_rng(0)
    columns: dict[str, Any] = {f"x{n}": random.normal(size=200) for n in range(1_997)}
    columns |= {"none": pa.nulls(200, pa.float64()), "same": ["a"] * 200}
    world = world_of({**columns, "y": np.where(columns["x7"] > 0, "a", "b")})
    spec = replace(QUICK, budget=6.0, folds=2, learners=("lightgbm",), features="off", repeats=1)
    found = learnt(world, "y", replace(spec, search=SearchSpec(trials=0)), data={"keep": ("x7",)})
    assert len(found.signature.inputs) == 1_997
    assert {f.column for f in found.findings if f.dropped} == {"none", "same"}
    if found.learner != "baseline":  # on a busy machine: it comes back, and says so
        assert found.metrics["roc_auc"].value > 0.9
        assert max(found.importance, key=lambda name: found.importance[name]) == "x7"


def test_learns_numbers_among_which_some_are_a_trillion_and_says_so() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=400)
    y = 3 * x + random.normal(size=400)
    y[:3] = 1e12
    found = learnt(world_of({"x": x, "y": y}), "y")
    told = [finding.message for finding in found.findings if finding.kind == "target"]
    assert any("3 of 400 rows have a 'y' far off the rest, up to 1e+12" in each for each in told)
    assert np.isfinite(found.test_predictions).all()
    assert all(np.isfinite(one.value) for one in found.metrics.values())
    plain = learnt(world_of({"x": x[3:], "y": y[3:]}), "y")
    assert not [finding for finding in plain.findings if "far off" in finding.message]


def test_tells_of_test_rows_that_were_learnt_from_once_more() -> None:
    random = np.random.default_rng(0)
    x, z = random.normal(size=300), random.normal(size=300)
    once = {"x": x, "z": z, "y": np.where(x + z > 0, "a", "b")}
    twice = {name: np.concatenate([values, values]) for name, values in once.items()}
    spec = replace(QUICK, learners=("linear",), repeats=1)
    told = [f.message for f in learnt(world_of(twice), "y", spec).findings if f.kind == "split"]
    assert any("hold the same in each column as a row that is learnt from" in each for each in told)
    told = [f.message for f in learnt(world_of(once), "y", spec).findings if f.kind == "split"]
    assert not any("hold the same" in each for each in told)


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
