"""Rows that are those of the test once more are not learnt."""

import numpy as np
import pyarrow as pa

from keepwell.operations.build.retraining.twins import twins_of

RANDOM = np.random.default_rng(0)


def rows(count: int, *again: int) -> pa.Table:
    """Return rows unlike each other, and some of them once more at the end, with another outcome."""
    places = [*range(count), *again]
    number = RANDOM.normal(0, 1, count)[places]
    label = [None if at % 7 == 0 else f"c{at % 5}" for at in places]
    outcome = ["yes"] * count + ["no"] * len(again)
    return pa.table({"number": number, "label": label, "outcome": outcome})


def found(table: pa.Table, test: list[int], base: int) -> list[int]:
    return list(twins_of(table, np.array(test, np.int64), ["number", "label"], base=base))


def test_rows_with_the_inputs_of_a_test_row_are_found_whatever_their_outcome() -> None:
    table = rows(100, 3, 14, 3, 14, 50)
    assert found(table, [103, 104], base=100) == [14, 50, 101]


def test_live_rows_that_are_like_live_rows_only_are_different_cases() -> None:
    table = rows(100)
    table = pa.concat_tables([table, table.slice(99, 1), table.slice(99, 1)])
    assert found(table, [101], base=98) == []
    assert found(table, [101], base=100) == [99, 100]


def test_rows_unlike_each_other_have_no_twins() -> None:
    assert found(rows(100), [98, 99], base=90) == []


def test_rows_that_repeat_by_nature_are_different_cases() -> None:
    table = pa.table({"number": RANDOM.integers(0, 3, 200), "label": ["a"] * 200})
    assert found(table, [198, 199], base=150) == []


def test_without_rows_of_its_own_or_a_test_there_is_nothing_to_find() -> None:
    assert found(rows(10, 1), [], base=10) == []
    assert found(rows(10, 1), [10], base=0) == []
