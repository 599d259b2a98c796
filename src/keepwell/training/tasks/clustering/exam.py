"""What a clustering is measured on: rows as points in a space that no model chose."""

import numpy as np
import pyarrow as pa

from keepwell.core.records import Signature
from keepwell.core.spec import DataSpec
from keepwell.features.decoding import Decoder
from keepwell.features.preparation import preparation
from keepwell.tracking.metrics.clustering import MOST_POINTS, Points
from keepwell.training.tasks.exams import Exam


def cluster_exam(signature: Signature, table: pa.Table, data: DataSpec) -> Exam:
    """Return rows as points, at most so many that their distances fit into memory."""
    if table.num_rows > MOST_POINTS:
        drawn = np.random.default_rng(0).permutation(table.num_rows)[:MOST_POINTS]
        table = table.take(np.sort(drawn))
    frame = Decoder(signature, lenient=True).table(table)
    values = preparation(signature, "linear", for_distances=True).fit_transform(frame)
    labels = None
    if data.labels and data.labels in table.column_names:
        labels = table[data.labels].to_pylist()
    return Exam(table=table, actual=Points(values=dense(values), labels=labels))


def dense(values: object) -> "np.typing.NDArray[np.float64]":
    """Return prepared rows as an array."""
    given = values.toarray() if hasattr(values, "toarray") else values
    return np.asarray(given, dtype=np.float64)
