"""What the learner of likeness offers, to which tables."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from training_worlds import World

from keepwell.core.errors import TrainingError
from keepwell.core.records import Column, ColumnType, Task
from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.training.framing import frame_problem
from keepwell.training.learners.base import Watch
from keepwell.training.learners.kernel import LANDMARKS, Kernel, landmarks_for
from keepwell.training.problem import Matrix, Problem


def problem_of(values: Any) -> Problem:
    names = [f"pixel {at}" for at in range(values.shape[1])]
    table = pa.table(dict(zip(names, values.T, strict=True)) | {"y": np.arange(len(values)) % 3})
    columns = [Column(name=name, type=ColumnType.NUMBER) for name in names]
    columns.append(Column(name="y", type=ColumnType.INTEGER))
    data = DataSpec(source="", target="y")
    return frame_problem(table, columns, data, TrainSpec(task=Task.MULTICLASS)).problem


def names(problem: Problem) -> list[str]:
    return [candidate.name for candidate in Kernel().candidates(problem)]


def test_leaves_columns_of_one_unit_as_they_are() -> None:
    random = np.random.default_rng(0)
    pixels = random.integers(0, 16, (120, 6)).astype(float)
    pixels[:, 0] = 3.0  # an edge where never anything is drawn
    assert names(problem_of(pixels)) == ["kernel/plain", "kernel/level", "kernel/smooth"]
    units = pixels * [1.0, 10.0, 100.0, 1e3, 1e4, 1e5]
    assert names(problem_of(units)) == ["kernel/plain", "kernel/smooth"]


@pytest.mark.parametrize(
    "change",
    [
        lambda problem: replace(
            problem, signature=replace(problem.signature, task=Task.COUNTS, classes=())
        ),
        lambda problem: replace(problem, target=np.zeros(60_000)),
    ],
    ids=["counts", "many rows"],
)
def test_offers_nothing_where_it_would_not_do(
    change: Callable[[Problem], Problem], prices: World
) -> None:
    problem = frame_problem(*prices, DataSpec(source="", target="price"), TrainSpec()).problem
    assert names(problem)
    assert not names(change(problem))


def test_refuses_what_memory_should_not_hold(prices: World) -> None:
    from scipy.sparse import csr_matrix

    problem = frame_problem(*prices, DataSpec(source="", target="price"), TrainSpec()).problem
    wide = Matrix(values=csr_matrix((problem.rows, 2_000_000)))
    candidate = Kernel().candidates(problem)[0]
    with pytest.raises(TrainingError, match="2,000,000 prepared columns"):
        Kernel().fit(candidate, problem, wide, problem.target, None, Watch())


def test_compares_with_fewer_rows_the_more_columns_there_are() -> None:
    assert landmarks_for(10) == LANDMARKS
    assert landmarks_for(500) == 200
    assert landmarks_for(100_000) == 100
