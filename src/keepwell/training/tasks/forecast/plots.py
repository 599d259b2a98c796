"""A forecast beside what came."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.features.forecasting import Grid
from keepwell.training.plots.figure import Figure, figure, line, plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SHOWN = 400  # steps


def backtest(  # noqa: PLR0913, PLR0917 (what is drawn)
    grid: Grid,
    steps: "NDArray[np.int64]",
    actual: "NDArray[np.float64]",
    forecast: "NDArray[np.float64]",
    naive: "NDArray[np.float64]",
    band: "NDArray[np.float64]",
    levels: Sequence[float],
    name: str,
) -> Figure:
    """Return the last steps of a test: what came, what was forecast, the band between two quantiles."""
    shown = np.argsort(steps)[-_SHOWN:]
    when = [grid.said(int(step)) for step in steps[shown]]
    said, (low, high) = forecast[shown], band[shown].T
    edges: list[Any] = plain(np.concatenate([high, low[::-1]]))
    traces: list[Figure] = [
        {
            "type": "scatter", "x": when + when[::-1], "y": edges, "fill": "toself", "mode": "none",
            "name": f"quantiles {levels[0]:g} to {levels[-1]:g}", "hoverinfo": "skip", "opacity": 0.3,
        },
        line(when, actual[shown], "what came"),
        line(when, said, "forecast"),
        line(when, naive[shown], "seasonal-naive", line={"dash": "dot"}),
    ]  # fmt: skip
    title = "Forecast of the test" + (f": {name}" if name else "")
    return figure(title, "time", "value", traces)
