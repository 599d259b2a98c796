"""Labels as positions in the list of classes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNKNOWN = -1


def encode(labels: "Sequence[Any] | NDArray[Any]", classes: Sequence[Any]) -> "NDArray[np.int64]":
    """Return each label's position in `classes`; -1 for a label that is not among them."""
    plain = labels.tolist() if isinstance(labels, np.ndarray) else labels
    codes = {label: code for code, label in enumerate(classes)}
    return np.fromiter((codes.get(label, UNKNOWN) for label in plain), np.int64, len(plain))
