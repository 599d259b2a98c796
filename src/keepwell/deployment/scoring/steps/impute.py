"""`SimpleImputer`: a fixed value for each gap, and flags that say where gaps were."""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.parts import Columns, Data
from keepwell.deployment.scoring.steps.matrix import numbers, numeric, side_by_side
from keepwell.deployment.scoring.steps.missing import Gap, gap_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Impute:
    """Fills gaps.

    Args:
        keep: Positions of the columns that come out; one that was empty in training may be left out.
        fill: What fills a gap, for each of those.
        flags: Positions of the columns whose gaps are flagged, after the others.
        gap: Arguments of `Gap`.
        calculated: The fills were calculated, so that the original reads every cell as a number.
    """

    def __init__(
        self, *, keep: list[int], fill: list[Any], flags: list[int], gap: Data, calculated: bool
    ) -> None:
        self._fills = list(zip(keep, fill, strict=True))
        self._flags = flags
        self._gap = Gap(**gap)
        self._calculated = calculated

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read the statistics."""
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
            "gap": gap_of(fitted),
            "calculated": fitted.strategy in ("mean", "median"),
        }

    def row(self, values: list[Any]) -> list[Any]:
        """Fill one row."""
        return self._numbers(values) if self._calculated else self._cells(values)

    @numeric
    def _numbers(self, values: list[float]) -> list[Any]:
        return self._cells([value * 1.0 for value in values])

    def _cells(self, values: list[Any]) -> list[Any]:
        if self._gap.kind == "nan":  # the usual one
            filled = [v if (v := values[at]) == v else fill for at, fill in self._fills]
            return filled + [float(values[at] != values[at]) for at in self._flags]
        is_gap = self._gap.is_gap
        filled = [fill if is_gap(v := values[at]) else v for at, fill in self._fills]
        return filled + [float(is_gap(values[at])) for at in self._flags]

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Fill rows."""
        mask = self._gap.mask
        if self._calculated:
            columns = list(numbers(columns).T)
        filled = [np.where(mask(columns[at]), fill, columns[at]) for at, fill in self._fills]
        flags = [mask(columns[at]).astype(np.float64) for at in self._flags]
        return side_by_side(filled + flags, len(columns[0]))
