"""Curves of a run in a line each, and watching them grow."""

import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from keepwell.cli.output import Output
from keepwell.core.durations import format_duration
from keepwell.core.ports import Point

if TYPE_CHECKING:
    from keepwell.core.records import Run
    from keepwell.tracking.runs import Runs

BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 32
_LOOK_EVERY = 1.0
_FIRST = ("loss", "val_loss")  # what a reader looks for before all else
_FALLING = ("loss", "error", "rmse", "mae")
_RISING = ("accuracy", "auc", "f1", "r2", "score")


def sparkline(values: Sequence[float], width: int = _WIDTH) -> str:
    """Return numbers as a line of bars, the latest at the right; gaps where they are not finite."""
    pieces = min(width, len(values))
    means = []
    for at in range(pieces):
        part = values[at * len(values) // pieces : (at + 1) * len(values) // pieces]
        finite = [value for value in part if abs(value) != float("inf") and value == value]  # noqa: PLR0124
        means.append(sum(finite) / len(finite) if finite else None)
    known = [mean for mean in means if mean is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    top = len(BARS) - 1
    return "".join(
        " " if mean is None else BARS[round((mean - low) / (high - low) * top) if high > low else 0]
        for mean in means
    )


def by_step(points: Sequence[Point]) -> list[Point]:
    """Return the last point of each step, in their order: a resumed run repeats some steps."""
    latest = {point.step: point for point in points}
    return list(points) if len(latest) == 1 else [latest[step] for step in sorted(latest)]


def curve_rows(curves: Mapping[str, Sequence[Point]]) -> list[list[Any]]:
    """Return a row per curve of several points: a small drawing, where it began, where it is."""
    rows: list[list[Any]] = []
    for name in sorted(curves, key=lambda name: (name not in _FIRST, name)):
        points = by_step(curves[name])
        values = [point.value for point in points]
        if len(values) > 1:
            best = (
                min(values) if _has(name, _FALLING) else max(values) if _has(name, _RISING) else ""
            )
            rows.append([name, sparkline(values), values[0], values[-1], best, points[-1].step])
    return rows


def _has(name: str, parts: Sequence[str]) -> bool:
    return any(part in name for part in parts)


def watch_run(runs: "Runs", run_id: str, out: Output) -> "Run":
    """Tell how a run goes, on standard error, until it ends; return it then."""
    told = -1
    while True:
        run = runs.get(run_id)
        rows = curve_rows(runs.curves(run_id))
        if rows and rows[0][-1] != told:
            told = rows[0][-1]
            took = format_duration(time.time() - run.started)
            line = f"step {told}  {took}  " + "  ".join(
                f"{name} {last:.4g} {drawn}" if at == 0 else f"{name} {last:.4g}"
                for at, (name, drawn, _, last, _, _) in enumerate(rows[:5])
            )
            out.note(f"\r\x1b[K{line}"[:200] if sys.stderr.isatty() else line)
        if run.status != "running":
            return run
        time.sleep(_LOOK_EVERY)
