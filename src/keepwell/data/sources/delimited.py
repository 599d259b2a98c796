"""Delimited text: CSV, TSV and their kin, plain or compressed."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.csv as pa_csv

from keepwell.core.errors import InvalidDataError, KeepwellError
from keepwell.core.records.dataset import Finding
from keepwell.data.engine import path_literal, quoted
from keepwell.data.fingerprint import vanished
from keepwell.data.sources.content import (
    NULL_WORDS,
    check_text,
    compression_of,
    compression_option,
    not_utf8,
    not_what_it_says,
    open_plain,
    read_head,
)
from keepwell.data.sources.dialect import Header, read_header
from keepwell.data.sources.files import Sample

_LONGEST = 16 << 20  # bytes of a row; DuckDB's buffers would be sixteen times that if not told else
_HEAD, _PIECE = 4 << 20, 1 << 20  # bytes looked at: at the start, and in the middle and at the end


@dataclass(frozen=True, slots=True, kw_only=True)
class DelimitedFile:
    """A file of lines whose first one names the columns. All values are text."""

    path: Path
    header: Header
    types: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, to the letter; a column without a name is `column_3`, by its place."""
        return self.header.names

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Tells of columns without a name."""
        if not self.header.unnamed:
            return ()
        unnamed = [name for name in self.names if name.startswith("column_")]
        message = "it has no name in the header, and is called by its place"
        return tuple(Finding(column=name, rule="unnamed", message=message) for name in unnamed[:5])

    def relation(self) -> str:
        """Return what SQL selects from."""
        columns = ", ".join(f"c{place}: 'VARCHAR'" for place in range(len(self.names)))
        return (
            f"read_csv({path_literal(self.path)}, {self._options()}, columns = {{{columns}}}"
            f"{compression_option(self.path)})"
        )

    def _options(self) -> str:
        null_words = ", ".join(quoted(word) for word in NULL_WORDS)
        return (
            f"auto_detect = false, header = false, skip = {self.header.records}, {self._line_ends()}"
            f"delim = {quoted(self.header.delimiter)}, quote = '\"', escape = '\"', "
            f"nullstr = [{null_words}], max_line_size = {_LONGEST}, buffer_size = {2 * _LONGEST}"
        )

    def _line_ends(self) -> str:
        """Say how lines end where line breaks within the header's names would mislead DuckDB."""
        if self.header.lines == self.header.records:
            return ""
        head = read_head(self.path, _HEAD).split(b"\n", self.header.lines)[self.header.lines - 1]
        return "new_line = '\\r\\n', " if head.endswith(b"\r") else "new_line = '\\n', "

    def sample(self) -> Sample:
        """Return rows from its start and, unless it is compressed, from its middle and end."""
        head = read_head(self.path, _HEAD)
        size = self.path.stat().st_size
        packed = compression_of(self.path) != "none"
        complete = len(head) < _HEAD if packed else len(head) == size
        pieces = [self._body(head, whole=complete)]
        if complete or packed:
            return Sample(table=self._parse(pieces), complete=complete)
        rows = self._parse(pieces).num_rows
        with self.path.open("rb") as file:
            for start in (max(_HEAD, size // 2), max(_HEAD, size - _PIECE)):
                file.seek(start)
                piece = file.read(_PIECE)
                pieces.append(_whole_lines(piece, ends=start + len(piece) == size))
        expected = int(rows * size / len(head))
        return Sample(table=self._parse(pieces), complete=False, expected=expected)

    def _body(self, head: bytes, *, whole: bool) -> bytes:
        end = b"\n" if b"\n" in head else b"\r"
        lines = head.split(end, self.header.lines)
        body = lines[-1] if len(lines) > self.header.lines else b""
        return body if whole else body[: body.rfind(end) + 1]

    def _parse(self, pieces: list[bytes]) -> Any:
        tables = []
        for number, piece in enumerate(pieces):
            # A piece from the middle may begin inside a quoted value: then it holds a quote.
            if number == 0 or b'"' not in piece:
                ragged: list[Any] = []
                table = self._parse_piece(piece, ragged)
                if number == 0 or not ragged:
                    tables.append(table)
        return pa.concat_tables(tables)

    def _parse_piece(self, piece: bytes, ragged: list[Any]) -> Any:
        names = [f"c{place}" for place in range(len(self.names))]

        def skip(row: Any) -> str:
            ragged.append(row)
            return "skip"

        try:
            return pa_csv.read_csv(
                io.BytesIO(piece or b"\n"),
                read_options=pa_csv.ReadOptions(column_names=names, block_size=_HEAD * 2),
                parse_options=pa_csv.ParseOptions(
                    delimiter=self.header.delimiter,
                    newlines_in_values=True,
                    ignore_empty_lines=len(names) > 1,
                    invalid_row_handler=skip,
                ),
                convert_options=pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    null_values=list(NULL_WORDS),
                    strings_can_be_null=True,
                ),
            )
        except pa.ArrowInvalid as error:
            if "UTF8" in str(error):
                raise not_utf8(self.path, line=_first_bad_line(self.path)) from error
            return pa.table({name: pa.array([], pa.string()) for name in names})

    def explain(self, error: Exception) -> KeepwellError | None:
        """Return what an error that came up while reading it means; None if it is not about it."""
        if isinstance(error, UnicodeDecodeError):
            return not_utf8(self.path, line=_first_bad_line(self.path))
        if not self.path.exists():
            return vanished(self.path)
        text = str(error)
        if "gzip" in text.lower() or "zstd" in text.lower():
            with self.path.open("rb") as file:
                return not_what_it_says(self.path, file.read(64), why=text.splitlines()[0])
        if "invalid state" in text:
            return _mixed_line_ends(self.path)
        found = re.search(r"CSV Error on Line: (\d+)", text)
        return self._rejection(int(found[1]), text) if found else None

    def _rejection(self, line: int, text: str) -> KeepwellError:
        if "not utf-8" in text:
            return not_utf8(self.path, line=line)
        wide, content = len(self.names), _after(text, "Original Line: ")[:200]
        fields = re.search(r"Found: (\d+)", text)
        if "nterminated quote" in text:
            why, now = "a quoted value is opened there and never closed", 'close it with "'
        elif fields:
            why = f"it has {fields[1]} values, and the header names {wide} columns: {content}"
            now = (
                f'quote values that contain "{self.header.delimiter}"'
                if int(fields[1]) > wide
                else "complete the line, or remove it"
            )
        else:
            why, now = _after(text, "Error on Line: ").strip() or content, "mend that line"
        return InvalidDataError(
            f"{self.path}, line {line:,} cannot be read",
            why=why,
            now=f"{now} (see it with: sed -n {line}p {self.path.name})",
            details={"file": str(self.path), "line": line},
        )

    def line_of(self, row: int) -> int | None:
        """Return the line that the row with this number (from 0) begins at."""
        with open_plain(self.path) as plain, _as_text(plain) as text:
            lines = csv.reader(text, delimiter=self.header.delimiter)
            before, number = 0, -1
            try:
                for values in lines:
                    if before >= self.header.lines and (values or len(self.names) == 1):
                        number += 1
                        if number == row:
                            return before + 1
                    before = lines.line_num
            except (csv.Error, UnicodeDecodeError):
                return None
        return None


def open_delimited(path: Path) -> DelimitedFile:
    """Return a delimited text file, its header read.

    Raises:
        InvalidDataError: If it is empty, is not text, or its header cannot be used.
    """
    head = read_head(path, _HEAD)
    check_text(path, head)
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # not just a character cut in two by the end of the head
            raise not_utf8(path, line=head[: error.start].count(b"\n") + 1) from error
        text = head[: error.start].decode("utf-8-sig")
    return DelimitedFile(path=path, header=read_header(path, text))


def _mixed_line_ends(path: Path) -> InvalidDataError:
    return InvalidDataError(
        f"{path} cannot be read",
        why="its lines end in different ways: some as on Windows, some as on Unix",
        now=f"make them alike: sed -i 's/\\r$//' {path.name}",
    )


def _whole_lines(piece: bytes, *, ends: bool) -> bytes:
    start = piece.find(b"\n") + 1
    return piece[start:] if ends else piece[start : piece.rfind(b"\n") + 1]


def _after(text: str, words: str) -> str:
    return text.partition(words)[2].partition("\n")[0]


def _as_text(plain: IO[bytes]) -> io.TextIOWrapper:
    return io.TextIOWrapper(plain, encoding="utf-8-sig", newline="")


def _first_bad_line(path: Path) -> int | None:
    with open_plain(path) as plain:
        for number, line in enumerate(_lines(plain), start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return None


def _lines(plain: IO[bytes]) -> Iterator[bytes]:
    yield from io.BufferedReader(plain)  # type: ignore[type-var]  # raw and compressed files alike
