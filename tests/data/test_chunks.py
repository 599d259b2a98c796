import math
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.data.chunks import chunk_rows, cut_chunks, digest, tidy

SCHEMA = pa.schema(
    [
        ("i", pa.int64()),
        ("f", pa.float64()),
        ("b", pa.bool_()),
        ("s", pa.string()),
        ("t", pa.timestamp("us", "UTC")),
    ]
)
NAMES = SCHEMA.names
ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.floats(allow_nan=False),
        st.none() | st.booleans(),
        st.none() | st.text(max_size=8),
        st.none()
        | st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
    ),
    min_size=1,
    max_size=40,
)


def table(rows: list[tuple[Any, ...]]) -> pa.Table:
    columns = zip(*rows, strict=True)
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)],
        schema=SCHEMA,
    )


def one(rows: pa.Table) -> pa.RecordBatch:
    return tidy(rows, SCHEMA)


@given(rows=ROWS, cut=st.integers(0, 40))
@settings(deadline=None, max_examples=60)
def test_a_digest_depends_on_the_values_alone(rows: list[tuple[Any, ...]], cut: int) -> None:
    whole = table(rows)
    padded = pa.concat_tables([table(rows[:1]), whole, table(rows[-1:])]).slice(1, len(rows))
    parts = pa.concat_tables([whole.slice(0, cut), whole.slice(cut)])
    assert digest(one(whole), NAMES) == digest(one(padded), NAMES) == digest(one(parts), NAMES)


@given(rows=ROWS)
@settings(deadline=None, max_examples=60)
def test_a_digest_tells_any_other_value(rows: list[tuple[Any, ...]]) -> None:
    before = digest(one(table(rows)), NAMES)
    for place, other in enumerate((7, 0.125, True, "another", datetime(1999, 9, 9, tzinfo=UTC))):
        changed = list(rows[0])
        changed[place] = None if changed[place] == other else other
        if changed[place] != rows[0][place]:
            assert digest(one(table([tuple(changed), *rows[1:]])), NAMES) != before


def test_what_lies_under_a_missing_value_does_not_count() -> None:
    mask = pa.array([True, False])
    hidden = [pa.array([value, 1], pa.int64()) for value in (5, 6)]
    arrays = [pa.compute.if_else(mask, pa.scalar(None, pa.int64()), array) for array in hidden]
    schema = pa.schema([("i", pa.int64())])
    first, second = (digest(pa.RecordBatch.from_arrays([a], schema=schema), ["i"]) for a in arrays)
    assert first == second


def test_a_digest_tells_a_missing_value_from_zero_and_from_an_empty_string() -> None:
    for values in ([None, 0], [None, ""], [None, False], [None, 0.0]):
        kind = pa.array(values).type
        batches = [pa.RecordBatch.from_arrays([pa.array([v], kind)], ["x"]) for v in values]
        assert digest(batches[0], ["x"]) != digest(batches[1], ["x"])


def test_a_digest_tells_a_renamed_column() -> None:
    batch = pa.RecordBatch.from_arrays([pa.array([1])], ["x"])
    assert digest(batch, ["x"]) != digest(batch, ["y"])


@given(sizes=st.lists(st.integers(0, 3000), min_size=1, max_size=12))
@settings(deadline=None, max_examples=40)
def test_chunks_are_full_but_for_the_last(sizes: list[int]) -> None:
    wide = pa.schema([(f"c{place}", pa.int64()) for place in range(5000)])
    size = chunk_rows(len(wide))
    narrow = pa.schema([("c0", pa.int64())])
    total = sum(sizes)
    values = iter(range(total))
    batches = [
        pa.RecordBatch.from_arrays([pa.array([next(values) for _ in range(n)], pa.int64())], ["c0"])
        for n in sizes
    ]
    chunks = list(cut_chunks(batches, narrow))
    assert size == 2048
    assert [value for chunk in chunks for value in chunk.column(0).to_pylist()] == list(
        range(total)
    )
    assert len(chunks) == math.ceil(total / chunk_rows(1))


@pytest.mark.parametrize(
    ("columns", "rows"), [(1, 262_144), (64, 262_144), (65, 131_072), (10**6, 1024)]
)
def test_wide_tables_have_short_chunks(columns: int, rows: int) -> None:
    assert chunk_rows(columns) == rows


def test_nan_and_infinite_times_become_missing() -> None:
    schema = pa.schema([("f", pa.float64()), ("t", pa.timestamp("us"))])
    rows = pa.table(
        {
            "f": pa.array([1.0, float("nan"), float("inf")]),
            "t": pa.array([0, 2**63 - 1, -(2**63) + 1], pa.int64()).cast(pa.timestamp("us")),
        }
    )
    tidied = tidy(rows, schema)
    assert tidied.column("f").to_pylist() == [1.0, None, float("inf")]
    assert tidied.column("t").null_count == 2
