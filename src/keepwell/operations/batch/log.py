"""A batch's predictions in the prediction log, so that monitors see them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

from keepwell.core.identifiers import time_of
from keepwell.core.ports import TableStore
from keepwell.core.records import ModelVersion
from keepwell.core.spec import LogSpec
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
        policy: Which rows and columns are kept, as for the endpoint's own requests.
        counted: Told each piece that was logged, with its writer and number: accumulators.
    """

    def __init__(
        self,
        tables: TableStore,
        endpoint: str,
        version: ModelVersion,
        policy: LogSpec,
        counted: Callable[[str, int, pa.Table], None] | None = None,
    ) -> None:
        self._tables = tables
        self._policy = policy
        self._endpoint = endpoint
        self._version = version
        self._counted = counted
        self._labels = Labels(version.signature)

    def __call__(
        self,
        job: str,
        piece: int,
        inputs: pa.Table,
        scores: "Scores",
        ids: pa.Array,
        keys: pa.Array | None,
    ) -> None:
        """Log a piece; pieces come in order. Without keys, outcomes are told by the ids alone."""
        share = self._policy.sample
        kept = [at for at in range(len(ids)) if int((at + 1) * share) > int(at * share)]
        open_names = [n for n in inputs.column_names if n not in self._policy.redact]
        inputs, ids, rows = (
            inputs.select(open_names).take(pa.array(kept, pa.int64())),
            ids.take(pa.array(kept, pa.int64())),
            len(kept),
        )
        likely: Any = scores.probabilities
        probabilities = [[]] * rows if likely is None else likely[kept].tolist()
        same = {
            "time": moment(time_of(job)),
            "endpoint": self._endpoint,
            "model": self._version.model,
            "version": self._version.version,
            "role": CALLER,
            "request": job,
            "latency_ms": 0.0,  # of no request
            "caller": CALLER,
        }
        own = {
            "id": ids,
            "prediction": pa.array([self._labels.log(scores.predictions[at]) for at in kept]),
            "probabilities": pa.array(probabilities, pa.list_(pa.float64())),
            "inputs": pa.array([_encode(row).decode() for row in inputs.to_pylist()]),
        }
        if keys is not None:
            own["key"] = keys.take(pa.array(kept, pa.int64()))
        columns = [
            own[field.name]
            if field.name in own
            else pa.repeat(_scalar(same.get(field.name, ""), field.type), rows)
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
        if self._counted is not None:
            self._counted(f"batch-{job}", piece, table)


def _scalar(value: Any, kind: pa.DataType) -> pa.Scalar:
    return value if isinstance(value, pa.Scalar) else pa.scalar(value, kind)
