"""Confusion of classes, importance of columns, scores of candidates."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keepwell.tracking.metrics.classification import confusion
from keepwell.training.plots.figure import Figure, figure, plain
from keepwell.training.trained import LeaderboardRow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST_COLUMNS = 30
_MOST_CLASSES = 60


def confusion_matrix(
    actual: "NDArray[np.int64]", predicted: "NDArray[np.int64]", classes: Sequence[Any]
) -> dict[str, Figure]:
    """Return counts by true and predicted class; nothing where they would not be readable."""
    if len(classes) > _MOST_CLASSES:
        return {}
    counts = confusion(actual, predicted, len(classes)).tolist()
    labels = [str(label) for label in classes]
    heat = {
        "type": "heatmap",
        "x": labels,
        "y": labels,
        "z": counts,
        "text": counts,
        "texttemplate": "%{text}",
        "hovertemplate": "true %{y}, predicted %{x}: %{z} rows<extra></extra>",
    }
    upside = {"type": "category", "autorange": "reversed"}
    made = figure(
        "Confusion", "predicted", "true", [heat], xaxis={"type": "category"}, yaxis=upside
    )
    return {"confusion_matrix": made}


def importances(importance: dict[str, float]) -> Figure:
    """Return the columns that matter most, the first at the top."""
    top = list(importance.items())[:_MOST_COLUMNS]
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": plain([share for _, share in top]),
        "y": [name for name, _ in top],
    }
    upside = {"type": "category", "autorange": "reversed", "automargin": True}
    shares = {"tickformat": ".0%"}
    return figure("Importance", "share", "", [bars], xaxis=shares, yaxis=upside)


def candidates(leaderboard: Sequence[LeaderboardRow], metric: str) -> Figure:
    """Return every fold's score by candidate, the best at the top."""
    traces = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": row.name,
            "x": plain(row.scores),
            "y": [row.name] * len(row.scores),
            "showlegend": False,
        }
        for row in leaderboard
        if row.scores
    ]
    upside = {"type": "category", "autorange": "reversed", "automargin": True}
    return figure("Cross-validation", f"{metric}, fold by fold", "", traces, yaxis=upside)
