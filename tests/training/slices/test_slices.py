"""Finds where a model was made to fail, and nothing where it was not."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.records import ColumnType, Field, Signature, Task
from keepwell.training.slices import worst_slices
from keepwell.training.slices.significance import believed, worse_by_luck

INPUTS = (
    Field(name="tenure", type=ColumnType.INTEGER),
    Field(name="plan", type=ColumnType.CATEGORY),
    Field(name="charges", type=ColumnType.NUMBER),
    Field(name="paperless", type=ColumnType.BOOLEAN),
    Field(name="note", type=ColumnType.TEXT),
)
CLASSES = Signature(task=Task.BINARY, target="y", inputs=INPUTS, classes=("no", "yes"))
NUMBERS = Signature(task=Task.REGRESSION, target="y", inputs=INPUTS)


def world(rows: int, seed: int = 0) -> pa.Table:
    random = np.random.default_rng(seed)
    plan = random.choice(["monthly", "yearly", "weekly"], rows).tolist()
    charges = random.normal(70, 20, rows)
    charges[: rows // 10] = np.nan
    return pa.table(
        {
            "tenure": random.permutation(np.arange(rows) % 70),
            "plan": [None if at % 50 == 0 else name for at, name in enumerate(plan)],
            "charges": pa.array(charges, from_pandas=True),
            "paperless": random.random(rows) < 0.5,
            "note": ["" if at % 3 else "call back" for at in range(rows)],
        }
    )


def failing(
    table: pa.Table, where: Any, often: float, seldom: float
) -> tuple[list[str], list[str]]:
    """True labels and predictions that are wrong more often in some rows."""
    random = np.random.default_rng(1)
    wrong = random.random(table.num_rows) < np.where(where, often, seldom)
    return ["yes"] * table.num_rows, ["no" if item else "yes" for item in wrong]


def test_finds_the_one_column_where_labels_are_wrong() -> None:
    table = world(2_000)
    where = np.array([plan == "monthly" for plan in table["plan"].to_pylist()])
    found = worst_slices(table, CLASSES, *failing(table, where, 0.4, 0.1))
    first = found.slices[0]
    assert first.conditions == (("plan", "is monthly"),)
    assert first.rows == where.sum()
    assert first.value == pytest.approx(0.6, abs=0.05)
    assert first.elsewhere == pytest.approx(0.9, abs=0.03)
    assert first.words.startswith("where `plan` is monthly (")
    assert len(found.slices) == 1  # pairs within it say nothing new


def test_finds_a_pair_of_columns() -> None:
    table = world(3_000)
    tenure = table["tenure"].to_numpy()
    plan = np.array([name == "yearly" for name in table["plan"].to_pylist()])
    found = worst_slices(table, CLASSES, *failing(table, (tenure < 13) & plan, 0.7, 0.05))
    assert found.slices[0].conditions == (("tenure", "is below 13"), ("plan", "is yearly"))


def test_finds_where_numbers_are_far_off() -> None:
    table = world(2_000)
    random = np.random.default_rng(2)
    missing = table["charges"].is_null().to_numpy(zero_copy_only=False)
    error = random.normal(0, np.where(missing, 9.0, 3.0))
    found = worst_slices(table, NUMBERS, [0.0] * 2_000, error.tolist())
    assert found.slices[0].conditions == (("charges", "is missing"),)
    assert found.slices[0].metric == "mae"
    assert found.slices[0].value > 2 * found.slices[0].elsewhere


def test_finds_nothing_where_mistakes_are_luck() -> None:
    lucky = [
        worst_slices(table, CLASSES, *failing(table, np.zeros(600, dtype=bool), 0.0, 0.2)).slices
        for table in (world(600, seed) for seed in range(12))
    ]
    assert sum(map(bool, lucky)) <= 2


@pytest.mark.parametrize("rows", [1, 30, 60])
def test_says_nothing_about_too_few_rows_or_a_perfect_model(rows: int) -> None:
    table = world(rows)
    assert worst_slices(table, CLASSES, ["yes"] * rows, ["yes"] * rows).slices == ()
    assert worst_slices(table, CLASSES, ["yes"] * rows, ["no"] * rows).slices == ()


def test_holds_every_part_to_the_smallest_size() -> None:
    table = world(1_000)
    plan = np.array([name is None for name in table["plan"].to_pylist()])
    where = failing(table, plan, 1.0, 0.05)
    assert worst_slices(table, CLASSES, *where, smallest=21).slices == ()
    assert worst_slices(table, CLASSES, *where, smallest=20).slices[0].rows == 20


def test_tests_labels_as_fisher_does_and_numbers_as_welch_does() -> None:
    from scipy import stats

    random = np.random.default_rng(3)
    inside = random.random(200) < 0.3
    wrong = (random.random(200) < 0.3).astype(float)
    cells = [[np.sum((wrong == w) & (inside == i)) for i in (True, False)] for w in (1, 0)]
    exact = stats.fisher_exact(cells, alternative="greater").pvalue
    assert worse_by_luck(wrong, inside, labels=True) == pytest.approx(exact, rel=1e-9)
    error = random.random(200)
    welch = stats.ttest_ind(error[inside], error[~inside], equal_var=False, alternative="greater")
    assert worse_by_luck(error, inside, labels=False) == pytest.approx(welch.pvalue, rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_believes_as_many_as_benjamini_and_hochberg(chances: list[float]) -> None:
    from scipy import stats

    adjusted = stats.false_discovery_control(chances)
    clear = np.abs(adjusted - 0.05) > 1e-12  # rounding decides on the edge
    assert (believed(np.array(chances), 0.05) == (adjusted <= 0.05))[clear].all()
