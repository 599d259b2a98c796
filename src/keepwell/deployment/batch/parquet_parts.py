"""Several Parquet files as one, without a look at their pages.

A Parquet file is `PAR1`, row groups, a footer, the footer's length, `PAR1`. The footer says at which byte
each column of each row group begins. So the row groups of files with one schema can be copied as they are
behind each other, if those offsets move along: joining costs what copying bytes costs. Nothing is decoded.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from keepwell.core.errors import IntegrityError
from keepwell.deployment.batch.thrift import I64, STRUCT, Reader, Struct, get, put, write_struct

_MAGIC = b"PAR1"
_TAIL = 8  # the footer's length and the magic
_COPY_BYTES = 8 << 20
# Fields of parquet.thrift
_SCHEMA, _ROWS, _GROUPS = 2, 3, 4
_COLUMNS, _GROUP_OFFSET, _ORDINAL = 1, 5, 7
_CHUNK_OFFSET, _META, _OFFSET_INDEX, _COLUMN_INDEX = 2, 3, 4, 6
_META_OFFSETS = (9, 10, 11, 14)  # data, index and dictionary page, Bloom filter


def join_parquet(parts: Sequence[Path], target: Path) -> None:
    """Make one file of the row groups of several, in order.

    Raises:
        IntegrityError: If a part is not whole, or has another schema than the first.
    """
    whole: Struct = []
    groups: list[Struct] = []
    rows = 0
    with target.open("wb") as out:
        out.write(_MAGIC)
        for part in parts:
            with part.open("rb") as file:
                footer, end = _footer(file, part)
                if whole and get(footer, _SCHEMA) != get(whole, _SCHEMA):
                    raise IntegrityError(
                        f"{part} has other columns than the parts before it",
                        why="the source's columns must be the same from its first row to its last",
                        now="give the output a folder's name: scored/",
                    )
                whole = whole or footer
                shift = out.tell() - len(_MAGIC)
                for group in get(footer, _GROUPS)[1]:
                    _move(group, shift, len(groups))
                    groups.append(group)
                rows += get(footer, _ROWS)
                file.seek(len(_MAGIC))
                _copy(file, out, end - len(_MAGIC))
        put(whole, _ROWS, rows)
        put(whole, _GROUPS, (STRUCT, groups))
        footer_bytes = write_struct(whole)
        out.write(footer_bytes + len(footer_bytes).to_bytes(4, "little") + _MAGIC)
        out.flush()
        os.fsync(out.fileno())


def _footer(file: IO[bytes], path: Path) -> tuple[Struct, int]:
    """Return a file's footer and where it begins."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL))
    tail = file.read(_TAIL)
    start = size - _TAIL - int.from_bytes(tail[:4], "little")
    if tail[4:] != _MAGIC or start < len(_MAGIC):
        raise IntegrityError(
            f"{path} is not a whole Parquet file",
            why="it was changed after it was written",
            now="remove that file, then run the same command again",
        )
    file.seek(start)
    return Reader(file.read(size - _TAIL - start)).struct(), start


def _move(group: Struct, shift: int, ordinal: int) -> None:
    put(group, _ORDINAL, ordinal)
    _shift(group, (_GROUP_OFFSET,), shift)
    for chunk in get(group, _COLUMNS)[1]:
        _shift(chunk, (_CHUNK_OFFSET, _OFFSET_INDEX, _COLUMN_INDEX), shift)
        _shift(get(chunk, _META), _META_OFFSETS, shift)


def _shift(fields: Struct, numbers: Sequence[int], shift: int) -> None:
    for field in fields:
        if field[0] in numbers and field[1] == I64 and field[2]:  # 0: nothing is said
            field[2] += shift


def _copy(source: IO[bytes], target: IO[bytes], size: int) -> None:
    while size:
        piece = source.read(min(size, _COPY_BYTES))
        if not piece:
            raise EOFError
        target.write(piece)
        size -= len(piece)
