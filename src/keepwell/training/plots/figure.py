"""The few words of Plotly that our figures are written in."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Figure = dict[str, Any]
MOST_POINTS = 300


def figure(title: str, x: str, y: str, traces: Sequence[Figure], **layout: Any) -> Figure:
    """Return a figure with titled axes."""
    axes: Figure = {"xaxis": {"title": {"text": x}}, "yaxis": {"title": {"text": y}}}
    for axis in ("xaxis", "yaxis"):
        axes[axis] |= layout.pop(axis, {})
    return {"data": list(traces), "layout": {"title": {"text": title}, **axes, **layout}}


def line(x: Any, y: Any, name: str, **more: Any) -> Figure:
    """Return a line through points."""
    return {"type": "scatter", "mode": "lines", "x": plain(x), "y": plain(y), "name": name, **more}


def points(x: Any, y: Any, name: str, **more: Any) -> Figure:
    """Return a cloud of points."""
    marks = {"size": 5, "opacity": 0.6}
    trace = {"type": "scatter", "mode": "markers", "marker": marks, "name": name}
    return {**trace, "x": plain(x), "y": plain(y), **more}


def diagonal(low: float, high: float, name: str) -> Figure:
    """Return the dashed line of equal values."""
    return line([low, high], [low, high], name, line={"dash": "dash"})


def thinned(rows: int, most: int = MOST_POINTS) -> "NDArray[np.int64]":
    """Return evenly spaced positions, the first and last among them, at most `most`."""
    if rows <= most:
        return np.arange(rows)
    return np.unique(np.linspace(0, rows - 1, most).round().astype(np.int64))


def plain(values: Any) -> list[Any]:
    """Return values as JSON takes them, numbers with six significant digits."""
    listed = values.tolist() if isinstance(values, np.ndarray) else list(values)
    return [float(f"{value:.6g}") if isinstance(value, float) else value for value in listed]
