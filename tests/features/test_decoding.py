import math
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.errors import InvalidRequestError
from keepwell.core.records import ColumnType, Field, Signature, Task
from keepwell.features import Decoder

FULL = {
    "age": 40,
    "income": 1.5,
    "member": True,
    "colour": "red",
    "note": "fine",
    "seen": "2024-01-03T04:00:00Z",
}


def one(kind: ColumnType, *, required: bool = False, categories: tuple[str, ...] = ()) -> Decoder:
    field = Field(name="x", type=kind, required=required, categories=categories)
    return Decoder(Signature(task=Task.BINARY, target="y", inputs=(field,)))


def value(decoder: Decoder, given: Any) -> Any:
    return decoder.rows([{"x": given}]).columns[0][0]


def test_gives_canonical_values_in_the_order_of_the_inputs(signature: Signature) -> None:
    decoded = Decoder(signature).rows([FULL])
    assert decoded.columns == [[40.0], [1.5], [1.0], ["red"], ["fine"], [1704254400.0]]
    assert decoded.warnings == []


def test_takes_absent_values_as_missing_where_training_saw_gaps(signature: Signature) -> None:
    decoded = Decoder(signature).rows([{"age": 40, "seen": "2024-01-03"}])
    assert math.isnan(decoded.columns[1][0])
    assert math.isnan(decoded.columns[2][0])
    assert decoded.columns[3:5] == [[None], [""]]


def test_refuses_an_absent_value_where_training_saw_none(signature: Signature) -> None:
    with pytest.raises(
        InvalidRequestError, match="column 'age' is missing in instance 1"
    ) as caught:
        Decoder(signature).rows([FULL, {**FULL, "age": None}])
    assert caught.value.details == {"column": "age", "instance": 1}


def test_a_misspelt_column_is_told_with_the_right_name(signature: Signature) -> None:
    row = {name: value for name, value in FULL.items() if name != "age"} | {"agee": 40}
    for ask in (
        lambda: Decoder(signature).rows([row]),
        lambda: Decoder(signature).table(pa.table({k: [v] for k, v in row.items()})),
    ):
        with pytest.raises(InvalidRequestError) as caught:
            ask()
        assert caught.value.why == "the row has 'agee', which the model does not take"
        assert caught.value.now == "call it 'age'"


def test_takes_any_gap_when_lenient(signature: Signature) -> None:
    decoded = Decoder(signature, lenient=True).rows([{}])
    assert math.isnan(decoded.columns[0][0])


def test_ignores_extra_columns_with_a_warning(signature: Signature) -> None:
    extra = {f"extra{n}": n for n in range(7)}
    decoded = Decoder(signature).rows([{**FULL, **extra}])
    assert decoded.warnings == [
        "ignored, because the model does not use them: 'extra0', 'extra1', 'extra2', 'extra3', "
        "'extra4' and 2 more"
    ]


def test_counts_infinite_numbers_as_missing_with_a_warning() -> None:
    decoded = one(ColumnType.NUMBER).rows([{"x": math.inf}, {"x": 10**400}, {"x": 1}])
    assert math.isnan(decoded.columns[0][0])
    assert math.isnan(decoded.columns[0][1])
    assert decoded.warnings == ["column 'x': 2 infinite values count as missing"]


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (ColumnType.NUMBER, "12"),
        (ColumnType.NUMBER, True),
        (ColumnType.INTEGER, "12"),
        (ColumnType.INTEGER, [1]),
        (ColumnType.BOOLEAN, "true"),
        (ColumnType.BOOLEAN, 2),
        (ColumnType.CATEGORY, 7),
        (ColumnType.CATEGORY, {"a": 1}),
        (ColumnType.TEXT, 7),
        (ColumnType.DATETIME, "yesterday"),
        (ColumnType.DATETIME, 1704254400),
    ],
)
def test_refuses_a_wrong_type_by_name(kind: ColumnType, wrong: Any) -> None:
    decoder = one(kind, categories=("red", "blue") if kind is ColumnType.CATEGORY else ())
    with pytest.raises(InvalidRequestError, match="column 'x' of instance 0 is") as caught:
        value(decoder, wrong)
    assert caught.value.http_status == 422
    assert kind.value in caught.value.why


@pytest.mark.parametrize(
    ("labels", "given", "expected"),
    [
        (("1", "2"), 1, "1"),
        (("1", "2"), 2.0, "2"),
        (("1", "2"), 3, "3"),
        (("1.0", "2.5"), 1, "1.0"),
        (("01", "02"), 2, "02"),
        (("True", "False"), True, "True"),
        (("false", "true"), False, "false"),
    ],
)
def test_takes_a_number_or_boolean_for_the_label_it_spells(
    labels: tuple[str, ...], given: Any, expected: str
) -> None:
    assert value(one(ColumnType.CATEGORY, categories=labels), given) == expected


def test_takes_an_empty_label_as_missing() -> None:
    assert value(one(ColumnType.CATEGORY), "") is None
    with pytest.raises(InvalidRequestError, match="counts as missing"):
        value(one(ColumnType.CATEGORY, required=True), "")


@pytest.mark.parametrize(
    "given",
    [
        "2024-01-03 04:00:00",
        "2024-01-03T04:00:00Z",
        "2024-01-03T06:00:00+02:00",
        datetime(2024, 1, 3, 4),
        datetime(2024, 1, 3, 6, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_reads_times_as_utc_unless_they_say_otherwise(given: Any) -> None:
    assert value(one(ColumnType.DATETIME), given) == 1704254400.0


def test_reads_a_plain_date_as_midnight() -> None:
    assert value(one(ColumnType.DATETIME), date(1970, 1, 2)) == 86400.0


def test_makes_the_same_frame_of_a_dictionary_encoded_column(signature: Signature) -> None:
    table = pa.Table.from_pylist([FULL, {**FULL, "colour": None}, {**FULL, "colour": "blue"}])
    table = table.set_column(5, "seen", pa.array([datetime(2024, 1, 3, tzinfo=UTC)] * 3))
    coded = table.set_column(3, "colour", table["colour"].dictionary_encode())
    decoder = Decoder(signature)
    assert decoder.table(coded).equals(decoder.table(table))


def test_leaves_the_heavy_libraries_alone_for_rows() -> None:
    code = (
        "import sys, keepwell.features.decoding as d; from keepwell.core.records import *;"
        "f = Field(name='x', type=ColumnType.NUMBER);"
        "d.Decoder(Signature(task=Task.BINARY, target='y', inputs=(f,))).rows([{'x': 1}]);"
        "print({'pandas', 'sklearn', 'scipy', 'lightgbm'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


NUMBERS = st.none() | st.floats() | st.floats(width=32)
CELLS: dict[ColumnType, list[tuple[pa.DataType, st.SearchStrategy[Any]]]] = {
    ColumnType.NUMBER: [
        (pa.float64(), NUMBERS),
        (pa.int64(), st.none() | st.integers(-(2**63), 2**63 - 1)),
        (pa.decimal128(10, 2), st.none() | st.decimals(-999, 999, places=2)),
        (pa.bool_(), st.none() | st.booleans()),
        (pa.string(), st.none() | st.text(max_size=3)),
    ],
    ColumnType.BOOLEAN: [
        (pa.bool_(), st.none() | st.booleans()),
        (pa.int8(), st.none() | st.integers(0, 2)),
    ],
    ColumnType.CATEGORY: [
        (pa.string(), st.none() | st.text(max_size=2)),
        (pa.int64(), st.none() | st.integers(-3, 3)),
        (pa.float64(), NUMBERS),
    ],
    ColumnType.TEXT: [(pa.string(), st.none() | st.text(max_size=9)), (pa.null(), st.none())],
    ColumnType.DATETIME: [
        (pa.timestamp("us"), st.none() | st.datetimes()),
        (pa.timestamp("us", tz="UTC"), st.none() | st.datetimes(timezones=st.just(UTC))),
        (pa.date32(), st.none() | st.dates()),
        (pa.string(), st.none() | st.sampled_from(["2024-05-06", "2024-05-06T07:08", "soon"])),
    ],
}


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Decoder, pa.Table]:
    kind = draw(st.sampled_from(list(CELLS)))
    arrow, cells = draw(st.sampled_from(CELLS[kind]))
    values = draw(st.lists(cells, max_size=6))
    labels = draw(st.sampled_from([(), ("1", "2"), ("red",)])) if kind == "category" else ()
    decoder = one(kind, required=draw(st.booleans()), categories=labels)
    return decoder, pa.table({"x": pa.chunked_array([pa.array(values, arrow)])})


def outcome(call: Any) -> Any:
    """What a door gives, or the words it refuses with; nan made comparable."""
    try:
        columns = call()
    except InvalidRequestError as refusal:
        return str(refusal)
    return [
        ["nan" if isinstance(cell, float) and math.isnan(cell) else cell for cell in column]
        for column in columns
    ]


@settings(max_examples=400, deadline=None)
@given(worlds())
def test_has_two_doors_with_one_meaning(world: tuple[Decoder, pa.Table]) -> None:
    decoder, table = world
    by_rows = outcome(lambda: decoder.rows(table.to_pylist()).columns)
    by_table = outcome(lambda: [decoder.table(table)["x"].tolist()])
    assert by_rows == by_table


def test_labels_that_training_never_saw_are_taken_and_said() -> None:
    decoder = one(ColumnType.CATEGORY, categories=("red", "blue"))
    rows = [{"x": label} for label in ("red", "pink", None, "pink", "", "teal")]
    decoded = decoder.rows(rows)
    assert decoded.columns == [["red", "pink", None, "pink", None, "teal"]]
    assert decoded.warnings == [
        "column 'x': 3 rows hold labels that training never saw: 'pink', 'teal'"
    ]
    assert decoder.rows([{"x": "pink"}]).warnings == [
        "column 'x': 1 row holds a label that training never saw: 'pink'"
    ]
    assert decoder.rows([{"x": "blue"}]).warnings == []


def test_nothing_is_said_of_labels_where_not_all_of_them_are_known() -> None:
    fifty = tuple(f"c{number}" for number in range(50))
    assert one(ColumnType.CATEGORY, categories=fifty).rows([{"x": "new"}]).warnings == []
    assert one(ColumnType.CATEGORY, categories=fifty[:49]).rows([{"x": "new"}]).warnings
