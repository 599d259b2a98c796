"""`ColumnTransformer`: some columns here, others there, the results side by side."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from keepwell.deployment.scoring.fusion import Code, Item
from keepwell.deployment.scoring.parts import (
    Columns,
    Data,
    NotCompilableError,
    Read,
    build_step,
    read_step,
)
from keepwell.deployment.scoring.steps.matrix import abreast

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Split:
    """Gives each block its columns, and puts what comes back side by side.

    Args:
        read: Gives the bundle's files, to the steps.
        blocks: By block: `columns`, the positions it takes, `step`, its data, and the `weight` of what
            comes back; null for none.
    """

    compound: ClassVar[bool] = True

    def __init__(self, *, read: Read, blocks: list[Data]) -> None:
        self._blocks = [
            (block["columns"], build_step(block["step"], read), block.get("weight"))
            for block in blocks
        ]

    @property
    def blocks(self) -> list[tuple[list[int], Any, float | None]]:
        """By block: the positions it takes, its step, and the weight of what comes back."""
        return self._blocks

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes] | None, where: str) -> Data:
        """Read the blocks; dropped columns are left out."""
        weights = fitted.transformer_weights or {}
        names = list(getattr(fitted, "feature_names_in_", ()))
        blocks = []
        for name, step, columns in fitted.transformers_:
            positions = positions_of(columns, names, int(fitted.n_features_in_))
            if positions and not (isinstance(step, str) and step == "drop"):
                data = read_step(step, files, f"{where}.{name}")
                blocks.append({"columns": positions, "step": data, "weight": weights.get(name)})
        return {"blocks": blocks}

    def row(self, values: list[Any]) -> list[Any]:
        """Transform one row."""
        result: list[Any] = []
        for columns, step, weight in self._blocks:
            answer = step.row([values[at] for at in columns])
            result += answer if weight is None else [value * weight for value in answer]
        return result

    def emit(self, code: Code, columns: list[str]) -> list[Item]:
        """Write the blocks side by side."""
        items: list[Item] = []
        for taken, step, weight in self._blocks:
            block = code.apply(step, [Item(columns[at]) for at in taken])
            if weight is not None:
                names = code.names(block)
                if names is None:
                    return code.call(self, columns)
                block = [Item(f"({name} * {code.constant(weight)})") for name in names]
            items += block
        return items

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Transform rows."""
        results = []
        for taken, step, weight in self._blocks:
            answer = step.batch([columns[at] for at in taken])
            results.append(answer if weight is None else answer * weight)
        return abreast(results, len(columns[0]))


def positions_of(columns: Any, names: list[str], width: int) -> list[int]:
    """Return column positions, however the block's columns were written."""
    if callable(columns):
        raise NotCompilableError("ColumnTransformer chooses its columns by a function")
    if isinstance(columns, slice):
        return list(range(width))[_by_position(columns, names)]
    wanted: list[Any] = [columns] if np.isscalar(columns) else list(columns)
    if wanted and isinstance(wanted[0], bool | np.bool_):
        return [position for position, taken in enumerate(wanted) if taken]
    return [names.index(name) if isinstance(name, str) else range(width)[name] for name in wanted]


def _by_position(columns: slice, names: list[str]) -> slice:
    """Return a slice of positions for a slice of names, which includes its end."""
    first, last, step = columns.start, columns.stop, columns.step
    if isinstance(first, str):
        first = names.index(first)
    if isinstance(last, str):
        last = names.index(last) + 1
    return slice(first, last, step)
