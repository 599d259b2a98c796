import dataclasses
import inspect
import json
import math
import typing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core import records
from keepwell.core.errors import FormatError
from keepwell.core.events import canonical
from keepwell.core.records import Decision, Estimate, Field, Prediction, Profile, Run
from keepwell.infrastructure.codec import from_json, from_plain, to_json, to_plain

RECORDS = [
    item
    for name in records.__all__
    if inspect.isclass(item := getattr(records, name)) and dataclasses.is_dataclass(item)
]

# JSON's whole numbers have no width, but the wire's (msgspec, JavaScript) do.
st.register_type_strategy(int, st.integers(-(2**63), 2**63 - 1))
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
st.register_type_strategy(str, st.text(st.characters(exclude_categories=["Cs"]), max_size=20))

_json = st.recursive(
    st.none() | st.booleans() | st.from_type(int) | st.from_type(float) | st.from_type(str),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.from_type(str), inner, max_size=3)
    ),
    max_leaves=5,
)


def _values(hint: Any) -> st.SearchStrategy[Any]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint == dict[str, Any]:
        return st.dictionaries(st.from_type(str), _json, max_size=3)
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(_values(arguments[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*map(_values, arguments))
    if origin is dict:
        return st.dictionaries(_values(arguments[0]), _values(arguments[1]), max_size=3)
    if arguments:
        return st.one_of(*map(_values, arguments))
    return _records(hint) if dataclasses.is_dataclass(hint) else st.from_type(hint)


def _records(cls: Any) -> st.SearchStrategy[Any]:
    hints = typing.get_type_hints(cls)
    return st.builds(
        cls, **{field.name: _values(hints[field.name]) for field in dataclasses.fields(cls)}
    )


@pytest.mark.parametrize("cls", RECORDS, ids=lambda cls: cls.__name__)
def test_every_record_comes_back_as_it_was(cls: type) -> None:
    @settings(max_examples=25, deadline=None, derandomize=True)
    @given(_records(cls))
    def check(record: Any) -> None:
        assert from_json(cls, to_json(record)) == record
        stored = json.loads(canonical(to_plain(record)))  # as the metadata store keeps it
        assert from_plain(cls, stored) == record

    check()


def test_every_record_is_tested() -> None:
    assert {Run, Profile, Prediction, Decision} <= set(RECORDS)
    assert len(RECORDS) >= 25


def test_unknown_fields_are_ignored_and_absent_ones_take_their_default() -> None:
    run = from_plain(Run, {"id": "a", "project": "p", "a_newer_field": {"x": 1}})
    assert run == Run(id="a", project="p")


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_numbers_that_are_not_finite_come_back_as_floats(value: float) -> None:
    record = Estimate(value=value, low=value)
    canonical(to_plain(record))
    back = from_json(Estimate, to_json(record))
    assert repr(back) == repr(record)


def test_numpy_values_and_paths_become_plain_ones() -> None:
    evidence: dict[Any, Any] = {
        "n": np.int64(3), "x": np.float64(0.5), "yes": np.bool_(True), "line": np.arange(3),
        "nan": np.float32("nan"), "path": Path("a/b"), 7: "a key",
    }  # fmt: skip
    plain = to_plain(
        Decision(
            id="d", time=np.float64(1.5), endpoint="e", action="wait", reason="", evidence=evidence
        )
    )
    assert plain["evidence"] == {
        "n": 3, "x": 0.5, "yes": True, "line": [0, 1, 2], "nan": "nan", "path": "a/b", "7": "a key",
    }  # fmt: skip
    assert plain["time"] == 1.5
    canonical(plain)


def test_a_union_keeps_its_types() -> None:
    params: dict[str, str | int | float | bool | None] = {
        "s": "1",
        "i": 1,
        "f": 1.0,
        "b": True,
        "n": None,
    }
    back = from_json(Run, to_json(Run(id="a", project="p", params=params)))
    assert [type(value) for value in back.params.values()] == [
        type(value) for value in params.values()
    ]
    assert (
        from_json(
            Field, to_json(Field(name="x", type=records.ColumnType.TEXT, example="7"))
        ).example
        == "7"
    )


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"id": 1}', b"null"])
def test_what_is_no_record_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError, match="stored Run"):
        from_json(Run, data)


def test_what_cannot_be_said_in_json_is_a_programmers_error() -> None:
    with pytest.raises(TypeError):
        to_plain({"x": object()})
