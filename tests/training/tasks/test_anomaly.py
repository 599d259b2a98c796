"""Odd rows are told without labels, measured with them, and served with a score."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from training_cuts import cut, must_depend_on_rows_and_seed, resumed, taken_over
from training_worlds import World, world_of

from keepwell.core.errors import TrainingError
from keepwell.core.records import Task
from keepwell.core.spec import DataSpec, GateSpec, TrainSpec
from keepwell.deployment.scoring import build_scorer_files, load_scorer
from keepwell.training import train
from keepwell.training.gates import judge
from keepwell.training.tasks.anomaly.exam import known_odd
from keepwell.training.tasks.exams import exam_of

SPEC = TrainSpec(task=Task.ANOMALY, budget=8.0)


def machines(rows: int = 400) -> World:
    """A pressure that follows the temperature, but for one row in forty."""
    random = np.random.default_rng(0)
    heat = random.normal(size=rows)
    pressure = 2 * heat + random.normal(size=rows) * 0.2
    broken = np.arange(rows) % 40 == 0
    pressure[broken] = -2 * heat[broken] + 5
    kind = random.choice(["x", "y"], rows)
    state = np.where(broken, "broken", "ok")
    return world_of({"heat": heat, "pressure": pressure, "kind": kind, "state": state})


def test_tells_odd_rows_and_measures_it_by_labels() -> None:
    table, columns = machines()
    data = DataSpec(source="-", labels="state")
    trained = train(table, columns, data, SPEC)
    assert trained.signature.classes == ("normal", "anomaly")
    assert trained.metric == "average_precision"
    assert trained.metrics["roc_auc"].value > 0.95
    assert "state" not in [field.name for field in trained.signature.inputs]
    files, proof = build_scorer_files(trained.pipeline, trained.signature, table)
    assert proof.compiled
    assert proof.largest_difference <= 1e-9
    scorer = load_scorer(files.__getitem__, trained.signature)
    answer = scorer.rows(
        [
            {"heat": 1.0, "pressure": -6.0, "kind": "x"},
            {"heat": 0.1, "pressure": 0.2, "kind": "x"},
        ]
    )
    assert answer.predictions == ["anomaly", "normal"]
    exam = exam_of(trained.signature, table.take(pa.array(trained.test_rows)), data)
    verdict = judge(
        GateSpec(min={"made_auc": 0.5, "flagged": 0.3, "roc_auc": 0.9}),
        task=Task.ANOMALY,
        classes=trained.signature.classes,
        metric=trained.metric,
        actual=exam.actual,
        candidate=scorer.examined(exam.table),
    )
    assert verdict.passed
    assert verdict.checks[0].value == pytest.approx(trained.metrics["made_auc"].value)


def test_needs_no_labels_and_flags_the_share_it_is_told() -> None:
    table, columns = machines()
    spec = TrainSpec(task=Task.ANOMALY, budget=6.0, contamination=0.1)
    trained = train(table, columns, DataSpec(source="-", ignore=("state",)), spec)
    assert trained.metric == "made_auc"
    assert trained.metrics["made_auc"].value > 0.6
    assert 0.02 < trained.metrics["flagged"].value < 0.25
    assert any("set under `train:`" in one.message for one in trained.findings)


@pytest.mark.parametrize(
    ("labels", "odd"),
    [
        (["ok", "fraud", None], [0.0, 1.0, np.nan]),
        ([True, False, False], [1.0, 0.0, 0.0]),
        (["p", "p", "q"], [0.0, 0.0, 1.0]),
        ([0, 0, 1], [0.0, 0.0, 1.0]),
    ],
)
def test_reads_what_labels_mean(labels: list[object], odd: list[float]) -> None:
    found = known_odd(pa.chunked_array([pa.array(labels)]))
    assert np.array_equal(found, np.array(odd), equal_nan=True)


def test_refuses_labels_that_call_most_rows_odd() -> None:
    table, columns = world_of(
        {"a": np.random.default_rng(0).normal(size=60), "bad": ["fraud"] * 50 + ["ok"] * 10}
    )
    with pytest.raises(TrainingError, match="of the rows odd"):
        train(table, columns, DataSpec(source="-", labels="bad"), SPEC)


def test_what_the_first_detector_says_to_the_user_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*told: object, **more: object) -> None:
        raise TrainingError("'kind' cannot be coded", now="declare its `labels:`")

    monkeypatch.setattr("keepwell.training.tasks.anomaly.bench.preparation", refuses)
    with pytest.raises(TrainingError, match="'kind' cannot be coded"):
        train(*machines(), DataSpec(source="-", labels="state"), SPEC)


def test_a_run_that_was_killed_goes_on_where_it_was_in_a_child_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, data = machines(), DataSpec(source="-", labels="state")
    spec = TrainSpec(task=Task.ANOMALY, budget=600.0)
    whole = train(*world, data, spec)
    store = cut(world, data, spec, after=5)
    monkeypatch.setattr("keepwell.training.workers.choice.TINY", 0)
    again = resumed(world, data, spec, store)
    assert taken_over(again) == 5
    assert again.test_predictions == whole.test_predictions
    assert [(row.name, row.scores) for row in again.leaderboard] == [
        (row.name, row.scores) for row in whole.leaderboard
    ]


def test_what_was_finished_goes_for_the_same_rows_and_seed_only() -> None:
    data, spec = DataSpec(source="-", labels="state"), replace(SPEC, budget=600.0)
    must_depend_on_rows_and_seed(machines(200), data, spec, "heat", lambda cell: cell + 1.0)
