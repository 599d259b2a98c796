"""What a build says while it works: a moving bar in a terminal, a line now and then elsewhere.

All of it goes to standard error, so that standard output stays the answer's.
"""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from keepwell.core.durations import format_duration

if TYPE_CHECKING:
    from keepwell.operations.build.bench import Listener
    from keepwell.operations.build.result import StepResult

SIGNS = {"done": "✓", "cached": "·", "failed": "✗"}
QUIET_SECONDS = 5.0  # between two lines of progress in a log file


def watch_build(*, quiet: bool = False) -> "PlainListener | BarListener":
    """Return a listener that fits standard error; `quiet` keeps to plain lines."""
    return BarListener() if sys.stderr.isatty() and not quiet else PlainListener()


def finished_line(result: "StepResult") -> str:
    """Return how a step went, in one line."""
    took = format_duration(result.seconds) if result.status == "done" else result.status
    return f"{SIGNS.get(result.status, ' ')} {result.name:<9} {took:>7}  {result.reason}"


class PlainListener:
    """Prints a line when a step begins and ends, and every few seconds between."""

    def __init__(self) -> None:
        self._step = ""
        self._spoke = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return None

    def update(
        self, message: str, fraction: float | None = None, seconds_left: float | None = None
    ) -> None:
        """Say how far it is, unless something was said a moment ago."""
        if time.monotonic() - self._spoke >= QUIET_SECONDS:
            self._say(f"  {self._step}: {message}{_how_far(fraction, seconds_left)}")

    def announce(self, message: str) -> None:
        """Say something that must not be missed."""
        self._say(f"  {self._step}: {message}")

    def step_started(self, name: str, reason: str) -> None:
        """Name the step and why it runs."""
        self._step = name
        self._say(f"  {name} … ({reason})")

    def step_finished(self, result: "StepResult") -> None:
        """Say how the step went."""
        self._say(finished_line(result))

    def waiting(self, message: str) -> None:
        """Say what is being waited for."""
        self._say(message)

    def _say(self, line: str) -> None:
        self._spoke = time.monotonic()
        print(line, file=sys.stderr, flush=True)


class BarListener:
    """Shows a spinner, a bar and the time left under the lines of the finished steps."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        self._console = Console(stderr=True, highlight=False)
        self._bar = Progress(
            SpinnerColumn(style="cyan"),
            TextColumn("{task.fields[step]}", style="bold", markup=False),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("{task.description}", style="dim", markup=False),
            console=self._console,
            transient=True,
        )
        self._task = self._bar.add_task("", total=None, step="", visible=False)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def update(
        self, message: str, fraction: float | None = None, seconds_left: float | None = None
    ) -> None:
        """Move the bar."""
        left = f" · {format_duration(seconds_left)} left" if seconds_left is not None else ""
        self._bar.update(
            self._task,
            description=message + left,
            total=None if fraction is None else 1.0,
            completed=fraction or 0.0,
        )

    def announce(self, message: str) -> None:
        """Leave a line above the bar."""
        self._bar.console.print(f"  {message}", style="dim", markup=False)

    def step_started(self, name: str, reason: str) -> None:
        """Start a new bar."""
        self._bar.reset(self._task, total=None, description=reason, step=name, visible=True)

    def step_finished(self, result: "StepResult") -> None:
        """Leave a line above the bar."""
        style = {"failed": "red", "cached": "dim"}.get(result.status, "")
        self._bar.console.print(finished_line(result), style=style, markup=False)
        self._bar.update(self._task, visible=False)

    def waiting(self, message: str) -> None:
        """Leave a line above the bar."""
        self._bar.console.print(message, style="yellow", markup=False)


def _how_far(fraction: float | None, seconds_left: float | None) -> str:
    parts = [] if fraction is None else [f"{fraction:.0%}"]
    parts += [] if seconds_left is None else [f"{format_duration(seconds_left)} left"]
    return f" ({', '.join(parts)})" if parts else ""


if TYPE_CHECKING:
    _plain: type[Listener] = PlainListener
    _bar: type[Listener] = BarListener
