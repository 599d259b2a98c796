import numpy as np
import pyarrow as pa
import pytest

from keepwell.core.records import Column, ColumnType, Signal
from keepwell.data.profiles import profile_table
from keepwell.monitoring.counting import count_column
from keepwell.monitoring.quality import find_damage
from keepwell.monitoring.report import Scope

SCOPE = Scope(endpoint="churn", version=1, since=0.0, until=1.0)
NUMBER, CATEGORY = ColumnType.NUMBER, ColumnType.CATEGORY
NORMAL = np.random.default_rng(0).normal(50, 10, 5000)


def damage(
    before: object, after: object, kind: ColumnType = NUMBER, *, wrong: int = 0
) -> list[Signal]:
    profile = profile_table(pa.table({"x": before}), [Column(name="x", type=kind)])
    return find_damage([count_column(profile.columns[0], pa.array(after), wrong=wrong)], SCOPE)


def holes(share: float, rows: int, seed: int = 0) -> list[float | None]:
    random = np.random.default_rng(seed)
    return [None if random.random() < share else value for value in NORMAL[:rows].tolist()]


def test_nothing_is_wrong_with_the_same() -> None:
    assert damage(NORMAL, NORMAL[:500]) == []


@pytest.mark.parametrize("rows", [100, 400, 2000])
def test_holes_as_in_training_are_no_damage(rows: int) -> None:
    reference = holes(0.2, 5000)
    assert [damage(reference, holes(0.2, rows, seed)) for seed in range(1, 25)] == [[]] * 24


def test_more_holes_than_in_training_are_damage() -> None:
    (found,) = damage(holes(0.2, 5000), holes(0.5, 400, seed=1))
    assert found.kind == "quality"
    assert found.message.endswith("52% of rows, 21% in training")
    assert found.value > found.limit > 0.05


def test_fewer_holes_are_no_damage() -> None:
    assert damage(holes(0.5, 5000), holes(0.1, 1000, seed=1)) == []


def test_a_handful_is_an_accident() -> None:
    strange = NORMAL[:100].copy()
    strange[:4] = 1e6
    assert damage(NORMAL, strange) == []
    assert damage([*"ab"] * 50, [*"ab"] * 48 + [*"zzzz"], CATEGORY) == []
    assert damage(NORMAL, NORMAL[:100], wrong=4) == []


def test_a_clock_is_not_out_of_range() -> None:
    assert damage(np.arange(5000.0), np.arange(6000.0, 6500.0)) == []
    shuffled = np.random.default_rng(0).permutation(np.arange(6000.0, 6500.0))
    (found,) = damage(np.arange(5000.0), shuffled)
    assert found.message == "`x` lies outside training's range of 0 to 4,999 in 100% of rows"


def test_too_few_rows_say_nothing() -> None:
    assert damage(NORMAL, [None] * 50) == []
