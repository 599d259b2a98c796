"""The figures that a run left: which are drawn by Plotly, and which are better told as a table."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keepwell.console.wording import label
from keepwell.core.errors import KeepwellError
from keepwell.core.records import Artifact, Run
from keepwell.tracking.matrix import Matrix, matrix_of

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

FOLDER = "plots/"
MANY_BARS = 12
"""Horizontal bars from which a figure needs more height."""
MANY_LINES = 4
"""Lines from which a figure needs the whole width, its legend beside it."""
MANY_CLASSES = 5
"""Columns from which a table needs the whole width."""


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
