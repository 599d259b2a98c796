"""A training does as it is told: rows, budget, metric, threshold, memory; or says why it cannot."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pytest
from quick_training import QUICK, churn_world, learnt
from training_worlds import world_of

from keepwell.core.errors import TrainingError, UsageError
from keepwell.core.spec import SearchSpec, SplitSpec, ThresholdSpec, TrainSpec
from keepwell.deployment.scoring import build_scorer_files, load_scorer
from keepwell.training import trainer
from keepwell.training.trained import LeaderboardRow
from keepwell.training.workers.grant import LIBRARIES, OWN


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


@pytest.mark.parametrize(("note", "lost"), [("", True), ("stopped when its time was up", False)])
def test_who_was_stopped_before_it_learnt_anything_says_nothing_of_the_inputs(
    note: str, lost: bool
) -> None:
    def row(learner: str, note: str = "") -> LeaderboardRow:
        return LeaderboardRow(
            name=learner, learner=learner, params={}, mean=0.5, low=None, high=None, scores=(0.5,),
            seconds=1.0, note=note,
        )  # fmt: skip

    chosen = SimpleNamespace(leaderboard=lambda: (row("baseline"), row("lightgbm", note)))
    assert trainer._lost(cast("Any", chosen), "roc_auc") is lost


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
