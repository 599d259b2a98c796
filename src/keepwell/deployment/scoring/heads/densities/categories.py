"""`CategoricalNB`: a table of probabilities per column."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import InvalidRequestError
from keepwell.deployment.scoring.heads.links import LINKS
from keepwell.deployment.scoring.parts import Data, NotCompilableError, Read

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Categories:
    """Looks up each column's code and adds up what each class says to it.

    Args:
        read: Not used.
        starts: By class, what every row gets.
        tables: By column, by code, by class.
    """

    def __init__(self, *, read: Read, starts: list[float], tables: list[list[list[float]]]) -> None:
        self._starts = np.array(starts)
        self._tables = [np.array(table) for table in tables]

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the tables."""
        tables = [np.asarray(table).T for table in fitted.feature_log_prob_]
        if not all(np.isfinite(table).all() for table in tables):
            raise NotCompilableError("CategoricalNB has weights that are not finite")
        return {
            "starts": fitted.class_log_prior_.tolist(),
            "tables": [table.tolist() for table in tables],
        }

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        answer: list[float] = self.batch(np.array([features]))[0].tolist()
        return answer

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows.

        Raises:
            InvalidRequestError: If a code was not there in training; the original raises too.
        """
        likely = np.zeros((len(features), len(self._starts)))
        for at, (column, table) in enumerate(zip(features.T, self._tables, strict=True)):
            if not ((column > -1.0) & (column < len(table))).all():  # cut off, not rounded
                raise InvalidRequestError(
                    f"column {at} of the estimator holds a code that it does not know",
                    why=f"CategoricalNB was fitted on the codes 0 to {len(table) - 1}",
                    now="encode labels never seen as one of them",
                )
            likely += table[column.astype(np.intp)]
        return LINKS["softmax"].batch(likely + self._starts)
