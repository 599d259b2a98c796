"""Predictions and class names as they stand in answers and in the log."""

from collections.abc import Collection
from typing import Any

import msgspec
import numpy as np

from keepwell.core.records import Signature
from keepwell.tracking.metrics.quantile import Quantiles

_encode = msgspec.json.encode


def class_names(signature: Signature) -> list[str]:
    """Return the classes as keys of a JSON object: text as it is, other labels as JSON."""
    return [
        label if isinstance(label, str) else _encode(label).decode() for label in signature.classes
    ]


class Labels:
    """The words of a signature's inputs and classes, made once.

    Args:
        signature: Of the version that answers.
        redacted: Inputs that are not logged.
    """

    def __init__(self, signature: Signature, redacted: Collection[str] = ()) -> None:
        self.inputs = frozenset(item.name for item in signature.inputs) - set(redacted)
        self.names = class_names(signature)
        self._logged = {label: _encode(label).decode() for label in signature.classes}

    def log(self, prediction: Any) -> str:
        """Return a prediction as JSON."""
        if isinstance(prediction, list):
            return _encode(prediction).decode()
        return self._logged.get(prediction) or _encode(prediction).decode()

    def quantiles(self, said: "Quantiles") -> list[dict[str, float]]:
        """Return rows of quantiles by their level."""
        levels = [f"{level:g}" for level in said.levels]
        return [dict(zip(levels, row, strict=True)) for row in said.values.tolist()]

    def name(self, probabilities: "np.ndarray[Any, Any]") -> list[dict[str, float]]:
        """Return rows of probabilities by the name of their class."""
        names = self.names
        return [dict(zip(names, row, strict=True)) for row in probabilities.tolist()]
