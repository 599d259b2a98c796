import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.records import ColumnType, Field
from keepwell.monitoring.inputs import parse_inputs

NUMBER, CATEGORY, BOOLEAN = ColumnType.NUMBER, ColumnType.CATEGORY, ColumnType.BOOLEAN


def field(name: str, kind: ColumnType = NUMBER) -> Field:
    return Field(name=name, type=kind)


def documents(*rows: Any) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array([json.dumps(row) for row in rows], pa.string())])


def test_each_type_becomes_a_column() -> None:
    rows = documents(
        {"age": 41, "plan": "basic", "senior": True, "since": "2020-01-31", "extra": 1},
        {"age": None, "plan": None, "senior": 0},
        {"age": 1.5, "plan": 7, "senior": None},
    )
    kinds = {"age": NUMBER, "plan": CATEGORY, "senior": BOOLEAN, "since": ColumnType.DATETIME}
    seen = parse_inputs(rows, [field(name, kind) for name, kind in kinds.items()])
    assert {name: column.to_pylist() for name, column in seen.columns.items()} == {
        "age": [41.0, None, 1.5],
        "plan": ["basic", None, "7"],
        "senior": [1.0, 0.0, None],
        "since": ["2020-01-31", None, None],
    }
    assert seen.wrong == {}


def test_values_of_another_type_are_counted() -> None:
    seen = parse_inputs(documents({"age": "old"}, {"age": 3}, {}), [field("age")])
    assert seen.columns["age"].to_pylist() == [None, 3.0, None]
    assert seen.wrong == {"age": 1}


@pytest.mark.parametrize("name", ["class", 'a"b', "it's", "🦜", "x" * 300, "a.b", "a b", "$", ""])
def test_any_name_is_a_column(name: str) -> None:
    seen = parse_inputs(documents({name: 2}), [field(name)])
    assert seen.columns[name].to_pylist() == [2.0]


def test_names_that_differ_by_case_are_two_columns() -> None:
    seen = parse_inputs(
        documents({"a": 1, "A": "x"}, {"a": "?", "A": 5}), [field("a"), field("A", CATEGORY)]
    )
    assert seen.columns["a"].to_pylist() == [1.0, None]
    assert seen.columns["A"].to_pylist() == ["x", "5"]
    assert seen.wrong == {"a": 1}


def test_a_document_that_is_not_json_is_a_row_without_values() -> None:
    rows = pa.chunked_array([pa.array(['{"a": 1}', '{"a": 2'])])
    assert parse_inputs(rows, [field("a")]).columns["a"].to_pylist() == [1.0, None]


def test_nothing_asked_is_nothing_read() -> None:
    assert parse_inputs(documents({"a": 1}), []).columns == {}


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "n": st.floats(-1e9, 1e9) | st.integers(-(2**40), 2**40) | st.none(),
                "c": st.text(st.characters(codec="utf-8", exclude_characters="\0")) | st.none(),
            },
        ),
        min_size=1,
    )
)
def test_both_ways_of_reading_agree(rows: list[dict[str, Any]]) -> None:
    fields = [field("n"), field("c", CATEGORY)]
    quick = parse_inputs(documents(*rows), fields)
    slow = parse_inputs(documents(*rows), [*fields, field("N")])
    for name in ("n", "c"):
        assert quick.columns[name].to_pylist() == slow.columns[name].to_pylist()
