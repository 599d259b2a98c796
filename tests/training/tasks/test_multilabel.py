"""Sets of labels are recognised, learnt label by label, and answered as lists."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from training_worlds import World, world_of

from keepwell.core.errors import TrainingError
from keepwell.core.records import Task
from keepwell.core.spec import DataSpec, GateSpec, TrainSpec
from keepwell.deployment.scoring import build_scorer_files, load_scorer
from keepwell.features.label_sets import delimiter_of, hold_sets, labels_of
from keepwell.tracking.metrics.multilabel import measure_sets
from keepwell.training import train
from keepwell.training.gates import judge
from keepwell.training.tasks.exams import exam_of


def tagged(rows: int = 300) -> World:
    random = np.random.default_rng(0)
    a, b, c = random.normal(size=rows), random.normal(size=rows), random.choice(["x", "y"], rows)
    sets = [
        ";".join(
            label
            for label, holds in (
                ("red", a[at] > 0),
                ("big", b[at] > 0.3),
                ("odd", c[at] == "y"),
                ("rare", at < 2),
            )
            if holds
        )
        or "[]"
        for at in range(rows)
    ]
    return world_of({"a": a, "b": b, "c": c, "tags": sets})


@pytest.mark.parametrize("learners", [("linear",), ("lightgbm",)])
def test_sets_are_inferred_learnt_compiled_and_gated(learners: tuple[str, ...]) -> None:
    table, columns = tagged()
    data = DataSpec(source="-", target="tags")
    trained = train(table, columns, data, TrainSpec(budget=8.0, learners=learners))
    assert trained.task is Task.MULTILABEL
    assert set(trained.signature.classes) == {"red", "big", "odd"}
    assert any("'rare'" in one.message for one in trained.findings)
    assert trained.metrics["f1_micro"].value > 0.9
    files, proof = build_scorer_files(trained.pipeline, trained.signature, table)
    assert proof.compiled
    assert proof.largest_difference <= 1e-9
    scorer = load_scorer(files.__getitem__, trained.signature)
    answer = scorer.rows([{"a": 2.0, "b": 2.0, "c": "x"}, {"a": -2.0, "b": -2.0, "c": "x"}])
    assert [sorted(one) for one in answer.predictions] == [["big", "red"], []]
    exam = exam_of(trained.signature, table.take(pa.array(trained.test_rows)), data)
    verdict = judge(
        GateSpec(min={"f1_micro": 0.8, "hamming_loss": 0.2}),
        task=trained.task,
        classes=trained.signature.classes,
        metric=trained.metric,
        actual=exam.actual,
        candidate=scorer.examined(exam.table),
        champion=scorer.examined(exam.table),
    )
    assert verdict.passed
    assert verdict.checks[0].value == pytest.approx(trained.metrics["f1_micro"].value)


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), rows=st.integers(1, 20), labels=st.integers(1, 5))
def test_metrics_equal_scikit_learns(seed: int, rows: int, labels: int) -> None:
    theirs = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(seed)
    actual, said = random.random((2, rows, labels)) < 0.4
    measured = measure_sets(actual, said)
    assert measured["subset_accuracy"] == pytest.approx((actual == said).all(axis=1).mean())
    assert measured["hamming_loss"] == pytest.approx((actual != said).mean())
    for average in ("micro", "macro"):
        each = [theirs.f1_score(actual[:, k], said[:, k], zero_division=0) for k in range(labels)]
        expected = (
            np.mean(each)
            if average == "macro"
            else theirs.f1_score(actual.ravel(), said.ravel(), zero_division=0)
        )
        assert measured[f"f1_{average}"] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("cells", "sets"),
    [
        (["a;b", "b", "a", "a;b;c", "c", "c;a", "b;c"] * 3, True),
        ([["a", "b"], ["b"], ["a"], [], ["a", "b", "c"], ["c"], ["a", "c"]] * 3, True),
        (["yes", "no"] * 9, False),
        (["one, two", "three, four"] * 9, False),
        ([f"{at};{at + 1}" for at in range(30)], False),
        ([None, ""], False),
    ],
)
def test_recognises_sets(cells: list[object], sets: bool) -> None:
    assert hold_sets(cells) is sets


def test_reads_sets_in_every_form() -> None:
    assert delimiter_of(["a|b", "c"]) == "|"
    assert labels_of(" a ; b;;a ", ";") == ["a", "b"]
    assert labels_of('["a", "b"]', "") == labels_of(["a", "b"], "") == ["a", "b"]
    assert labels_of("[]", ";") == []
    assert labels_of(None, ";") is None


def test_refuses_what_holds_no_two_labels() -> None:
    table, columns = world_of({"a": np.arange(40.0), "tags": ["x"] * 40})
    spec = TrainSpec(task=Task.MULTILABEL)
    with pytest.raises(TrainingError, match="holds 0 labels that can be learnt"):
        train(table, columns, DataSpec(source="-", target="tags"), spec)
    with pytest.raises(TrainingError, match="'tgs' is not in the data"):
        train(table, columns, DataSpec(source="-", target="tgs"), spec)
