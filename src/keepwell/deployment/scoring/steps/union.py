"""`FeatureUnion`: the same columns to several transformers, the results side by side."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, ClassVar

from keepwell.deployment.scoring.parts import Columns, Data, Read, build_step, read_step
from keepwell.deployment.scoring.steps.matrix import abreast

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Union:
    """Puts what several steps make of a row side by side.

    Args:
        read: Gives the bundle's files, to the steps.
        parts: By part: `step`, its data, and the `weight` of what comes back; null for none.
    """

    compound: ClassVar[bool] = True

    def __init__(self, *, read: Read, parts: list[Data]) -> None:
        self._parts = [(build_step(part["step"], read), part["weight"]) for part in parts]

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes] | None, where: str) -> Data:
        """Read the parts; dropped ones are left out."""
        weights = fitted.transformer_weights or {}
        return {
            "parts": [
                {"step": read_step(step, files, f"{where}.{name}"), "weight": weights.get(name)}
                for name, step in fitted.transformer_list
                if not (isinstance(step, str) and step == "drop")
            ]
        }

    def row(self, values: list[Any]) -> list[Any]:
        """Transform one row."""
        result: list[Any] = []
        for step, weight in self._parts:
            answer = step.row(values)
            result += answer if weight is None else [value * weight for value in answer]
        return result

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Transform rows."""
        results = [
            step.batch(columns) if weight is None else step.batch(columns) * weight
            for step, weight in self._parts
        ]
        return abreast(results, len(columns[0]))
