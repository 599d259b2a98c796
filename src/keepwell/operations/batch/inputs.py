"""How the inputs of a batch differ from the training data."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from keepwell.core.records import ColumnType, ModelVersion, Profile

_NUMERIC = (ColumnType.NUMBER, ColumnType.INTEGER, ColumnType.BOOLEAN)


def compare_inputs(sample: pa.Table, version: ModelVersion, profile: Profile) -> dict[str, Any]:
    """Return which columns of a sample are distributed otherwise than in training.

    Args:
        sample: Rows of the batch as the model reads them.
        version: What scored them.
        profile: Statistics of its training.
    """
    from keepwell.infrastructure.codec import to_plain
    from keepwell.monitoring.counting import count_column
    from keepwell.monitoring.drift import compare_columns

    known = {column.name: column for column in profile.columns}
    present = set(sample.column_names)
    counted = [
        count_column(known[item.name], _plain(sample.column(item.name), item.type))
        for item in version.signature.inputs
        if item.name in known and item.name in present
    ]
    columns = compare_columns(counted, importance=version.importance)
    return {
        "rows": sample.num_rows,
        "drifted": [column.name for column in columns if column.drifted],
        "columns": [to_plain(column) for column in columns],
    }


def _plain(column: pa.ChunkedArray, kind: ColumnType) -> pa.ChunkedArray:
    """Return numbers and booleans as floats, everything else as text: what monitors count."""
    if kind in _NUMERIC:
        if pa.types.is_boolean(column.type):
            column = column.cast(pa.int8())
        return column.cast(pa.float64(), safe=False)
    return column.cast(pa.string())


def said(drift: Mapping[str, Any]) -> str:
    """Return the comparison in a few words."""
    drifted = list(drift["drifted"])
    if not drifted:
        return f"inputs like in training ({drift['rows']:,} rows compared)"
    return f"drifted: {', '.join(drifted)} ({drift['rows']:,} rows compared)"
