"""The laws of accumulators: parts merged are the whole, in constant space."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.records import Column, ColumnType
from keepwell.data.profiles import profile_table
from keepwell.monitoring.counting import count_column
from keepwell.monitoring.sketches import Block, Layout
from keepwell.monitoring.sketches.frequent import KEPT, count_labels
from keepwell.monitoring.sketches.states import merge_states

COLUMNS = [
    Column(name="age", type=ColumnType.NUMBER),
    Column(name="one", type=ColumnType.INTEGER),
    Column(name="plan", type=ColumnType.CATEGORY),
    Column(name="senior", type=ColumnType.BOOLEAN),
    Column(name="note", type=ColumnType.TEXT),
]
PROFILE = profile_table(
    pa.table(
        {
            "age": np.random.default_rng(0).gamma(2, 16, 3000),
            "one": pa.array([7] * 3000),
            "plan": ["basic", "fiber", "none"] * 1000,
            "senior": [True, False, False] * 1000,
            "note": [f"a note of a customer, number {at}" for at in range(3000)],
        }
    ),
    COLUMNS,
)
LAYOUT = Layout(PROFILE.columns)

ages = st.one_of(
    st.none(), st.floats(-50, 200), st.sampled_from([0.0, 32.0, 1e9, 1e300, float("inf")])
)
rows = st.lists(
    st.tuples(
        ages,
        st.sampled_from([None, 6, 7, 8]),
        st.sampled_from([None, "", "basic", "fiber", "none", "5G", "6G"]),
        st.sampled_from([None, True, False]),
        st.sampled_from([None, "a note"]),
    ),
    max_size=60,
)


def columns(given_rows: list[tuple[object, ...]]) -> dict[str, pa.Array]:
    kinds = (pa.float64(), pa.int64(), pa.string(), pa.bool_(), pa.string())
    cells = list(zip(*given_rows, strict=True)) if given_rows else [()] * len(COLUMNS)
    return {
        column.name: pa.array(values, kind)
        for column, values, kind in zip(COLUMNS, cells, kinds, strict=True)
    }


def block(given_rows: list[tuple[object, ...]]) -> Block:
    made = LAYOUT.block()
    made.add(columns(given_rows))
    return made


def facts(made: Block) -> dict[str, tuple[object, ...]]:
    """Return what does not depend on who follows whom."""
    return {
        name: (
            one.rows,
            one.missing,
            None if one.current is None else one.current.counts.tolist(),
            one.outside,
            dict(one.unseen),
            one.bars.current,
        )
        for name, one in made.counted().items()
    }


@settings(max_examples=60, deadline=None)
@given(parts=st.lists(rows, max_size=4))
def test_parts_merged_are_the_whole(parts: list[list[tuple[object, ...]]]) -> None:
    whole = block([row for part in parts for row in part])
    for order in (parts, parts[::-1]):
        merged = LAYOUT.block()
        for part in order:
            merged.merge(block(part))
        assert facts(merged) == facts(whole)
        for name, one in whole.counted().items():
            other = merged.counted()[name]
            assert (one.mean is None) == (other.mean is None)
            if one.mean is not None:
                assert other.mean == pytest.approx(one.mean, rel=1e-9, abs=1e-6)
                assert other.std == pytest.approx(one.std, rel=1e-6, abs=1e-3)


@settings(max_examples=30, deadline=None)
@given(first=rows, second=rows)
def test_what_was_stored_is_read_and_merged_as_it_was(
    first: list[tuple[object, ...]], second: list[tuple[object, ...]]
) -> None:
    one, two = block(first), block(second)
    read = LAYOUT.read(one.to_bytes())
    assert read is not None
    assert np.array_equal(read.sums, one.sums)
    assert read.fresh == one.fresh
    (state,) = merge_states([one.to_bytes(), two.to_bytes()])
    one.merge(two)
    together = LAYOUT.read(state)
    assert together is not None
    assert np.allclose(together.sums, one.sums)
    assert together.fresh == one.fresh


def test_threads_add_columns_of_their_own_at_the_same_time() -> None:
    random = np.random.default_rng(2)
    given_columns = {
        "age": pa.array(random.gamma(2, 20, 20_000)),
        "one": pa.array(random.integers(6, 9, 20_000)),
        "plan": pa.array(random.choice(["basic", "5G", "none"], 20_000)),
        "senior": pa.array(random.random(20_000) < 0.5),
    }
    alone, together = LAYOUT.block(), LAYOUT.block()

    def add(name: str) -> None:
        for _ in range(5):
            together.add({name: given_columns[name]})

    for _ in range(5):
        alone.add(given_columns)
    with ThreadPoolExecutor(len(given_columns)) as threads:
        list(threads.map(add, given_columns))
    assert np.array_equal(together.sums, alone.sums)
    assert together.fresh == alone.fresh


def test_a_value_beyond_all_reason_leaves_sums_finite() -> None:
    made = LAYOUT.block()
    made.add({"age": pa.array([30.0, 1e308, -1e308, float("inf"), 32.0])})
    assert np.isfinite(made.sums).all()
    counted = made.counted()["age"]
    assert (counted.rows, counted.missing, counted.outside) == (5, 1, 2)


def test_another_layout_is_not_read() -> None:
    other = Layout(PROFILE.columns[:2])
    assert LAYOUT.read(other.block().to_bytes()) is None
    assert len(merge_states([other.block().to_bytes(), LAYOUT.block().to_bytes()])) == 2


def test_it_does_not_grow_with_the_rows() -> None:
    few, many = LAYOUT.block(), LAYOUT.block()
    few.add(columns([(30.0, 7, "basic", True, "x")]))
    table = {"plan": pa.array([f"label {at}" for at in range(50_000)])}
    for _ in range(3):
        many.add(table)
    assert many.sums.size == few.sums.size
    assert len(many.fresh["plan"]) <= KEPT


def test_frequent_labels_are_kept_however_many_there_are() -> None:
    random = np.random.default_rng(0)
    kept: dict[str, int] = {}
    true = {"often": 0, "half": 0}
    for _ in range(50):
        drawn = [f"rare {at}" for at in random.integers(0, 100_000, 900)]
        count_labels(kept, [(one, 1) for one in drawn])
        count_labels(kept, [("often", 200), ("half", 100)])
        true["often"] += 200
        true["half"] += 100
    total = 50 * 1200
    for label, count in true.items():
        assert count - total / (KEPT + 1) <= kept[label] <= count


def test_neighbours_that_are_alike_are_worth_less_after_a_merge_too() -> None:
    random = np.random.default_rng(1)
    walk = np.empty(4000)
    walk[0] = 32
    for at in range(1, 4000):
        walk[at] = 32 + 0.8 * (walk[at - 1] - 32) + random.normal(0, 5)
    profile = next(one for one in PROFILE.columns if one.name == "age")
    whole = count_column(profile, pa.array(walk))
    merged = LAYOUT.block()
    for part in np.array_split(walk, 8):
        merged.add({"age": pa.array(part)})
    assert 200 < whole.worth < 800
    assert merged.counted()["age"].worth == pytest.approx(whole.worth, rel=0.2)
