"""An ONNX model that answers canonical values: the `Model` of a scorer."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.records import Signature
from keepwell.deployment.onnx.answering import Activation, Answerer
from keepwell.deployment.onnx.feeding import Feeder
from keepwell.features.networks.session import open_session

if TYPE_CHECKING:
    from numpy.typing import NDArray

MODEL_FILE = "model.onnx"

Read = Callable[[Any], "NDArray[np.float64]"]


class OnnxModel:
    """Asks onnxruntime. Safe for several threads.

    Args:
        data: The model's bytes.
        signature: What it takes and gives.
        activation: What turns its scores into probabilities, where it does not do so itself.

    Raises:
        InvalidDataError: If it cannot be run, or does not fit the signature.
    """

    def __init__(self, data: bytes, signature: Signature, activation: Activation = "") -> None:
        self._session = open_session(data)
        self._feeder = Feeder(self._session.get_inputs(), signature)
        self._answerer = Answerer(self._session.get_outputs(), signature, activation)
        self._wanted = [self._answerer.output]

    def plan(self) -> dict[str, Any]:
        """Return how rows go in and answers come out, as plain data."""
        rows = self._feeder.rows_at_once
        return {"inputs": self._feeder.plan(), "rows_at_once": rows, **self._answerer.plan()}

    def row(self, values: Sequence[Any]) -> list[float]:
        """Answer one row."""
        said = self._run([_cell(value) for value in values])
        answer: list[float] = self._answerer.answer(said)[0].tolist()
        return answer

    def batch(self, columns: "Sequence[NDArray[Any]]") -> "NDArray[np.float64]":
        """Answer rows."""
        return self._each(columns, self._answerer.answer)

    def scores(self, columns: "Sequence[NDArray[Any]]") -> "NDArray[np.float64]":
        """Return what the graph says of rows, before anything makes probabilities of it."""
        return self._each(columns, self._answerer.scores)

    def _each(self, columns: "Sequence[NDArray[Any]]", read: Read) -> "NDArray[np.float64]":
        if self._feeder.rows_at_once is None:
            return read(self._run(columns))
        rows = range(len(columns[0]))
        return np.vstack(
            [read(self._run([column[at : at + 1] for column in columns])) for at in rows]
        )

    def _run(self, columns: "Sequence[NDArray[Any]]") -> Any:
        return self._session.run(self._wanted, self._feeder.feed(columns))[0]


def _cell(value: Any) -> "NDArray[Any]":
    textual = value is None or isinstance(value, str)
    return np.array([value], dtype=np.object_ if textual else np.float64)
