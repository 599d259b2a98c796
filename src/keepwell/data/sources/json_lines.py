"""JSON Lines: one object a line, plain or compressed."""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pyarrow as pa

from keepwell.core.errors import InvalidDataError, KeepwellError
from keepwell.core.records.dataset import Finding
from keepwell.data.engine import path_literal, quoted
from keepwell.data.fingerprint import vanished
from keepwell.data.sources.content import (
    check_text,
    compression_option,
    not_utf8,
    not_what_it_says,
    open_plain,
    read_head,
)
from keepwell.data.sources.files import Sample

_SAMPLE_ROWS = 20_000
_OBJECT = msgspec.json.Decoder(dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLinesFile:
    """A file with one JSON object a line. Values are told as text; nested ones stay JSON."""

    path: Path
    names: tuple[str, ...]
    types: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return nothing."""
        return ()

    def relation(self) -> str:
        """Return what SQL selects from."""
        pointers = ", ".join(quoted(_pointer(name)) for name in self.names)
        columns = ", ".join(f"v[{place + 1}] AS c{place}" for place in range(len(self.names)))
        return (
            f"(SELECT {columns} FROM (SELECT json_extract_string(json, [{pointers}]) AS v "
            f"FROM {_objects(self.path)}))"
        )

    def sample(self) -> Sample:
        """Return its first rows."""
        with duckdb.connect(":memory:") as connection:
            sql = f"SELECT * FROM {self.relation()} LIMIT {_SAMPLE_ROWS}"
            try:
                table = connection.sql(sql).to_arrow_table()
            except (duckdb.Error, OSError) as error:
                raise self.explain(error) or error from error
        strings = table.cast(pa.schema([(name, pa.string()) for name in table.column_names]))
        return Sample(table=strings, complete=table.num_rows < _SAMPLE_ROWS)

    def explain(self, error: Exception) -> KeepwellError | None:
        """Return what an error that came up while reading it means; None if it is not about it."""
        return vanished(self.path) if not self.path.exists() else _explain(self.path, error)

    def line_of(self, row: int) -> int | None:
        """Return the line that the row with this number (from 0) stands in."""
        with open_plain(self.path) as plain:
            filled = (number for number, line in enumerate(plain, start=1) if line.strip())
            return next(itertools.islice(filled, row, None), None)


def open_json_lines(path: Path) -> JsonLinesFile:
    """Return a JSON Lines file; its columns are all keys of all its objects.

    Raises:
        InvalidDataError: If it is empty or no JSON Lines.
    """
    head = read_head(path, 1 << 20)
    check_text(path, head)
    if head.lstrip().startswith(b"["):
        raise InvalidDataError(
            f"{path} holds one JSON array",
            why="JSON Lines has one object on each line, so that it can be read in pieces",
            now=f"convert it: jq -c '.[]' {path.name} > {path.stem}.jsonl",
        )
    if not head.strip():
        raise InvalidDataError(
            f"{path} is empty", why="it holds nothing but white space", now="export it again"
        )
    with duckdb.connect(":memory:") as connection:
        keys = f"SELECT DISTINCT unnest(json_keys(json)) FROM {_objects(path)}"
        try:
            found = {key for (key,) in connection.sql(keys).fetchall()}
        except (duckdb.Error, OSError) as error:
            raise _explain(path, error) or error from error
    first = [key for key in _first_keys(head) if key in found]
    names = (*first, *sorted(found.difference(first)))
    if not names:
        raise _bad_line(path) or InvalidDataError(
            f"{path} has no columns", why="its objects have no keys", now="export it again"
        )
    return JsonLinesFile(path=path, names=names)


def _objects(path: Path) -> str:
    return (
        f"read_ndjson_objects({path_literal(path)}, maximum_object_size = 64000000"
        f"{compression_option(path)})"
    )


def _pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")


def _first_keys(head: bytes) -> list[str]:
    keys: dict[str, None] = {}
    for line in head.splitlines()[:1000]:
        try:
            keys.update(dict.fromkeys(_OBJECT.decode(line)))
        except msgspec.DecodeError:
            continue
    return list(keys)


def _explain(path: Path, error: Exception) -> KeepwellError | None:
    text = str(error)
    if "gzip" in text.lower() or "zstd" in text.lower():
        with path.open("rb") as file:
            return not_what_it_says(path, file.read(64), why=text.splitlines()[0])
    return _bad_line(path)


def _bad_line(path: Path) -> KeepwellError | None:
    """Return the error for the first line that is no JSON object."""
    with open_plain(path) as plain:
        for number, line in enumerate(plain, start=1):
            if not line.strip():
                continue
            try:
                _OBJECT.decode(line)
            except UnicodeDecodeError:
                return not_utf8(path, line=number)
            except msgspec.DecodeError as error:
                return InvalidDataError(
                    f"{path}, line {number:,} is not a JSON object",
                    why=f"{error}: {line[:120].decode(errors='replace').strip()}",
                    now=f"mend that line (see it with: sed -n {number}p {path.name})",
                    details={"file": str(path), "line": number},
                )
    return None
