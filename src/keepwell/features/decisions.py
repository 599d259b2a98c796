"""From probabilities to a class: the most probable one, or the second of two from a threshold on."""

from typing import TYPE_CHECKING

import numpy as np

from keepwell.core.records import Signature

if TYPE_CHECKING:
    from numpy.typing import NDArray


def decided(signature: Signature, answers: "NDArray[np.float64]") -> "NDArray[np.int64]":
    """Return for each row of probabilities the position of the class that is answered."""
    if signature.threshold is None:
        return np.asarray(answers.argmax(axis=1), dtype=np.int64)
    return np.asarray(answers[:, 1] >= signature.threshold, dtype=np.int64)
