import pyarrow as pa
import pytest

from keepwell.core.records import Column, ColumnType, Signature, Task
from keepwell.features import infer_signature


def test_requires_only_columns_without_gaps(signature: Signature) -> None:
    required = {field.name for field in signature.inputs if field.required}
    assert required == {"age", "seen"}


def test_counts_an_infinite_number_as_a_gap() -> None:
    table = pa.table({"x": [1.0, float("inf")]})
    column = Column(name="x", type=ColumnType.NUMBER)
    field = infer_signature(table, [column], ["x"], "y", Task.REGRESSION).inputs[0]
    assert not field.required
    assert field.example == 1.0


def test_lists_categories_most_frequent_first(signature: Signature) -> None:
    field = signature.input("colour")
    assert field is not None
    assert field.categories == ("red", "blue")
    assert field.example == "red"


def test_lists_no_more_than_fifty_categories() -> None:
    table = pa.table({"city": [f"city {n:03}" for n in range(80)]})
    column = Column(name="city", type=ColumnType.CATEGORY)
    field = infer_signature(table, [column], ["city"], "y", Task.BINARY).inputs[0]
    assert len(field.categories) == 50


@pytest.mark.parametrize(
    ("values", "expected"),
    [([7, 8, 9], ColumnType.INTEGER), (["a1", "b2", "c3"], ColumnType.CATEGORY)],
    ids=["whole numbers", "text"],
)
def test_takes_a_kept_identifier_as_what_it_is_stored_as(
    values: list[int] | list[str], expected: ColumnType
) -> None:
    column = Column(name="id", type=ColumnType.IDENTIFIER)
    signature = infer_signature(pa.table({"id": values}), [column], ["id"], "y", Task.BINARY)
    assert signature.inputs[0].type is expected


def test_keeps_examples_json_serialisable(signature: Signature) -> None:
    assert [type(field.example) for field in signature.inputs] == [int, float, bool, str, str, str]
    assert signature.inputs[-1].example == "2024-03-03T04:00:00+00:00"


def test_copes_with_a_table_without_rows(columns: list[Column], table: pa.Table) -> None:
    empty = infer_signature(table.slice(0, 0), columns, ["age", "colour"], "y", Task.BINARY)
    assert [(field.required, field.example) for field in empty.inputs] == [(False, None)] * 2
