"""The two tables, as they lie on the disk."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.records import Outcome, Prediction

if TYPE_CHECKING:
    from numpy.typing import NDArray

PREDICTIONS = "predictions"
OUTCOMES = "outcomes"

_TIME = pa.timestamp("us", "UTC")

PREDICTION_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("time", _TIME),
        ("endpoint", pa.string()),
        ("model", pa.string()),
        ("version", pa.int64()),
        ("role", pa.string()),
        ("request", pa.string()),
        ("key", pa.string()),
        ("prediction", pa.string()),
        ("probabilities", pa.list_(pa.float64())),
        ("latency_ms", pa.float64()),
        ("caller", pa.string()),
        ("inputs", pa.string()),
        ("trace", pa.string()),
        ("parent", pa.string()),
    ]
)

OUTCOME_SCHEMA = pa.schema(
    [
        ("prediction_id", pa.string()),
        ("endpoint", pa.string()),
        ("version", pa.int64()),  # that made the prediction
        ("predicted", _TIME),  # the prediction's own time: lets a join skip files
        ("outcome", pa.string()),
        ("time", _TIME),
    ]
)


def moment(seconds: float) -> pa.Scalar:
    """Return Unix seconds as the tables hold them."""
    return pa.scalar(round(seconds * 1e6), pa.int64()).cast(_TIME)


def prediction_table(records: Sequence[Prediction]) -> pa.Table:
    """Return predictions as rows of the table."""
    columns = {
        name: [getattr(record, name) for record in records] for name in PREDICTION_SCHEMA.names
    }
    columns["time"] = _moments(columns["time"])
    return pa.table(columns, schema=PREDICTION_SCHEMA)


def outcome_table(records: Sequence[Outcome], predictions: pa.Table) -> pa.Table:
    """Return outcomes as rows of the table; row i of `predictions` is what record i belongs to."""
    return pa.table(
        {
            "prediction_id": [record.prediction_id for record in records],
            "endpoint": [record.endpoint for record in records],
            "version": predictions["version"],
            "predicted": predictions["time"],
            "outcome": [record.outcome for record in records],
            "time": _moments([record.time for record in records]),
        },
        schema=OUTCOME_SCHEMA,
    )


def seconds_of(column: pa.ChunkedArray) -> "NDArray[np.float64]":
    """Return times as Unix seconds."""
    micros: NDArray[np.int64] = column.cast(pa.int64()).to_numpy()
    return micros / 1e6


def in_seconds(table: pa.Table) -> pa.Table:
    """Return the table with its times as Unix seconds, as everywhere in Python."""
    for index, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            seconds = pa.array(seconds_of(table.column(index)))
            table = table.set_column(index, field.name, seconds)
    return table


def predictions_of(table: pa.Table) -> list[Prediction]:
    """Return rows of the table as records."""
    return [
        Prediction(
            **{
                **row,
                "probabilities": tuple(row["probabilities"] or ()),
                "trace": row["trace"] or "",
                "parent": row["parent"] or "",
            }
        )
        for row in in_seconds(table).to_pylist()
    ]


def _moments(seconds: Sequence[float]) -> list[Any]:
    return [datetime.fromtimestamp(value, UTC) for value in seconds]
