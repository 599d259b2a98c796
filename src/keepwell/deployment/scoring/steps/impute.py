"""`SimpleImputer`: a fixed value for each gap, and flags that say where gaps were."""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.fusion import Code, Item
from keepwell.deployment.scoring.parts import Columns, Data, NotCompilableError
from keepwell.deployment.scoring.steps.matrix import side_by_side

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Impute:
    """Fills gaps.

    Args:
        keep: Positions of the columns that come out; one that was empty in training may be left out.
        fill: What fills a gap, for each of those.
        flags: Positions of the columns whose gaps are flagged, after the others.
        gap: What counts as a gap: `nan` or `none`.
    """

    def __init__(self, *, keep: list[int], fill: list[Any], flags: list[int], gap: str) -> None:
        self._fills = list(zip(keep, fill, strict=True))
        self._flags = flags
        self._none = gap == "none"

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read the statistics."""
        missing = fitted.missing_values
        if missing is None:
            gap = "none"
        elif isinstance(missing, float) and np.isnan(missing):
            gap = "nan"
        else:
            raise NotCompilableError(f"SimpleImputer takes {missing!r} for missing")
        if fitted.add_indicator and fitted.indicator_.features != "missing-only":
            raise NotCompilableError("SimpleImputer flags columns that had no gaps")
        statistics = fitted.statistics_.tolist()
        kept = [
            position
            for position, value in enumerate(statistics)
            if fitted.keep_empty_features or value == value  # noqa: PLR0124 (nan: it was empty)
        ]
        return {
            "keep": kept,
            "fill": [statistics[position] for position in kept],
            "flags": fitted.indicator_.features_.tolist() if fitted.add_indicator else [],
            "gap": gap,
        }

    def row(self, values: list[Any]) -> list[Any]:
        """Fill one row."""
        if self._none:
            filled = [fill if (v := values[at]) is None else v for at, fill in self._fills]
            return filled + [float(values[at] is None) for at in self._flags]
        filled = [v if (v := values[at]) == v else fill for at, fill in self._fills]
        return filled + [float(values[at] != values[at]) for at in self._flags]

    def emit(self, code: Code, columns: list[str]) -> list[Item]:
        """Write the comparisons."""
        items = []
        for at, fill in self._fills:
            name = columns[at]
            there = f"{name} is not None" if self._none else f"{name} == {name}"
            items.append(Item(f"({name} if {there} else {code.constant(fill)})"))
        one, zero = code.constant(1.0), code.constant(0.0)
        for at in self._flags:
            there = (
                f"{columns[at]} is not None" if self._none else f"{columns[at]} == {columns[at]}"
            )
            items.append(Item(f"({zero} if {there} else {one})"))
        return items

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Fill rows."""
        filled = [np.where(self._gaps(columns[at]), fill, columns[at]) for at, fill in self._fills]
        flags = [self._gaps(columns[at]).astype(np.float64) for at in self._flags]
        return side_by_side(filled + flags, len(columns[0]))

    def _gaps(self, column: "NDArray[Any]") -> "NDArray[np.bool_]":
        if self._none:
            return np.array([value is None for value in column.tolist()], dtype=bool)
        return np.asarray(column != column, dtype=bool)  # noqa: PLR0124 (true for nan alone)
