"""An ONNX graph that takes one row of numbers and gives scores."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.features.networks.session import open_session

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Graph:
    """Asks onnxruntime, row by row. Safe for several threads.

    Args:
        data: The graph: one input of float32, `[rows, columns]`; the first output answers.
        trimmed: Numbers below zero at the end of a row are filling, and are not handed in.

    Raises:
        InvalidDataError: If onnxruntime cannot run it.
        MissingExtraError: If onnxruntime is not installed.
    """

    def __init__(self, data: bytes, *, trimmed: bool = False) -> None:
        self._session = open_session(data)
        self._input = self._session.get_inputs()[0].name
        self._output = [self._session.get_outputs()[0].name]
        self._trimmed = trimmed

    def row(self, values: "Sequence[float] | NDArray[Any]") -> list[float]:
        """Return the scores of one row."""
        given = np.asarray(values, dtype=np.float32)
        if self._trimmed:
            given = given[: max(1, int((given >= 0).sum()))]
        said = self._session.run(self._output, {self._input: given[None, :]})[0]
        scores: list[float] = said.reshape(-1).astype(np.float64).tolist()
        return scores

    def batch(self, rows: "NDArray[Any]") -> "NDArray[np.float64]":
        """Return the scores of rows."""
        if not len(rows):
            return np.empty((0, 1))
        return np.array([self.row(values) for values in rows])
