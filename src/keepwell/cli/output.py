"""How commands speak: tables in a terminal, plain text in a pipe, one JSON document with `--json`."""

import json
import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

from keepwell.core.durations import format_duration


class Output:
    """The voice of one command.

    A command gathers a JSON-ready document and hands it to `answer` with a function that tells the same
    to a reader. With `--json` the document is printed, else the function is called. So standard output
    holds one or the other, and nothing else.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.terminal = sys.stdout.isatty() and not as_json

    @cached_property
    def console(self) -> "Console":
        """Rich's console on standard output; only for a terminal."""
        from rich.console import Console

        return Console(highlight=False, soft_wrap=True)

    def answer(self, document: Any, tell: Callable[[], None]) -> None:
        """Print the document, or tell it."""
        if self.as_json:
            print(json.dumps(jsonable(document), ensure_ascii=False, indent=2))
        else:
            tell()

    def say(self, text: str = "", *, style: str = "") -> None:
        """Print a line for the reader; `style` (Rich's words) shows in a terminal only."""
        if self.terminal:
            self.console.print(text, style=style or None, markup=False)
        else:
            print(text)

    def note(self, text: str) -> None:
        """Print a line on standard error: progress, warnings, what is going on."""
        print(text, file=sys.stderr, flush=True)

    def facts(self, pairs: Mapping[str, Any]) -> None:
        """Print names and values in two columns; None is left out."""
        shown = {name: text(value) for name, value in pairs.items() if value is not None}
        width = max(map(len, shown), default=0)
        for name, value in shown.items():
            self.say(f"  {name:<{width}}  {value}")

    def table(
        self, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, title: str = ""
    ) -> None:
        """Print rows under headings; numbers stand to the right."""
        right = [
            bool(rows) and all(isinstance(row[i], int | float | None) for row in rows)
            for i in range(len(columns))
        ]
        cells = [[text(value) for value in row] for row in rows]
        if self.terminal:
            self._rich_table(columns, cells, right, title)
        else:
            self._plain_table(columns, cells, right, title)

    def _rich_table(
        self, columns: Sequence[str], cells: list[list[str]], right: list[bool], title: str
    ) -> None:
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(
            title=title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD
        )
        for name, to_right in zip(columns, right, strict=True):
            table.add_column(Text(name), justify="right" if to_right else "left", overflow="fold")
        for row in cells:
            table.add_row(*(Text(cell) for cell in row))
        self.console.print(table)

    def _plain_table(
        self, columns: Sequence[str], cells: list[list[str]], right: list[bool], title: str
    ) -> None:
        if title:
            print(title)
        widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
        for row in (columns, *cells):
            aligned = [
                f"{cell:>{width}}" if to_right else f"{cell:<{width}}"
                for cell, width, to_right in zip(row, widths, right, strict=True)
            ]
            print("  ".join(aligned).rstrip())


def text(value: Any) -> str:
    """Return a value as a reader likes it: `7,043`, `0.8412`, `yes`, `-` for nothing.

    >>> text(7043), text(0.84123), text(True), text(None)
    ('7,043', '0.8412', 'yes', '-')
    """
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"  # noqa: PLR2004
    return " ".join(str(value).split())


def ago(moment: float | None, now: float | None = None) -> str:
    """Return how long ago a time was, in words.

    >>> ago(1000.0, now=1300.0)
    '5m ago'
    """
    if moment is None:
        return "-"
    passed = (time.time() if now is None else now) - moment
    return "now" if passed < 1 else f"{format_duration(passed)} ago"


def jsonable(value: Any) -> Any:
    """Return a value that JSON can say: numbers that are not finite become null.

    >>> jsonable({"loss": float("nan"), "rows": (1, 2)})
    {'loss': None, 'rows': [1, 2]}
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int | bool):
        return value
    if isinstance(value, Mapping):
        return {str(name): jsonable(item) for name, item in value.items()}
    if isinstance(value, Sequence | set | frozenset):
        return [jsonable(item) for item in value]
    return str(value)
