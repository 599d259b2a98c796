"""Rows into a file of the format that its name says, which appears when it is complete."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from keepwell.core.errors import UsageError
from keepwell.infrastructure.files import storing

Write = Callable[[pa.Table], None]

_COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
_FORMATS = ".parquet, .csv, .jsonl (the last two also with .gz or .zst)"


@contextlib.contextmanager
def writing(path: Path) -> Iterator[Write]:
    """Give a function that adds rows to `path`; the file takes its name when the block ends well.

    Raises:
        UsageError: If the name says no format that is known.
        StorageError: If the disk is full or read-only; then nothing is left behind.
    """
    suffixes = path.suffixes
    compression = _COMPRESSIONS.get(suffixes[-1]) if suffixes else None
    kind = suffixes[-2] if compression and len(suffixes) > 1 else path.suffix
    sink = {".parquet": _parquet, ".pq": _parquet, ".csv": _csv, ".jsonl": _json_lines}.get(kind)
    if sink is None or (compression and sink is _parquet):
        raise UsageError(
            f"'{path}' does not say what is to be written",
            why=f"its name must end with one of {_FORMATS}",
            now=f"write for example -o {path.name.partition('.')[0] or 'scored'}.parquet",
        )
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with storing(f"{path} was not written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with contextlib.ExitStack() as stack:
                file = stack.enter_context(pa.OSFile(str(partial), "wb"))
                if compression:
                    file = stack.enter_context(pa.CompressedOutputStream(file, compression))
                yield sink(file, stack)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def _parquet(file: Any, stack: contextlib.ExitStack) -> Write:
    import pyarrow.parquet as pq

    writers: list[Any] = []

    def write(table: pa.Table) -> None:
        if not writers:
            writers.append(stack.enter_context(pq.ParquetWriter(file, table.schema)))
        writers[0].write_table(table)

    return write


def _csv(file: Any, stack: contextlib.ExitStack) -> Write:
    import pyarrow.csv as pa_csv

    writers: list[Any] = []

    def write(table: pa.Table) -> None:
        if not writers:
            options = pa_csv.WriteOptions(quoting_style="needed")
            writer = pa_csv.CSVWriter(file, table.schema, write_options=options)
            writers.append(stack.enter_context(writer))
        writers[0].write_table(table)

    return write


def _json_lines(file: Any, stack: contextlib.ExitStack) -> Write:
    encode = msgspec.json.Encoder(enc_hook=str).encode_lines

    def write(table: pa.Table) -> None:
        file.write(encode(table.to_pylist()))

    return write
