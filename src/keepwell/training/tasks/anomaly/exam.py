"""What a detector is measured on: true rows, and as many made up from them.

A made-up row is a true one, a third of whose columns (at least one) hold another value: drawn evenly from a
range twice as wide as the column's, or any label. No model is asked what odd is, so models can be compared.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.records import ColumnType, Field, Signature
from keepwell.core.spec import DataSpec
from keepwell.tracking.metrics.oddity import Oddities
from keepwell.training.tasks.exams import Exam

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_ROWS = 3_000
_SHARE = 3
_NUMBERS = (ColumnType.NUMBER, ColumnType.INTEGER)
_ODD = {
    "true",
    "1",
    "1.0",
    "yes",
    "y",
    "anomaly",
    "anomalous",
    "odd",
    "outlier",
    "fraud",
    "-1",
    "-1.0",
}
_USUAL = {"false", "0", "0.0", "no", "n", "normal", "usual", "inlier", "ok", "good"}


def oddity_exam(signature: Signature, table: pa.Table, data: DataSpec) -> Exam:
    """Return true rows followed by made-up ones."""
    random = np.random.default_rng(0)
    if table.num_rows > _MOST_ROWS:
        table = table.take(np.sort(random.permutation(table.num_rows)[:_MOST_ROWS]))
    rows, width = table.num_rows, len(signature.inputs)
    touched = _touched(random, rows, width)
    columns = {
        field.name: _doubled(table[field.name], field, touched[:, at], random)
        for at, field in enumerate(signature.inputs)
    }
    known = np.full(2 * rows, np.nan)
    if data.labels and data.labels in table.column_names:
        known[:rows] = known_odd(table[data.labels])
    made = np.arange(2 * rows) >= rows
    return Exam(table=pa.table(columns), actual=Oddities(made=made, known=known))


def known_odd(labels: pa.ChunkedArray) -> "NDArray[np.float64]":
    """Return 1 for labels that mean odd, 0 for ones that mean usual, nan for none.

    Of two labels that mean neither by name, the rarer one is the odd one.
    """
    texts = [None if one is None else str(one).strip().lower() for one in labels.to_pylist()]
    present = [one for one in texts if one]
    names = set(present)
    odd = names & _ODD
    if not odd and not names <= _USUAL and names:
        odd = {min(sorted(names), key=present.count)} if len(names) > 1 else set()
        if names & _USUAL:
            odd = names - _USUAL
    return np.array([np.nan if not one else float(one in odd) for one in texts])


def _touched(random: np.random.Generator, rows: int, width: int) -> "NDArray[np.bool_]":
    """Return by row the columns that a made-up one holds other values in."""
    count = max(1, width // _SHARE)
    order = np.argsort(random.random((rows, width)), axis=1)
    return np.asarray(order < count)


def _doubled(
    column: pa.ChunkedArray, field: Field, touched: "NDArray[np.bool_]", random: np.random.Generator
) -> pa.Array:
    """Return a column followed by itself with some values replaced."""
    values: list[Any] = column.to_pylist()
    present = [value for value in values if value is not None]
    made = list(values)
    if present:
        drawn = _others(present, field, len(values), random)
        made = [new if hit else old for old, new, hit in zip(values, drawn, touched, strict=True)]
    if field.type in _NUMBERS:
        return pa.array([None if v is None else float(v) for v in values + made], pa.float64())
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    return pa.array(values + made, kind)


def _others(present: list[Any], field: Field, rows: int, random: np.random.Generator) -> list[Any]:
    if field.type in _NUMBERS:
        numbers = np.array([float(value) for value in present])
        numbers = numbers[np.isfinite(numbers)]
        low, high = (numbers.min(), numbers.max()) if len(numbers) else (0.0, 1.0)
        half = max(high - low, 1e-9) / 2
        drawn: list[Any] = random.uniform(low - half, high + half, rows).tolist()
        return drawn
    labels = sorted(set(present), key=str)
    return [labels[at] for at in random.integers(0, len(labels), rows)]
