"""Several columns of yes and no are one target of sets."""

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from training_worlds import World, world_of

from keepwell.core.errors import TrainingError
from keepwell.core.records import Task
from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.deployment.scoring import build_scorer_files, load_scorer
from keepwell.training import train
from keepwell.training.tasks.exams import exam_of
from keepwell.training.tasks.multilabel.columns import with_sets

DATA = DataSpec(source="-", target="loud, big", targets=("loud", "big"))


def rows(count: int = 200) -> World:
    random = np.random.default_rng(0)
    a, b = random.normal(size=count), random.normal(size=count)
    return world_of({"a": a, "b": b, "loud": a > 0, "big": np.where(b > 0.2, "Yes", "no")})


def test_columns_become_labels_and_are_never_inputs() -> None:
    table, columns = rows()
    trained = train(table, columns, DATA, TrainSpec(budget=4.0, learners=("linear",)))
    assert trained.task is Task.MULTILABEL
    assert set(trained.signature.classes) == {"loud", "big"}
    assert [field.name for field in trained.signature.inputs] == ["a", "b"]
    assert trained.metrics["f1_micro"].value > 0.9
    files, _ = build_scorer_files(trained.pipeline, trained.signature, table)
    answer = load_scorer(files.__getitem__, trained.signature).rows([{"a": 2.0, "b": 2.0}])
    assert sorted(answer.predictions[0]) == ["big", "loud"]
    exam = exam_of(trained.signature, table.slice(0, 5), DATA)
    assert exam.actual == [
        json.loads(one) for one in with_sets(table, DATA)["loud, big"].to_pylist()[:5]
    ]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([True, False, None], [1, 0, None]),
        ([1, 0, None], [1, 0, None]),
        ([1.0, 0.0, float("nan")], [1, 0, None]),
        (["TRUE", "n", ""], [1, 0, None]),
    ],
    ids=["booleans", "integers", "numbers", "words"],
)
def test_yes_and_no_are_read_however_they_are_written(
    cells: list[Any], expected: list[Any]
) -> None:
    table = pa.table({"loud": pa.array(cells), "big": [True, True, True]})
    made = with_sets(table, DATA)["loud, big"].to_pylist()
    wanted = [None if one is None else ["loud"] * one + ["big"] for one in expected]
    assert [None if one is None else json.loads(one) for one in made] == wanted


def test_a_column_of_something_else_is_refused_by_name() -> None:
    table, columns = rows(40)
    table = table.set_column(3, "big", pa.array(["red", "blue"] * 20))
    with pytest.raises(TrainingError, match="'big' does not say yes or no") as caught:
        train(table, columns, DATA, TrainSpec())
    assert "'blue', 'red'" in caught.value.why


def test_a_column_that_is_not_there_is_refused_with_a_suggestion() -> None:
    table, columns = rows(40)
    data = DataSpec(source="-", target="lowd, big", targets=("lowd", "big"))
    with pytest.raises(TrainingError, match="'lowd' is not in the data") as caught:
        train(table, columns, data, TrainSpec())
    assert "loud" in caught.value.now


def test_another_task_does_not_go_with_several_targets() -> None:
    table, columns = rows(40)
    with pytest.raises(TrainingError, match="`task: binary` goes with no list of targets"):
        train(table, columns, DATA, TrainSpec(task=Task.BINARY))
