"""`keepwell.Oddity`: detectors of odd rows, as the arrays that they are."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.heads.storage import arrays_of, keep_arrays
from keepwell.deployment.scoring.parts import Data, Read
from keepwell.features.oddity.detectors import DETECTORS, oddness

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEVELS = "levels"


class Odd:
    """Says how usual and how odd a row is.

    Args:
        read: Gives the bundle's files.
        file: The one with the detector's arrays.
        detector: Its name.
        contamination: Share of rows that are flagged.
    """

    def __init__(self, *, read: Read, file: str, detector: str, contamination: float) -> None:
        self._arrays = arrays_of(read(file))
        self._levels = self._arrays.pop(_LEVELS)
        self._score = DETECTORS[detector][1]
        self._contamination = contamination

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Write the arrays out."""
        file = keep_arrays(files, "oddity.npz", **fitted.arrays_, **{_LEVELS: fitted.levels_})
        return {
            "file": file,
            "detector": fitted.detector,
            "contamination": float(fitted.contamination),
        }

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        answer: list[float] = self.batch(np.array([features], dtype=np.float64))[0].tolist()
        return answer

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows."""
        values = np.asarray(features, dtype=np.float64)
        odd = oddness(self._score(self._arrays, values), self._levels, self._contamination)
        return np.column_stack([1.0 - odd, odd])
