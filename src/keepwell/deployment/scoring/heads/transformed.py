"""`TransformedTargetRegressor`: an estimator of a transformed target, transformed back."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.heads.members import read_member
from keepwell.deployment.scoring.parts import (
    Data,
    NotCompilableError,
    Read,
    build_head,
    name_of,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

Inverse = str | dict[str, float] | None
_INVERSES = {"expm1": np.expm1, "exp": np.exp, "square": np.square, "sqrt": np.sqrt}


class Transformed:
    """Transforms another head's answer back.

    Args:
        read: Gives the bundle's files, to the other head.
        head: Data of the other head.
        inverse: The NumPy function that transforms back; a line (`scale`, `level`); null for none.

    Attributes:
        inner: The other head.
    """

    def __init__(self, *, read: Read, head: Data, inverse: Inverse) -> None:
        self.inner = build_head(head, read)
        self._inverse: Any = np.asarray
        if isinstance(inverse, str):
            self._inverse = _INVERSES[inverse]
        elif inverse is not None:
            scale, level = inverse["scale"], inverse["level"]
            self._inverse = lambda numbers: np.asarray(numbers) * scale + level

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the inner estimator and the function that transforms back."""
        inverse = inverse_of(fitted)
        return {"head": read_member(fitted.regressor_, files)["head"], "inverse": inverse}

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        return [float(self._inverse(self.inner.row(features)[0]))]

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows."""
        return np.asarray(self._inverse(self.inner.batch(features)), dtype=np.float64)


def inverse_of(fitted: Any) -> Inverse:
    """Return the function or line that transforms back; None if nothing is transformed."""
    if fitted.transformer is not None:
        return _line_of(fitted.transformer_)
    function = fitted.inverse_func
    if function is None and fitted.func is None:
        return None
    for name, known in _INVERSES.items():
        if function is known:
            return name
    raise NotCompilableError(f"TransformedTargetRegressor transforms back by {function!r}")


def _line_of(transformer: Any) -> dict[str, float]:
    """Return a transformer of the target as a line."""
    whole = (
        name_of(transformer) == "sklearn.StandardScaler"
        and transformer.mean_ is not None
        and transformer.scale_ is not None
        and len(transformer.scale_) == 1
    )
    if not whole:
        raise NotCompilableError("TransformedTargetRegressor has a transformer of its own")
    return {"scale": float(transformer.scale_[0]), "level": float(transformer.mean_[0])}
