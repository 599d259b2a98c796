"""Several Parquet files as one."""

import os
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from keepwell.deployment.batch.formats import parquet_writer


def join_parquet(parts: Sequence[Path], target: Path) -> None:
    """Write the row groups of files with one schema into one file, in order."""
    with target.open("wb") as file, parquet_writer(file, pq.read_schema(parts[0])) as writer:
        for part in parts:
            with pa.memory_map(str(part)) as mapped:
                writer.write_table(pq.read_table(mapped), row_group_size=1 << 30)
    with target.open("rb+") as written:
        os.fsync(written.fileno())
