"""What an estimate rests on: fitted once on rows with outcomes, kept as plain data."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keepwell.core.records import ColumnType

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """From what a model says to what comes true: straight between its points, level beyond them."""

    said: tuple[float, ...]
    true: tuple[float, ...]

    def at(self, values: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Return the chance that is meant by each value."""
        return np.asarray(np.interp(values, self.said, self.true))


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """A column that the loss model looks at; labels become their place in `labels`."""

    name: str
    type: ColumnType
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LossModel:
    """Says how large a loss is likely to be.

    Attributes:
        mean: Over the rows it was fitted on: the answer where `trees` is empty.
        spread: How far losses scatter around the answer, as a share of it.
        trees: A LightGBM model as text; empty where inputs tell nothing about the loss.
        gain: Share of the scatter that it explains on rows it has not seen.
    """

    mean: float
    spread: float
    trees: str = ""
    gain: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What a version's estimates rest on; kept with its run as `estimation.json`.

    Attributes:
        method: `confidence`, `loss`, or empty: nothing can be estimated, `note` says why.
        rows: Rows with outcomes that it was fitted on.
        calibration: How probabilities were corrected: `none`, `sigmoid` or `isotonic`.
        curves: The correction, one for each class (the second alone where there are two).
        columns: What the loss models look at, beside the answer itself.
        absolute: The model of absolute errors.
        squared: That of squared ones.
        note: What the reader should know.
    """

    method: str = ""
    rows: int = 0
    calibration: str = ""
    curves: tuple[Curve, ...] = ()
    columns: tuple[Coded, ...] = ()
    absolute: LossModel | None = None
    squared: LossModel | None = None
    note: str = ""
