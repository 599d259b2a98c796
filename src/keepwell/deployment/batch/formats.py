"""Files of rows in the format that their name says, in parts that can be joined."""

import os
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from keepwell.core.errors import UsageError

NAMES = ".parquet, .csv, .jsonl (the last two also with .gz or .zst), .delta, or a folder/"
_COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
_KINDS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
_COPY_BYTES = 8 << 20
_encode_lines = msgspec.json.Encoder(enc_hook=str).encode_lines
_encode = msgspec.json.Encoder(enc_hook=str).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How rows become bytes.

    Law: the parts of a table, written in order and joined, read back as that table.

    Attributes:
        kind: `parquet`, `csv` or `jsonl`.
        compression: Of the whole file: `gzip`, `zstd`, or none.
    """

    kind: str
    compression: str = ""

    @property
    def suffix(self) -> str:
        """What names of such files end with."""
        packed = {kind: suffix for suffix, kind in _COMPRESSIONS.items()}
        return f".{self.kind}{packed.get(self.compression, '')}"

    def write(self, table: pa.Table, path: Path, *, first: bool) -> None:
        """Write a part, so that it is on the disk when this returns; the first one has the header."""
        with ExitStack() as stack:
            raw = stack.enter_context(path.open("wb"))
            file: Any = stack.enter_context(pa.PythonFile(raw, "w"))
            if self.compression:
                file = stack.enter_context(pa.CompressedOutputStream(file, self.compression))
            if self.kind == "parquet":
                _write_parquet(table, file)
            elif self.kind == "csv":
                _write_csv(table, file, header=first)
            else:
                file.write(_encode_lines(table.to_pylist()))
        with path.open("rb+") as written:
            os.fsync(written.fileno())

    def join(self, parts: Sequence[Path], target: Path) -> None:
        """Make one file of parts."""
        if self.kind == "parquet" and len(parts) > 1:
            from keepwell.deployment.batch.parquet_parts import join_parquet

            join_parquet(parts, target)
            return
        with target.open("wb") as file:  # compressed streams may follow each other in one file
            for part in parts:
                with part.open("rb") as source:
                    shutil.copyfileobj(source, file, _COPY_BYTES)
            file.flush()
            os.fsync(file.fileno())


def format_of(name: str) -> Format | None:
    """Return the format that a file's name says, None if it says none."""
    suffixes = Path(name).suffixes
    compression = _COMPRESSIONS.get(suffixes[-1].lower(), "") if suffixes else ""
    if compression:
        suffixes.pop()
    kind = _KINDS.get(suffixes[-1].lower()) if suffixes else None
    if kind is None or (compression and kind == "parquet"):
        return None
    return Format(kind=kind, compression=compression)


def unnamed(name: str) -> UsageError:
    """Return the error for an output whose name says no format."""
    stem = Path(name).name.partition(".")[0] or "scored"
    return UsageError(
        f"'{name}' does not say what is to be written",
        why=f"its name must end with one of {NAMES}",
        now=f"write for example -o {stem}.parquet",
    )


def _write_parquet(table: pa.Table, file: Any) -> None:
    with parquet_writer(file, table.schema) as writer:
        writer.write_table(table, row_group_size=table.num_rows)


def parquet_writer(file: Any, schema: pa.Schema) -> Any:
    """Return a writer that looks for repeated values only where there may be some: it takes time."""
    import pyarrow.parquet as pq

    repeating = [
        field.name
        for field in schema
        if not pa.types.is_floating(field.type) and field.name != "prediction_id"
    ]
    return pq.ParquetWriter(file, schema, use_dictionary=repeating)


def _write_csv(table: pa.Table, file: Any, *, header: bool) -> None:
    import pyarrow.csv as pa_csv

    options = pa_csv.WriteOptions(include_header=header, quoting_style="needed")
    pa_csv.write_csv(_flat(table), file, write_options=options)


def _flat(table: pa.Table) -> pa.Table:
    """Return the table with columns that CSV cannot hold as text: lists and objects as JSON."""
    for at, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            plain = table.column(at).cast(field.type.value_type)
        elif pa.types.is_nested(field.type):
            texts = (
                None if value is None else _encode(value).decode()
                for value in table.column(at).to_pylist()
            )
            plain = pa.array(texts, pa.string())
        else:
            continue
        table = table.set_column(at, field.name, plain)
    return table
