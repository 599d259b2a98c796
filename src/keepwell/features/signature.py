"""What a model takes, read off the rows that it is trained on."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from keepwell.core.records import Column, ColumnType, Field, Signature, Task
from keepwell.features.novelty import MAX_CATEGORIES


def infer_signature(
    table: pa.Table,
    columns: Sequence[Column],
    inputs: Sequence[str],
    target: str,
    task: Task,
    classes: Sequence[str | int | float | bool] = (),
) -> Signature:
    """Return the signature of a model that learns `target` from `inputs`.

    An input is required if no row lacks it. An identifier that is an input all the same (the user
    asked to keep it) counts as the number or category that it is stored as.
    """
    kinds = {column.name: column.type for column in columns}
    return Signature(
        task=task,
        target=target,
        inputs=tuple(_field(table.column(name), name, kinds[name]) for name in inputs),
        classes=tuple(classes),
    )


def _field(values: pa.ChunkedArray, name: str, kind: ColumnType) -> Field:
    if kind is ColumnType.IDENTIFIER:
        whole = pa.types.is_integer(values.type)
        kind = ColumnType.INTEGER if whole else ColumnType.CATEGORY
    present = _present(values, kind)
    counted = _by_frequency(present) if kind is ColumnType.CATEGORY else ()
    return Field(
        name=name,
        type=kind,
        required=len(values) > 0 and len(present) == len(values),
        categories=counted,
        example=counted[0] if counted else _example(present, kind),
    )


def _present(values: pa.ChunkedArray, kind: ColumnType) -> pa.ChunkedArray:
    """Return the values that the decoder takes for values: neither null, nan, infinite nor empty."""
    if pa.types.is_floating(values.type):
        return values.filter(pc.is_finite(values.cast(pa.float64())))
    if kind is ColumnType.CATEGORY and not pa.types.is_null(values.type):
        text = values.cast(pa.large_string())
        return text.filter(pc.not_equal(text, ""))
    return values.drop_null()


def _by_frequency(values: pa.ChunkedArray) -> tuple[str, ...]:
    counts = pc.value_counts(values)
    labels = counts.field("values").to_pylist()
    numbers = counts.field("counts").to_numpy(zero_copy_only=False)
    ranked = sorted(zip(labels, numbers, strict=True), key=lambda pair: (-pair[1], pair[0]))
    return tuple(str(label) for label, _ in ranked[:MAX_CATEGORIES])


def _example(values: pa.ChunkedArray, kind: ColumnType) -> str | int | float | bool | None:
    if not len(values):
        return None
    if kind in (ColumnType.NUMBER, ColumnType.INTEGER):
        numbers = values.cast(pa.float64(), safe=False).to_numpy()
        middle: float = np.sort(numbers)[len(numbers) // 2].item()
        return int(middle) if kind is ColumnType.INTEGER else middle
    value: Any = values[len(values) // 2].as_py()
    if kind is ColumnType.DATETIME:
        return str(value.isoformat())
    return value if isinstance(value, bool) else str(value)
