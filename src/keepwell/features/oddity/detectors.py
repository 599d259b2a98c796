"""The detectors by name, and what their scores are made into: a number from 0 to 1.

One half is where a row is flagged. Below, it is half the share of training rows that are less odd, as a share
of those that were not flagged; above, the same among those that were: 0.75 is odder than half of them.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from keepwell.features.oddity import ellipse, forest, neighbours, spread, tails

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[np.float64]]
    Fit = Callable[[NDArray[np.float64], int], Arrays]
    Score = Callable[[Arrays, NDArray[np.float64]], NDArray[np.float64]]

DETECTORS: "Mapping[str, tuple[Fit, Score]]" = {
    "spread": (spread.fit, spread.scores),
    "forest": (forest.fit, forest.scores),
    "ellipse": (ellipse.fit, ellipse.scores),
    "tails": (tails.fit, tails.scores),
    "neighbours": (neighbours.fit, neighbours.scores),
}
LEVELS = 1_001


def levels_of(scores: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return the scores of the training rows, evenly thinned and ascending."""
    return np.quantile(scores, np.linspace(0.0, 1.0, LEVELS))


def oddness(
    scores: "NDArray[np.float64]", levels: "NDArray[np.float64]", contamination: float
) -> "NDArray[np.float64]":
    """Return scores as numbers from 0 to 1; above one half the row is among the odd ones."""
    # From above, so that rows as odd as many others rank by those that are less odd.
    ranks = 1.0 - np.interp(-scores, -levels[::-1], np.linspace(0.0, 1.0, len(levels)))
    edge = 1.0 - contamination
    odd = np.where(
        ranks <= edge, ranks / (2.0 * edge), 0.5 + (ranks - edge) / (2.0 * contamination)
    )
    return np.asarray(np.clip(odd, 0.0, 1.0))
