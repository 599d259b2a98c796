"""`PolynomialFeatures`: products of columns."""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.parts import Columns, Data, SparseOnlyError
from keepwell.deployment.scoring.steps.matrix import numbers, numeric

if TYPE_CHECKING:
    from numpy.typing import NDArray


_MOST = 2**16


class Polynomial:
    """Multiplies columns with each other.

    Args:
        products: By output: the positions of the columns it multiplies; none for a constant 1.
    """

    def __init__(self, *, products: list[list[int]]) -> None:
        # From the last factor to the first, as the original does: so the products are the same to the bit.
        self._products = [list(reversed(product)) for product in products]

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read which columns each output multiplies, and how often each."""
        if fitted.n_output_features_ > _MOST:
            raise SparseOnlyError(f"PolynomialFeatures gives {fitted.n_output_features_:,} columns")
        return {
            "products": [
                [at for at, power in enumerate(powers) for _ in range(power)]
                for powers in fitted.powers_.tolist()
            ]
        }

    @numeric
    def row(self, values: list[float]) -> list[Any]:
        """Multiply one row."""
        result = []
        for product in self._products:
            value = 1.0
            for at in product:
                value *= values[at]
            result.append(value)
        return result

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Multiply rows."""
        matrix = numbers(columns)
        result = np.ones((len(matrix), len(self._products)))
        with np.errstate(over="ignore", invalid="ignore"):
            for slot, product in enumerate(self._products):
                for at in product:
                    result[:, slot] *= matrix[:, at]
        return result
