"""A TorchScript program that answers canonical values: the `Model` of a scorer."""

import io
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import InvalidDataError
from keepwell.core.records import Signature
from keepwell.deployment.onnx.answering import Activation, Answerer
from keepwell.deployment.torch.program import outputs_of, run, tensors_of
from keepwell.features.networks.writing import quiet, torch_library

if TYPE_CHECKING:
    from numpy.typing import NDArray

PROGRAM_FILE = "model.torchscript"
ARGUMENTS = "keepwell.json"  # inside the archive


class TorchModel:
    """Asks PyTorch. Safe for several threads.

    Args:
        program: A module at rest, eager or scripted.
        arguments: Columns that it takes one by one; none: a matrix.
        signature: What it takes and gives.
        activation: What turns its scores into probabilities.
    """

    def __init__(
        self,
        program: Any,
        arguments: Sequence[str],
        signature: Signature,
        activation: Activation = "",
    ) -> None:
        self._program = program
        self._arguments = tuple(arguments)
        self._signature = signature
        row = [np.zeros(1, dtype=np.float32) for _ in signature.inputs]
        outputs = outputs_of(run(program, tensors_of(row, signature, self._arguments)))
        self._answerer = Answerer(outputs, signature, activation)
        self._place = [item.name for item in outputs].index(self._answerer.output)

    @classmethod
    def load(cls, data: bytes, signature: Signature, activation: Activation) -> "TorchModel":
        """Return the model of a bundle's TorchScript file.

        Raises:
            MissingExtraError: If PyTorch is not installed.
            InvalidDataError: If it cannot read the file.
        """
        torch = torch_library()
        extra = {ARGUMENTS: ""}
        try:
            with quiet():
                program = torch.jit.load(io.BytesIO(data), map_location="cpu", _extra_files=extra)
        except RuntimeError as error:
            raise InvalidDataError(
                "PyTorch cannot read the model's TorchScript",
                why=str(error).strip().splitlines()[0][:300],
                now="register the module again",
            ) from error
        return cls(program.eval(), json.loads(extra[ARGUMENTS]), signature, activation)

    def row(self, values: Sequence[Any]) -> list[float]:
        """Answer one row."""
        answer: list[float] = self.batch([np.array([value]) for value in values])[0].tolist()
        return answer

    def batch(self, columns: "Sequence[NDArray[Any]]") -> "NDArray[np.float64]":
        """Answer rows."""
        return self._answerer.answer(self._run(columns))

    def scores(self, columns: "Sequence[NDArray[Any]]") -> "NDArray[np.float64]":
        """Return what the program says of rows, before anything makes probabilities of it."""
        return self._answerer.scores(self._run(columns))

    def _run(self, columns: "Sequence[NDArray[Any]]") -> "NDArray[Any]":
        return run(self._program, tensors_of(columns, self._signature, self._arguments))[
            self._place
        ]
