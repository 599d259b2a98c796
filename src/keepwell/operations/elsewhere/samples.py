"""A sample of the rows that a model was registered with: what live rows are told apart from."""

import io
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from keepwell.core.ports import BlobStore
from keepwell.core.records import ColumnType, ModelVersion, Signature
from keepwell.monitoring.vectors import read_vectors

SAMPLE_FILE = "sample.parquet"
SAMPLE_ROWS = 2_000
LARGEST = 32 << 20
"""Bytes of a column; one of more, such as pictures, is left out: the sample is kept with every version."""

_DRAWN_FROM = b"keepwell.rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Some rows of a reference, in their order.

    Attributes:
        rows: Their inputs.
        drawn_from: How many rows the reference has.
    """

    rows: pa.Table
    drawn_from: int


def pack_sample(rows: pa.Table, signature: Signature, without: Collection[str] = ()) -> bytes:
    """Return a file with some rows, spread evenly, of the inputs but those that are never written."""
    import pyarrow.parquet as pq

    places = np.arange(rows.num_rows)
    if rows.num_rows > SAMPLE_ROWS:
        places = np.linspace(0, rows.num_rows - 1, SAMPLE_ROWS).astype(np.int64)
    taken = rows.take(pa.array(places))
    columns = {
        item.name: _short(taken[item.name], item.width)
        if item.type is ColumnType.EMBEDDING
        else taken[item.name]
        for item in signature.inputs
        if item.name not in without
    }
    columns = {name: column for name, column in columns.items() if column.nbytes <= LARGEST}
    table = pa.table(columns).replace_schema_metadata({_DRAWN_FROM: str(rows.num_rows).encode()})
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def read_sample(blobs: BlobStore, version: ModelVersion) -> Sample | None:
    """Return the sample that a version was registered with; None if it has none."""
    import pyarrow.parquet as pq

    from keepwell.tracking.bundles import unpack

    if version.bundle.file(SAMPLE_FILE) is None:
        return None
    table = pq.read_table(io.BytesIO(unpack(blobs, version.bundle, SAMPLE_FILE)))
    told = (table.schema.metadata or {}).get(_DRAWN_FROM, b"0")
    return Sample(rows=table, drawn_from=int(told))


def _short(column: pa.ChunkedArray, width: int) -> pa.Array:
    """Return embeddings as lists of single precision: nobody tells them apart by more."""
    vectors = read_vectors(column, width).astype(np.float32)
    lists = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), width)
    there = column.is_valid().to_numpy()
    places = np.where(there, np.cumsum(there) - 1, 0)
    return lists.take(pa.array(places, mask=~there))
