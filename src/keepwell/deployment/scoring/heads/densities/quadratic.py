"""`QuadraticDiscriminantAnalysis`: a rotated bell curve per class."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.heads.links import LINKS
from keepwell.deployment.scoring.parts import Data, Read

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Quadratic:
    """Measures how far a row is from the middle of each class, in that class's own directions.

    Args:
        read: Not used.
        starts: By class, what every row gets.
        means: By class, by column.
        turns: By class, the matrix that turns and stretches.
    """

    def __init__(
        self,
        *,
        read: Read,
        starts: list[float],
        means: list[list[float]],
        turns: list[list[list[float]]],
    ) -> None:
        self._starts = np.array(starts)
        self._classes = [
            (np.array(mean), np.array(turn)) for mean, turn in zip(means, turns, strict=True)
        ]

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the curves."""
        spread = np.array([np.log(scaling).sum() for scaling in fitted.scalings_])
        pairs = zip(fitted.rotations_, fitted.scalings_, strict=True)
        return {
            "starts": (np.log(fitted.priors_) - 0.5 * spread).tolist(),
            "means": np.asarray(fitted.means_).tolist(),
            "turns": [(rotation * scaling**-0.5).tolist() for rotation, scaling in pairs],
        }

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        answer: list[float] = self.batch(np.array([features]))[0].tolist()
        return answer

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows."""
        distances = [(((features - mean) @ turn) ** 2).sum(axis=1) for mean, turn in self._classes]
        return LINKS["softmax"].batch(self._starts - 0.5 * np.column_stack(distances))
