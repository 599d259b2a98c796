"""Figures of a clustering."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from keepwell.core.records import Signature
from keepwell.training.plots.figure import Figure, figure


def sizes(predictions: Sequence[Any], signature: Signature) -> Figure:
    """Return how many test rows are in each cluster, with what is typical of it."""
    counts = Counter(predictions)
    bars = {
        "type": "bar",
        "x": [str(label) for label in signature.classes],
        "y": [counts[label] for label in signature.classes],
        "text": list(signature.meanings),
        "textposition": "none",
        "hovertemplate": "cluster %{x}: %{y} test rows<br>%{text}<extra></extra>",
    }
    return figure("Clusters", "cluster", "test rows", [bars], xaxis={"type": "category"})
