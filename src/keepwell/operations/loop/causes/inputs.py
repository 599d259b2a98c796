"""Inputs that arrive otherwise than in training: moved by the world, or broken upstream."""

from collections.abc import Iterable, Sequence

from keepwell.core.records import Cause, Signal
from keepwell.operations.loop.view import View

_FLOOR = 0.2
"""What a column that the model ignores still counts: importance is measured on the old world."""


def moved_inputs(view: View, signals: Sequence[Signal]) -> Iterable[Cause]:
    """Yield one cause per drifted column: how far beyond its limit, times its weight."""
    for signal in signals:
        if signal.kind in ("drift", "slice_drift"):
            where = " in some of its rows" if signal.kind == "slice_drift" else ""
            than = "before" if where else "in training"
            importance = view.champion.importance.get(signal.column)
            yield Cause(
                kind="inputs",
                title=f"'{signal.column}' is distributed differently{where} than {than}",
                score=round(excess(signal) * weight(view, signal.column), 3),
                evidence=f"{signal.message} (drift {signal.value:.3g}, limit {signal.limit:.3g},"
                f" {signal.rows:,} rows{_share(importance)})",
                column=signal.column,
            )


def moved_together(view: View, signals: Sequence[Signal]) -> Iterable[Cause]:
    """Yield a cause if columns go together otherwise than in training, though none has moved."""
    for signal in signals:
        if signal.kind == "joint_drift":
            yield Cause(
                kind="inputs",
                title="columns go together otherwise than in training",
                score=round(min(0.9, 2 * (signal.value - 0.5)), 3),
                evidence=f"{signal.message} ({signal.value:.3g}, limit {signal.limit:.3g},"
                f" {signal.rows:,} rows)",
            )


def broken_inputs(view: View, signals: Sequence[Signal]) -> Iterable[Cause]:
    """Yield one cause per column of bad quality: a break upstream outranks the drift it makes."""
    for signal in signals:
        if signal.kind == "quality":
            importance = view.champion.importance.get(signal.column)
            where = f"'{signal.column}'" if signal.column else "the requests"
            score = 0.5 + 0.5 * excess(signal) * weight(view, signal.column)
            yield Cause(
                kind="upstream",
                title=f"upstream: {where} arrives damaged",
                score=round(score, 3),
                evidence=f"{signal.message} ({signal.value:.3g}, limit {signal.limit:.3g},"
                f" {signal.rows:,} rows{_share(importance)})",
                column=signal.column,
            )


def excess(signal: Signal) -> float:
    """Return how far a signal is beyond its limit, 0 at the limit towards 1 far beyond it."""
    value, limit = abs(signal.value), abs(signal.limit)
    return max(0.0, 1.0 - limit / value) if value else 0.0


def weight(view: View, column: str) -> float:
    """Return how much a column counts, 1 for the one that the model leans on most."""
    importance = view.champion.importance
    if not importance or column not in importance:
        return 1.0 if not importance else _FLOOR
    most = max(importance.values())
    return _FLOOR + (1 - _FLOOR) * (importance[column] / most if most > 0 else 0.0)


def _share(importance: float | None) -> str:
    return "" if importance is None else f", {importance:.0%} of the model's importance"
