"""Lists of numbers, as texts and as rows of a matrix."""

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.records import ColumnType, Field
from keepwell.monitoring.inputs import parse_inputs
from keepwell.monitoring.vectors import kept_lists, read_vectors, width_of

finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.lists(finite, min_size=3, max_size=3), min_size=1, max_size=5))
@settings(max_examples=30, deadline=None)
def test_lists_survive_the_way_through_json(rows: list[list[float]]) -> None:
    texts = pa.array([json.dumps(row) for row in rows])
    kept, lost = kept_lists(texts, 3)
    assert lost == 0
    assert read_vectors(kept, 3).tolist() == rows
    assert width_of(texts) == width_of(pa.array(rows)) == 3


@pytest.mark.parametrize(
    "value", ["[1, 2]", "[1, 2, 3, 4]", '["a", 1, 2]', "[1, null, 2]", "[[1, 2, 3]]", "prose", ""]
)
def test_whatever_is_no_list_of_that_length_is_missing_and_counted(value: str) -> None:
    kept, lost = kept_lists(pa.array(["[1, 2, 3]", value, None]), 3)
    assert kept.to_pylist() == ["[1, 2, 3]", None, None]
    assert lost == 1


@pytest.mark.parametrize(
    "column",
    [
        pa.array([[1.0], [1.0, 2.0]]),
        pa.array([[1.0, None]]),
        pa.array([[]], pa.list_(pa.float64())),
        pa.array([["a", "b"]]),
        pa.array([1.0]),
        pa.array(["[1, 2]", "[1]"]),
        pa.array(["[1, 2]", "prose"]),
        pa.array([None], pa.string()),
    ],
)
def test_columns_of_anything_else_have_no_width(column: pa.Array) -> None:
    assert width_of(column) is None


def test_missing_lists_are_left_out_of_the_matrix() -> None:
    lists = pa.chunked_array(
        [
            pa.array([[1, 2], None], pa.list_(pa.int32(), 2)),
            pa.array([[3, 4]], pa.list_(pa.int32(), 2)),
        ]
    )
    assert width_of(lists) == 2
    assert read_vectors(lists, 2).tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_logged_embeddings_are_read_whatever_the_documents_are() -> None:
    field = Field(name="place", type=ColumnType.EMBEDDING, width=2)
    rows: list[dict[str, Any]] = [
        {"place": [1, 2.5]},
        {"place": "[3,4]"},
        {"place": [1]},
        {"place": None},
        {},
    ]
    extras: list[dict[str, int]] = [{}, {"A": 1, "a": 2}]
    for extra in extras:  # names that differ by case are read one by one
        texts = [json.dumps({**row, **extra}) for row in rows]
        fields = [field, *(Field(name=name, type=ColumnType.NUMBER) for name in extra)]
        seen = parse_inputs(pa.chunked_array([pa.array(texts)]), fields)
        assert read_vectors(seen.columns["place"], 2).tolist() == [[1.0, 2.5], [3.0, 4.0]]
        assert seen.wrong == {"place": 1}
