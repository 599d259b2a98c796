"""A transformer that has no compiled form, run as it is between steps that have one."""

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from keepwell.deployment.scoring.parts import Columns, Read
from keepwell.deployment.scoring.steps.matrix import side_by_side

if TYPE_CHECKING:
    from numpy.typing import NDArray


class AsItIs:
    """Asks the fitted transformer itself, in the frame, matrix or list of texts that it was fitted on.

    Args:
        read: Gives the bundle's files.
        file: The one with the transformer.
        names: Names of the columns that it was fitted on; null if they had none.
        where: The names that lead to it in its pipeline.
        reason: Why it is not compiled.
    """

    compound: ClassVar[bool] = True

    def __init__(
        self, *, read: Read, file: str, names: list[str] | None, where: str, reason: str
    ) -> None:
        from keepwell.deployment.scoring.original import load_pipeline

        self._fitted = load_pipeline(read(file))
        self._names = names
        self._texts = hasattr(self._fitted, "build_analyzer")

    def row(self, values: list[Any]) -> list[Any]:
        """Transform one row."""
        columns = [
            np.array([value], dtype=np.float64 if isinstance(value, float) else object)
            for value in values
        ]
        answer: list[Any] = self.batch(columns)[0].tolist()
        return answer

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Transform rows."""
        given: Any
        if self._texts:
            given = columns[0]
        elif self._names is None:
            given = side_by_side(columns, len(columns[0]))
        else:
            from keepwell.deployment.scoring.original import as_frame

            given = as_frame(self._names, columns)
        answer = self._fitted.transform(given)
        matrix = np.asarray(answer.toarray() if hasattr(answer, "toarray") else answer)
        return matrix if matrix.dtype == object else matrix.astype(np.float64, copy=False)
