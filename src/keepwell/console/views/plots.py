"""The figures that a run left: which are drawn by Plotly, and which are better told as a table."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keepwell.console.wording import label
from keepwell.core.errors import KeepwellError
from keepwell.core.records import Artifact, Run

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

FOLDER = "plots/"
SHADES = 8
MANY_BARS = 12
"""Horizontal bars from which a figure needs more height."""
MANY_LINES = 4
"""Lines from which a figure needs the whole width, its legend beside it."""
MANY_CLASSES = 5
"""Columns from which a table needs the whole width."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """A heat map as a table: each cell is its text and a shade from 0 to `SHADES`."""

    across: str
    down: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[str, int], ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A figure: `matrix` if it is told as a table, else drawn from the artifact `name`.

    `size` may hold `tall` and `wide`.
    """

    title: str
    name: str
    size: str = ""
    matrix: Matrix | None = None


def plots_of(workspace: "Workspace", run: Run) -> list[Plot]:
    """Return the figures of a run, as many as can be read."""
    wanted = [
        item
        for item in run.artifacts
        if item.name.startswith(FOLDER) and item.name.endswith(".json")
    ]
    return [plot for item in wanted if (plot := _plot(workspace, item)) is not None]


def _plot(workspace: "Workspace", item: Artifact) -> Plot | None:
    try:
        figure = json.loads(workspace.blobs.read(item.digest))
        traces = figure["data"]
    except (KeepwellError, ValueError, KeyError, TypeError):
        return None
    words = label(item.name.removeprefix(FOLDER).removesuffix(".json"))
    title = words[:1].upper() + words[1:]
    heat = next((trace for trace in traces if trace.get("type") == "heatmap"), None)
    if heat is not None:
        matrix = matrix_of(heat, figure.get("layout", {}))
        size = "wide" if len(matrix.columns) > MANY_CLASSES else ""
        return Plot(title=title, name=item.name, matrix=matrix, size=size)
    return Plot(title=title, name=item.name, size=_size(traces))


def _size(traces: Sequence[Mapping[str, Any]]) -> str:
    """Return `tall` for many bars, `wide tall` for many lines with a legend, else nothing."""
    named = [trace for trace in traces if trace.get("showlegend", True)]
    if len(named) > MANY_LINES:
        return "wide tall"
    bars = [len(trace.get("y", ())) for trace in traces if trace.get("orientation") == "h"]
    return "tall" if max(bars, default=0) > MANY_BARS else ""


def matrix_of(heat: Mapping[str, Any], layout: Mapping[str, Any]) -> Matrix:
    """Return a heat map as a table; the darkest cell is the largest of its row.

    Shades follow the shares within a row, so that a rare class is as legible as a frequent one.
    """
    texts = heat.get("text") or heat["z"]
    rows = tuple(
        (
            str(name),
            tuple(_cell(text, value, values) for text, value in zip(said, values, strict=True)),
        )
        for name, said, values in zip(heat["y"], texts, heat["z"], strict=True)
    )
    return Matrix(
        across=_axis(layout, "xaxis"),
        down=_axis(layout, "yaxis"),
        columns=tuple(str(name) for name in heat["x"]),
        rows=rows,
    )


def _cell(text: object, value: float | None, row: Sequence[float | None]) -> tuple[str, int]:
    total = sum(abs(item) for item in row if item is not None)
    shade = round(abs(value or 0.0) / total * SHADES) if total else 0
    return (f"{text:,}" if isinstance(text, int) else str(text)), shade


def _axis(layout: Mapping[str, Any], name: str) -> str:
    title = layout.get(name, {}).get("title", "")
    return str(title.get("text", "") if isinstance(title, dict) else title)
