"""`SVC`, `SVR` and their kin: how alike a row is to the support vectors."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.heads.links import LINKS
from keepwell.deployment.scoring.heads.storage import arrays_of, keep_arrays
from keepwell.deployment.scoring.parts import Data, NotCompilableError, Read

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Vectors:
    """Weighs how alike a row is to each support vector.

    Args:
        read: Gives the bundle's files.
        file: The one with the vectors, the weights, and one intercept per sum.
        kernel: How likeness is measured.
        gamma: Of the kernel.
        degree: Of the kernel.
        offset: Of the kernel.
        classes: How many there are; null for a regression.
    """

    def __init__(
        self,
        *,
        read: Read,
        file: str,
        kernel: str,
        gamma: float,
        degree: int,
        offset: float,
        classes: int | None,
    ) -> None:
        stored = arrays_of(read(file))
        self._vectors, self._weights = stored["vectors"], stored["weights"]
        self._intercepts = stored["intercepts"]
        self._kernel, self._gamma, self._degree, self._offset = kernel, gamma, degree, offset
        self._classes = classes

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the vectors; each pair of classes has weights of its own."""
        name = type(fitted).__name__
        if fitted._sparse or fitted.kernel not in ("linear", "poly", "rbf", "sigmoid"):
            raise NotCompilableError(f"{name} has a kernel of its own, or sparse vectors")
        if getattr(fitted, "probability", False) is True:
            raise NotCompilableError(f"{name} gives probabilities by an iteration of its library")
        if getattr(fitted, "break_ties", False):
            raise NotCompilableError(f"{name} breaks ties")
        classes = len(fitted.classes_) if hasattr(fitted, "classes_") else None
        weights = _pairs(fitted) if classes and classes > 2 else fitted.dual_coef_  # noqa: PLR2004
        arrays = {
            "vectors": fitted.support_vectors_,
            "weights": np.asarray(weights),
            "intercepts": fitted.intercept_,
        }
        return {
            "file": keep_arrays(files, "vectors.npz", **arrays),
            "kernel": fitted.kernel,
            "gamma": float(fitted._gamma),
            "degree": int(fitted.degree),
            "offset": float(fitted.coef0),
            "classes": classes,
        }

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        answer: list[float] = self.batch(np.array([features]))[0].tolist()
        return answer

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows; a classifier knows no probabilities, and is certain."""
        sums = self._likeness(features) @ self._weights.T + self._intercepts
        if self._classes is None:
            return np.asarray(sums)
        if sums.shape[1] == 1:
            return LINKS["certain"].batch(sums)
        votes = np.zeros((len(features), self._classes))
        pairs = ((a, b) for a in range(self._classes) for b in range(a + 1, self._classes))
        for (first, second), column in zip(pairs, sums.T, strict=True):
            votes[:, first] += column > 0.0
            votes[:, second] += column <= 0.0
        return LINKS["certain"].batch(votes)

    def _likeness(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        if self._kernel == "rbf":
            away = np.empty((len(features), len(self._vectors)))
            for at, row in enumerate(features):
                apart = self._vectors - row
                np.einsum("ij,ij->i", apart, apart, out=away[at])
            return np.asarray(np.exp(-self._gamma * away))
        products = features @ self._vectors.T
        if self._kernel == "linear":
            return np.asarray(products)
        moved = self._gamma * products + self._offset
        return np.asarray(moved**self._degree if self._kernel == "poly" else np.tanh(moved))


def _pairs(fitted: Any) -> "NDArray[np.float64]":
    """Return the weights of every vector for every pair of classes; libsvm folds them together."""
    ends = np.cumsum(fitted.n_support_)
    spans = [slice(end - count, end) for end, count in zip(ends, fitted.n_support_, strict=True)]
    rows = []
    for first in range(len(spans)):
        for second in range(first + 1, len(spans)):
            row = np.zeros(len(fitted.support_vectors_))
            row[spans[first]] = fitted.dual_coef_[second - 1, spans[first]]
            row[spans[second]] = fitted.dual_coef_[first, spans[second]]
            rows.append(row)
    return np.array(rows)
