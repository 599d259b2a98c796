"""Whichever way the rows come, the same labels are found to be new."""

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.records import ColumnType, Field, Signature, Task
from keepwell.features import Decoder
from keepwell.features.novelty import SHOWN, Novel, novel_labels

SIGNATURE = Signature(
    task=Task.BINARY,
    target="y",
    inputs=(
        Field(name="plan", type=ColumnType.CATEGORY, categories=("a", "b")),
        Field(name="size", type=ColumnType.NUMBER),
    ),
)
LABELS = st.lists(st.sampled_from(["a", "b", "", None, "c", "d", "ünseen", "x" * 90]), max_size=30)


@settings(max_examples=50)
@given(labels=LABELS, encoded=st.booleans())
def test_a_table_and_its_rows_say_the_same(labels: list[str | None], encoded: bool) -> None:
    column = pa.array(labels, pa.string())
    table = pa.table({"plan": column.dictionary_encode() if encoded else column})
    by_table = [found.said(name) for name, found in novel_labels(table, SIGNATURE).items()]
    assert by_table == Decoder(SIGNATURE).rows(table.to_pylist()).warnings


def test_what_is_kept_does_not_grow() -> None:
    total = Novel()
    for number in range(1000):
        total += Novel(rows=2, examples=(f"label {number}",))
    assert total.rows == 2000
    assert total.examples == tuple(f"label {number}" for number in range(SHOWN))
    assert total.said("plan").endswith("'label 4', …")


def test_columns_that_a_table_lacks_hold_nothing_new() -> None:
    assert novel_labels(pa.table({"size": [1.0]}), SIGNATURE) == {}
    assert novel_labels(pa.table({"plan": pa.nulls(3)}), SIGNATURE) == {}
