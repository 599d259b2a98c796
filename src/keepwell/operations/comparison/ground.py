"""Rows that neither of two versions has learnt from: the only ground to compare them on."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from keepwell.core.errors import InvalidDataError, KeepwellError
from keepwell.core.records import ModelVersion
from keepwell.operations.build.bench import Bench
from keepwell.operations.build.recipe import TEST_ROWS
from keepwell.operations.reproduction.material import recipe_of, trained_table

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

FEWEST_ROWS = 10


def own_test_rows(bench: Bench, version: ModelVersion) -> "pa.Table":
    """Return the test rows of a version, with their outcome.

    Raises:
        InvalidDataError: If they are not known.
    """
    divided = _divided(bench, version)
    if divided is None:
        raise InvalidDataError(
            f"the test rows of {version.key} are not known",
            why="it was registered from outside, or trained by an older Keepwell",
            now="name rows with --rows labelled.csv",
        )
    return divided[1]


def common_ground(
    bench: Bench, first: ModelVersion, second: ModelVersion, *others: ModelVersion
) -> "tuple[pa.Table, str]":
    """Return rows with their outcome that neither has learnt from, and which they are in words.

    The test rows of the second, less those that the first has learnt from; if too few are left, the
    other way round. Rows are recognised by what is in them, whatever version of the data they are of.

    With more versions, what any of them has learnt from is left out.

    Raises:
        InvalidDataError: If there are too few such rows.
    """
    if others:
        return _unseen_by_all(bench, first, (second, *others))
    tried = []
    for one, other in ((second, first), (first, second)):
        mine = _divided(bench, one)
        if mine is None:
            continue
        test, theirs = mine[1], _divided(bench, other)
        if theirs is None:
            words = f"the test rows of {one.key}; what {other.key} has learnt from is not known"
            return test, words
        names = [name for name in test.column_names if name in theirs[0].column_names]
        fresh = ~np.isin(_marks(test.select(names)), _marks(theirs[0].select(names)))
        left = int(fresh.sum())
        if left >= FEWEST_ROWS:
            words = f"the test rows of {one.key}"
            if left < test.num_rows:
                words += f" that {other.key} has not learnt from ({left:,} of {test.num_rows:,})"
            return test.filter(fresh), words
        tried.append(
            f"of {test.num_rows:,} test rows of {one.key}, {other.key} has not seen {left:,}"
        )
    raise InvalidDataError(
        f"there are no rows to compare {first.key} and {second.key} on",
        why="; ".join(tried) or "what they have learnt from is not known",
        now="keepwell compare A B --rows labelled.csv, with rows that neither has learnt from",
    )


def _unseen_by_all(
    bench: Bench, first: ModelVersion, others: Sequence[ModelVersion]
) -> "tuple[pa.Table, str]":
    rows = own_test_rows(bench, first)
    for other in others:
        theirs = _divided(bench, other)
        if theirs is not None:
            names = [name for name in rows.column_names if name in theirs[0].column_names]
            seen = np.isin(_marks(rows.select(names)), _marks(theirs[0].select(names)))
            rows = rows.filter(~seen)
    if rows.num_rows < FEWEST_ROWS:
        raise InvalidDataError(
            f"of the test rows of {first.key}, {rows.num_rows} were learnt from by none of the others",
            why=f"{FEWEST_ROWS} are needed",
            now="name rows with --rows labelled.csv",
        )
    return rows, f"the test rows of {first.key} that none of the others has learnt from"


def _divided(bench: Bench, version: ModelVersion) -> "tuple[pa.Table, pa.Table] | None":
    """Return the rows a version has learnt from and its test rows; None where that is not known."""
    try:
        run, recipe = recipe_of(bench, version, with_program=False)
        table, _ = trained_table(bench, run)
    except KeepwellError:
        return None
    known = table[recipe.target].is_valid().to_numpy(zero_copy_only=False)
    test = np.frombuffer(bench.runs.read(run.id, TEST_ROWS), dtype=np.int64)
    learnt = np.setdiff1d(np.flatnonzero(known), test)
    return table.take(learnt), table.take(test)


def _marks(table: "pa.Table") -> "NDArray[np.uint64]":
    """Return a number by row that equal rows share."""
    import pandas as pd

    text = {
        name: table[name].cast("string").to_pandas().astype(object).fillna("\0")
        for name in sorted(table.column_names)
    }
    marks = pd.util.hash_pandas_object(pd.DataFrame(text), index=False)
    return np.asarray(marks.to_numpy(), dtype=np.uint64)
