"""What a regression gets wrong, and where."""

from typing import TYPE_CHECKING

import numpy as np

from keepwell.training.plots.figure import Figure, diagonal, figure, plain, points

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_POINTS = 1000
_BINS = 40


def residuals(actual: "Floats", predicted: "Floats", target: str) -> dict[str, Figure]:
    """Return predicted against actual, and the distribution of what is left."""
    drawn = np.random.default_rng(0).permutation(len(actual))[:_POINTS]
    both = np.concatenate([actual, predicted])
    against = [
        points(actual[drawn], predicted[drawn], "test rows"),
        diagonal(float(both.min()), float(both.max()), "perfect"),
    ]
    left = actual - predicted
    counts, edges = np.histogram(left, bins=_BINS)
    bars = {"type": "bar", "x": plain((edges[:-1] + edges[1:]) / 2), "y": counts.tolist()}
    return {
        "predicted_vs_actual": figure(
            "Predicted and actual", f"actual {target}", f"predicted {target}", against
        ),
        "residuals": figure(
            "Residuals",
            f"predicted {target}",
            "actual - predicted",
            [points(predicted[drawn], left[drawn], "test rows")],
        ),
        "residual_histogram": figure(
            "Distribution of residuals", "actual - predicted", "rows", [bars], bargap=0.05
        ),
    }
