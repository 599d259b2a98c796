"""What a file really holds, by its first bytes."""

import gzip
import zlib
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa

from keepwell.core.errors import InvalidDataError
from keepwell.data.fingerprint import COMPRESSIONS, vanished

_MAGIC = (
    (b"PAR1", "a Parquet file", "parquet"),
    (b"\x1f\x8b", "gzip-compressed data", "gz"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed data", "zst"),
    (b"\x89PNG", "a PNG image", ""),
    (b"\xff\xd8\xff", "a JPEG image", ""),
    (b"GIF8", "a GIF image", ""),
    (b"%PDF", "a PDF document", ""),
    (b"SQLite format 3", "an SQLite database", ""),
    (b"ARROW1", "an Arrow file", ""),
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook", ""),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", ""),
    (b"Obj\x01", "an Avro file", ""),
    (b"ORC", "an ORC file", ""),
    (b"<!DOCTYPE", "an HTML page", ""),
    (b"<html", "an HTML page", ""),
)
NULL_WORDS = ("", "NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null")
"""Missing values in every column of a text file."""

_BYTE_ORDER_MARKS = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))


def compression_of(path: Path) -> str:
    """Return DuckDB's word for the compression that the name tells: `gzip`, `zstd` or `none`."""
    return COMPRESSIONS.get(path.suffix.lower().lstrip("."), "none")


def compression_option(path: Path) -> str:
    """Return the argument that tells DuckDB's readers how a file is compressed."""
    kind = compression_of(path)
    return "" if kind == "none" else f", compression = '{kind}'"


def open_plain(path: Path) -> IO[bytes]:
    """Open a file for reading, decompressed where its name says that it is compressed."""
    kind = compression_of(path)
    try:
        if kind == "gzip":
            return cast("IO[bytes]", gzip.open(path, "rb"))
        if kind == "zstd":
            return cast("IO[bytes]", pa.input_stream(str(path), compression="zstd"))
        return path.open("rb")
    except FileNotFoundError:
        raise vanished(path) from None


def read_head(path: Path, size: int) -> bytes:
    """Return the first bytes of a file's decompressed content.

    Raises:
        InvalidDataError: If the file is empty, or not compressed although its name says so.
        NotFoundError: If it is gone.
    """
    try:
        if path.stat().st_size == 0:
            raise InvalidDataError(
                f"{path} is empty",
                why="it has 0 bytes",
                now="export it again, or leave it out of the source",
            )
        with open_plain(path) as file:
            return file.read(size)
    except FileNotFoundError:
        raise vanished(path) from None
    except (OSError, EOFError, zlib.error) as error:
        with path.open("rb") as raw:
            raise not_what_it_says(path, raw.read(64), why=str(error)) from error


def check_text(path: Path, head: bytes) -> None:
    """Refuse content that is not text in UTF-8.

    Raises:
        InvalidDataError: It names what the content looks like, or the first byte that is wrong.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            raise not_utf8(path, encoding)
    if _recognised(head) or b"\0" in head:
        raise not_what_it_says(path, head)


def not_utf8(path: Path, encoding: str = "", line: int | None = None) -> InvalidDataError:
    """Return the error for text in another encoding."""
    what = f"{path} is not encoded in UTF-8" + (
        f": line {line:,} is the first to differ" if line else ""
    )
    return InvalidDataError(
        what,
        why=f"it is {encoding}"
        if encoding
        else "files from Excel or old systems often are Windows-1252",
        now=f"convert it: iconv -f {encoding or 'WINDOWS-1252'} -t UTF-8 {path.name} > utf8-{path.name}",
        details={"line": line} if line else {},
    )


def not_what_it_says(path: Path, head: bytes, why: str = "") -> InvalidDataError:
    """Return the error for a file whose content is not what its name says."""
    kind, suffix = _recognised(head) or ("", "")
    if suffix and suffix == path.suffix.lower().lstrip("."):
        return InvalidDataError(
            f"{path} is damaged", why=why, now="copy or export it again: it may have been cut short"
        )
    said = "".join(path.suffixes[-2:]) if compression_of(path) != "none" else path.suffix
    if suffix in COMPRESSIONS:
        now = f"rename it to {path.name}.{suffix}"
    elif suffix:
        now = f"rename it to {path.with_suffix('.' + suffix).name}"
    else:
        now = "export the data as CSV, Parquet or JSON Lines"
    return InvalidDataError(
        f"{path} is not what its name says",
        why=(f"it ends with {said}, but " if said else "")
        + (
            f"holds {kind}" if kind else f"its content is something else{': ' + why if why else ''}"
        ),
        now=now,
    )


def _recognised(head: bytes) -> tuple[str, str] | None:
    start: Any = head.lstrip()[:16]
    return next(
        (
            (kind, suffix)
            for magic, kind, suffix in _MAGIC
            if head.startswith(magic) or start.lower().startswith(magic.lower())
        ),
        None,
    )
