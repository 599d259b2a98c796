"""A source's rows twice over: as they are, and as the model reads them."""

import tempfile
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from keepwell.core.errors import InvalidDataError
from keepwell.core.records import Signature
from keepwell.core.suggestions import did_you_mean

Stamps = dict[str, list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Some rows of a source.

    Attributes:
        start: Rows before them in the source.
        given: What the source holds, columns under their names.
        inputs: The model's inputs, typed by its signature; those that the source lacks are left out.
    """

    start: int
    given: pa.Table
    inputs: pa.Table


class Reader(Protocol):
    """A source that was opened for a model.

    Law: the same files give the same rows in the same order, cut into the same pieces, whatever is
    skipped.
    """

    @property
    def location(self) -> str:
        """Return the source as the user wrote it."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Return the columns' names."""
        ...

    @property
    def expected(self) -> int | None:
        """Return how many rows there are, or about how many; None if only reading can tell."""
        ...

    def stamps(self) -> Stamps:
        """Return what tells this state of the source from any other, without reading its rows."""
        ...

    def pieces(self, rows: int, skip: frozenset[int] = frozenset()) -> Generator[Rows, None, None]:
        """Yield pieces of exactly `rows` rows (the last may have fewer), but for those to skip.

        Raises:
            InvalidDataError: If the source cannot be read, or holds values that the model does not take.
        """
        ...


def open_rows(location: str, root: Path, signature: Signature, staging: Path) -> Reader:
    """Open a source: a file, a folder or a glob, here or in a bucket, or a Delta table.

    Args:
        location: As the user wrote it.
        root: What a relative location starts from.
        signature: Of the model that is to read it.
        staging: Folder for text that is fetched from a bucket; it is read from there.

    Raises:
        NotFoundError: If nothing is there.
        InvalidDataError: If it cannot be read, or lacks a column that the model must have.
    """
    from keepwell.data.sources import open_source
    from keepwell.deployment.batch.arrow_rows import ArrowRows, open_delta, open_parquet
    from keepwell.deployment.batch.text_rows import TextRows
    from keepwell.infrastructure.remote import Bucket, is_remote

    reader: Reader
    if is_delta(location, root):
        reader = open_delta(location, root, signature)
    elif is_remote(location):
        bucket = Bucket(location)
        paths = bucket.find()
        if all(path.endswith((".parquet", ".pq")) for path in paths):
            reader = ArrowRows(
                location, signature, open_parquet(paths, bucket.files), bucket.stamps
            )
        else:
            staging.mkdir(parents=True, exist_ok=True)
            for path in paths:
                bucket.fetch(path, staging)
            source = open_source(str(staging), staging)
            reader = TextRows(source, signature, location, bucket.stamps)
    else:
        source = open_source(location, root)
        files = [str(file.path) for file in source.files]
        direct = source.files[0].types and open_parquet(files, None)
        if direct and fits(direct.schema, signature):
            reader = ArrowRows(location, signature, direct, source.fingerprint)
        else:
            reader = TextRows(source, signature, location, source.fingerprint)
    must_have_inputs(reader, signature)
    return reader


def is_delta(location: str, root: Path) -> bool:
    """Tell whether a location is a Delta table: a folder with a transaction log."""
    from keepwell.infrastructure.remote import Bucket, is_remote

    if any(char in location for char in "*?["):
        return False
    if is_remote(location):
        return Bucket(location.rstrip("/") + "/_delta_log").kind() == "folder"
    return (root / Path(location.removeprefix("file://")).expanduser() / "_delta_log").is_dir()


def fits(schema: pa.Schema, signature: Signature) -> bool:
    """Tell whether typed columns are what the model takes, without being read as something else."""
    from keepwell.features.columns import takes

    return all(
        takes(schema.field(item.name).type, item)
        for item in signature.inputs
        if item.name in schema.names
    )


def must_have_inputs(reader: Reader, signature: Signature) -> None:
    """Refuse a source that lacks a column in which training saw a value in every row."""
    names = reader.names
    lacking = [item.name for item in signature.inputs if item.required and item.name not in names]
    if lacking:
        raise InvalidDataError(
            f"{reader.location} has no column '{lacking[0]}', which the model needs",
            why=f"its columns are {', '.join(names[:20])}",
            now=did_you_mean(lacking[0], names)
            or "add the column: training saw a value in every row",
            details={"missing": lacking},
        )


def recut(batches: Iterator[Any], rows: int) -> Iterator[pa.Table]:
    """Yield the rows of record batches in tables of exactly `rows` rows; the last may have fewer."""
    waiting: list[Any] = []
    count = 0
    for batch in batches:
        rest = batch
        while count + rest.num_rows >= rows:
            wanted = rows - count
            yield pa.Table.from_batches([*waiting, rest.slice(0, wanted)])
            rest = rest.slice(wanted)
            waiting, count = [], 0
        if rest.num_rows:
            waiting.append(rest)
            count += rest.num_rows
    if waiting:
        yield pa.Table.from_batches(waiting)


def staging_folder() -> "tempfile.TemporaryDirectory[str]":
    """Return a folder that is gone after its block."""
    return tempfile.TemporaryDirectory(prefix="keepwell-predict-")
