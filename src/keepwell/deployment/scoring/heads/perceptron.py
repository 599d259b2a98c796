"""`MLPClassifier` and `MLPRegressor`: layers of weighted sums."""

from collections.abc import Callable, MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.heads.links import LINKS
from keepwell.deployment.scoring.heads.storage import arrays_of, keep_arrays
from keepwell.deployment.scoring.parts import Data, NotCompilableError, Read

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _logistic(sums: "NDArray[np.float64]") -> "NDArray[np.float64]":
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(-sums)))


_ACTIVATIONS: dict[str, Callable[["NDArray[np.float64]"], "NDArray[np.float64]"]] = {
    "identity": lambda sums: sums,
    "logistic": _logistic,
    "tanh": np.tanh,
    "relu": lambda sums: np.maximum(sums, 0.0),
}
_OUTPUTS = {"identity": "raw", "logistic": "sigmoid", "softmax": "softmax", "exp": "exp"}


class Perceptron:
    """Passes a row from layer to layer.

    Args:
        read: Gives the bundle's files.
        file: The one with the weights.
        activation: What each inner layer makes of its sums.
        output: The link that makes the answer of the last layer's sums.
    """

    def __init__(self, *, read: Read, file: str, activation: str, output: str) -> None:
        stored = arrays_of(read(file))
        layers = [
            (stored[f"weights {at}"], stored[f"intercepts {at}"]) for at in range(len(stored) // 2)
        ]
        self._inner, self._last = layers[:-1], layers[-1]
        self._activation = _ACTIVATIONS[activation]
        self._link = LINKS[output]

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the layers."""
        name = type(fitted).__name__
        if fitted.coefs_[0].dtype != np.float64:
            raise NotCompilableError(f"{name} was fitted in single precision")
        output = fitted.out_activation_
        several = output != "softmax" and fitted.n_outputs_ > 1
        if several or output not in _OUTPUTS:
            raise NotCompilableError(f"{name} predicts several targets")
        arrays = {}
        for at, (weights, intercepts) in enumerate(
            zip(fitted.coefs_, fitted.intercepts_, strict=True)
        ):
            arrays[f"weights {at}"], arrays[f"intercepts {at}"] = weights, intercepts
        return {
            "file": keep_arrays(files, "layers.npz", **arrays),
            "activation": fitted.activation,
            "output": _OUTPUTS[output],
        }

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        return self._link.row(self._forward(np.array(features)).tolist())

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows."""
        return self._link.batch(self._forward(features))

    def _forward(self, layer: "NDArray[np.float64]") -> "NDArray[np.float64]":
        for weights, intercepts in self._inner:
            layer = self._activation(layer @ weights + intercepts)
        weights, intercepts = self._last
        return np.asarray(layer @ weights + intercepts)
