"""A batch's predictions in the prediction log, so that monitors see them."""

from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

from keepwell.core.identifiers import time_of
from keepwell.core.ports import TableStore
from keepwell.core.records import ModelVersion
from keepwell.deployment.labels import Labels
from keepwell.monitoring.prediction_log.schema import PREDICTION_SCHEMA, PREDICTIONS, moment

if TYPE_CHECKING:
    from keepwell.deployment.scoring import Scores

CALLER = "batch"
_encode = msgspec.json.Encoder(enc_hook=str).encode


class BatchLog:
    """Writes pieces of a job to the log, each once however often it is called.

    Args:
        tables: Where the table `predictions` is.
        endpoint: Whose predictions these are.
        version: What scored them.
    """

    def __init__(self, tables: TableStore, endpoint: str, version: ModelVersion) -> None:
        self._tables = tables
        self._endpoint = endpoint
        self._version = version
        self._labels = Labels(version.signature)

    def __call__(
        self, job: str, piece: int, inputs: pa.Table, scores: "Scores", ids: pa.Array
    ) -> None:
        """Log a piece; pieces come in order."""
        rows = len(ids)
        likely: Any = scores.probabilities
        probabilities = [[]] * rows if likely is None else likely.tolist()
        same = {
            "time": moment(time_of(job)),
            "endpoint": self._endpoint,
            "model": self._version.model,
            "version": self._version.version,
            "role": CALLER,
            "request": job,
            "key": "",
            "latency_ms": 0.0,
            "caller": CALLER,
        }
        own = {
            "id": ids,
            "prediction": pa.array([self._labels.log(one) for one in scores.predictions]),
            "probabilities": pa.array(probabilities, pa.list_(pa.float64())),
            "inputs": pa.array([_encode(row).decode() for row in inputs.to_pylist()]),
        }
        columns = [
            own[field.name]
            if field.name in own
            else pa.repeat(_scalar(same[field.name], field.type), rows)
            for field in PREDICTION_SCHEMA
        ]
        table = pa.Table.from_arrays(
            [
                column.cast(field.type)
                for column, field in zip(columns, PREDICTION_SCHEMA, strict=True)
            ],
            schema=PREDICTION_SCHEMA,
        )
        self._tables.write(PREDICTIONS, table, once=(f"batch-{job}", piece))


def _scalar(value: Any, kind: pa.DataType) -> pa.Scalar:
    return value if isinstance(value, pa.Scalar) else pa.scalar(value, kind)
