"""Sets of labels, measured: as scikit-learn measures rows of indicators."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def indicators(sets: Sequence[Collection[Any]], classes: Sequence[Any]) -> "NDArray[np.bool_]":
    """Return a row of flags for each set; labels that are no class are left out."""
    places = {label: at for at, label in enumerate(classes)}
    flags = np.zeros((len(sets), len(classes)), dtype=bool)
    for row, labels in enumerate(sets):
        for label in labels:
            if label in places:
                flags[row, places[label]] = True
    return flags


def measure_sets(actual: "NDArray[np.bool_]", said: "NDArray[np.bool_]") -> dict[str, float]:
    """Return how many sets are met exactly, how many flags are wrong, and F1 over all and by label."""
    if not len(actual):
        return {}
    hits = (actual & said).sum(axis=0).astype(np.float64)
    missed = (actual ^ said).sum(axis=0).astype(np.float64)
    return {
        "subset_accuracy": float((actual == said).all(axis=1).mean()),
        "hamming_loss": float((actual != said).mean()),
        "f1_micro": float(_f1(hits.sum(), missed.sum())),
        "f1_macro": float(_f1(hits, missed).mean()),
    }


def _f1(hits: Any, missed: Any) -> Any:
    whole = np.asarray(2 * hits + missed, dtype=np.float64)
    return np.divide(2 * hits, whole, out=np.zeros_like(whole), where=whole > 0)
