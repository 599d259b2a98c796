"""What measuring will take, by a clock that only rows move."""

from typing import Any

import numpy as np
import pytest
from training_worlds import World

from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.training import Following
from keepwell.training.afterwards import Afterwards, affordable
from keepwell.training.framing import Framed, frame_problem


class Clock:
    time = 0.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def framed(churn: World) -> Framed:
    return frame_problem(*churn, DataSpec(source="", target="left"), TrainSpec())


def expected(
    framed: Framed, monkeypatch: pytest.MonkeyPatch, each: float, budget: float, **following: Any
) -> Afterwards:
    """What is expected where a row takes `each` seconds to prepare, and a call 10 ms besides."""
    clock = Clock()

    def prepare(problem: Any, flavour: str, rows: Any) -> None:
        clock.time += 0.01 + each * len(rows)

    monkeypatch.setattr("keepwell.training.afterwards.prepare", prepare)
    return Afterwards(framed.problem, budget, 0.2, Following(**following), clock)


@pytest.mark.parametrize("each", [0.0, 1e-5, 3e-3])
def test_tells_what_a_row_takes_from_what_a_call_takes(
    framed: Framed, monkeypatch: pytest.MonkeyPatch, each: float
) -> None:
    assert expected(framed, monkeypatch, each, 60.0).per_row == pytest.approx(each, abs=1e-9)


def test_tests_on_all_rows_where_they_are_quick(
    framed: Framed, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.arange(5_000)
    assert expected(framed, monkeypatch, 1e-5, 6.0).tested(rows, 0) is rows


def test_pictures_are_tested_on_in_part_and_leave_most_of_the_budget_to_the_search(
    framed: Framed, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = expected(framed, monkeypatch, 3e-3, 6.0, rows=2_000, share=0.05, seconds=0.6)
    tested = found.tested(np.arange(2_400), 0)
    assert len(tested) == 200
    assert len(np.unique(tested)) == 200
    assert (found.compared(5_000), found.moved(1_000, 1)) == (60, 50)
    assert 1.0 < found.seconds() <= 3.0


def test_keeps_little_where_rows_are_quick(framed: Framed, monkeypatch: pytest.MonkeyPatch) -> None:
    found = expected(framed, monkeypatch, 1e-6, 60.0)
    found.tested(np.arange(5_000), 0)
    assert found.seconds() < 0.5
    assert found.seconds(answering=1e-4) > found.seconds() + 0.5


def test_affords_what_is_wanted_or_what_the_time_holds_or_the_least() -> None:
    assert affordable(100, 1.0, 0.001, 10) == 100
    assert affordable(100, 1.0, 0.02, 10) == 50
    assert affordable(100, 1.0, 1.0, 10) == 10
    assert affordable(5, 1.0, 1.0, 10) == 5
