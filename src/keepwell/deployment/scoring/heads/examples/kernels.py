"""`KernelClassifier` and `KernelRegressor`: how alike a row is to rows that are known."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.heads.links import LINKS
from keepwell.deployment.scoring.heads.storage import arrays_of, keep_arrays
from keepwell.deployment.scoring.parts import Data, Read

if TYPE_CHECKING:
    from numpy.typing import NDArray

_AT_ONCE = 2_048  # rows whose likenesses are in memory together


class Kernel:
    """Adds up likenesses, each with its weight.

    Args:
        read: Gives the bundle's files.
        file: The one with the rows that are known, their weights, and where rows are placed.
        scale: What the distance of a column from its centre is multiplied by.
        link: What the sums are made into.
    """

    def __init__(self, *, read: Read, file: str, scale: float, link: str) -> None:
        stored = arrays_of(read(file))
        self._low, self._high, self._centre = stored["low"], stored["high"], stored["centre"]
        self._scale, self._link = scale, LINKS[link]
        vectors = stored["vectors"]
        self._doubled = np.ascontiguousarray(2.0 * vectors.T)
        self._lengths = np.einsum("ij,ij->i", vectors, vectors)
        self._weights = np.ascontiguousarray(stored["weights"].T)
        self._intercepts = stored["intercepts"]

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the rows that are known, and their weights."""
        file = keep_arrays(
            files,
            "kernel.npz",
            vectors=fitted.vectors_,
            weights=fitted.weighing_,
            intercepts=fitted.added_,
            low=fitted.low_,
            high=fitted.high_,
            centre=fitted.centre_,
        )
        link = "softmax" if hasattr(fitted, "classes_") else "raw"
        return {"file": file, "scale": float(fitted.scale_), "link": link}

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        placed = self._place(np.array(features))
        apart = placed @ self._doubled
        apart -= self._lengths
        apart -= placed @ placed
        sums = np.exp(apart, out=apart) @ self._weights
        sums += self._intercepts
        return self._link.row(sums.tolist())

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows."""
        pieces = [
            self._sums(features[at : at + _AT_ONCE]) for at in range(0, len(features), _AT_ONCE)
        ]
        sums = np.concatenate(pieces) if pieces else np.empty((0, len(self._intercepts)))
        return self._link.batch(sums)

    def _place(self, values: "NDArray[np.float64]") -> "NDArray[np.float64]":
        clipped = np.minimum(np.maximum(values, self._low), self._high)
        return np.asarray((clipped - self._centre) * self._scale)

    def _sums(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        placed = self._place(features)
        apart = placed @ self._doubled
        apart -= self._lengths
        apart -= np.einsum("ij,ij->i", placed, placed)[:, None]
        return np.asarray(np.exp(apart, out=apart) @ self._weights + self._intercepts)
