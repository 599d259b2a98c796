"""Weighted sums of the columns: linear regressions, and what is made of such sums by a link."""

from collections.abc import MutableMapping, Sequence
from operator import mul
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from keepwell.deployment.scoring.heads.links import LINKS, Link
from keepwell.deployment.scoring.parts import Data, NotCompilableError, Read

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WIDE = 64  # columns from which NumPy adds up a row faster than Python
_LINKS = {"IdentityLink": "raw", "LogLink": "exp"}


class Weighted:
    """Adds up weighted columns, once per row of weights.

    Args:
        read: Not used.
        weights: One row per sum, one number per column.
        intercepts: Added to each sum.
        link: Makes the answer of the sums.
    """

    method: ClassVar[str] = "linear"

    def __init__(
        self,
        *,
        read: Read,
        weights: Sequence[Sequence[float]],
        intercepts: Sequence[float],
        link: str,
    ) -> None:
        self._weights, self._intercepts = np.array(weights), np.array(intercepts)
        self._link = LINKS[link]
        self._rows = [
            (tuple(row), intercept) for row, intercept in zip(weights, intercepts, strict=True)
        ]
        self._width = len(weights[0])
        self._wide = self._width >= _WIDE

    @property
    def sums(self) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
        """Its weights, a row for each column, and what is added to the sums."""
        return np.ascontiguousarray(self._weights.T), self._intercepts

    @property
    def link(self) -> Link:
        """What makes the answer of the sums."""
        return self._link

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        if self._wide or len(features) != self._width:  # which NumPy refuses
            sums = self._weights @ np.array(features) + self._intercepts
            return self._link.row(sums.tolist())
        return self._link.row(
            [sum(map(mul, weights, features)) + intercept for weights, intercept in self._rows]
        )

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows."""
        return self._link.batch(self.margin(features))

    def margin(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Return the weighted sums, before the link: log-odds for a sigmoid."""
        return np.asarray(features @ self._weights.T + self._intercepts)

    def contributions(
        self, features: "NDArray[np.float64]", typical: "NDArray[np.float64]"
    ) -> "NDArray[np.float64]":
        """Return what each feature adds to the sums of the mean row, and those sums last."""
        mean = typical.mean(axis=0)
        parts = (features - mean)[:, None, :] * self._weights[None, :, :]
        base = np.broadcast_to(self.margin(mean), (len(features), len(self._weights)))
        return np.concatenate([parts, base[:, :, None]], axis=2)


class Linear(Weighted):
    """`LinearRegression`, `Ridge`, `PoissonRegressor` and their kin."""

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the weights; a generalised model also has a link."""
        data = weights_data(fitted, fitted.coef_, fitted.intercept_)
        if len(data["weights"]) > 1:
            raise NotCompilableError(f"{type(fitted).__name__} predicts several targets")
        loss = getattr(fitted, "_base_loss", None)
        return data | {"link": "raw" if loss is None else _LINKS[type(loss.link).__name__]}


def weights_data(fitted: Any, weights: Any, intercepts: Any) -> Data:
    """Return what `Weighted` is built from."""
    name = type(fitted).__name__
    if hasattr(weights, "toarray"):
        raise NotCompilableError(f"{name} keeps its weights in a sparse matrix")
    rows = np.atleast_2d(np.asarray(weights, dtype=np.float64))
    added = np.broadcast_to(np.ravel(np.asarray(intercepts, dtype=np.float64)), (len(rows),))
    if not (np.isfinite(rows).all() and np.isfinite(added).all()):
        raise NotCompilableError(f"{name} has weights that are not finite")
    return {"weights": rows.tolist(), "intercepts": added.tolist()}
