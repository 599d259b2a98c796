"""`GroupStatistic` and `Frequency`: what training rows with the same labels were like."""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.fusion import Code, Item
from keepwell.deployment.scoring.parts import Columns, Data, NotCompilableError
from keepwell.deployment.scoring.steps.matrix import numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Group:
    """Gives each row the number of its group.

    Args:
        labels: The groups: a label of each of their columns.
        values: Their numbers.
        fallback: That of an unknown group; null for nan.
        difference: Whether the number is taken from that of the row, which comes last.
    """

    def __init__(
        self,
        *,
        labels: list[list[Any]],
        values: list[float],
        fallback: float | None,
        difference: bool,
    ) -> None:
        self._table = {tuple(key): value for key, value in zip(labels, values, strict=True)}
        self._fallback = float("nan") if fallback is None else fallback
        self._difference = difference

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read the table."""
        _plain(label for key in fitted.labels_ for label in key)
        fallback = fitted.fallback_
        return {
            "labels": fitted.labels_,
            "values": fitted.values_,
            "fallback": None if fallback != fallback else fallback,  # noqa: PLR0124 (nan)
            "difference": bool(fitted.difference),
        }

    def row(self, values: list[Any]) -> list[Any]:
        """Look one row up."""
        found = self._table.get(tuple(values[:-1]), self._fallback)
        return [values[-1] - found if self._difference else found]

    def emit(self, code: Code, columns: list[str]) -> list[Item]:
        """Write one look-up."""
        find = code.constant(self._table.get)
        found = (
            f"{find}(({''.join(f'{c}, ' for c in columns[:-1])}), {code.constant(self._fallback)})"
        )
        return [Item(f"({columns[-1]} - {found})" if self._difference else found)]

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Look rows up."""
        keys = zip(*(column.tolist() for column in columns[:-1]), strict=True)
        found = np.array([self._table.get(key, self._fallback) for key in keys], dtype=np.float64)
        if self._difference:
            found = numbers(columns[-1:])[:, 0] - found
        return found[:, None]


class Shares:
    """Gives each label its share of the training rows; 0 for an unknown one.

    Args:
        labels: By column.
        shares: Of each of those labels.
    """

    def __init__(self, *, labels: list[list[Any]], shares: list[list[float]]) -> None:
        self._tables = [
            dict(zip(names, parts, strict=True))
            for names, parts in zip(labels, shares, strict=True)
        ]

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read the tables."""
        _plain(label for labels in fitted.labels_ for label in labels)
        return {"labels": fitted.labels_, "shares": fitted.shares_}

    def row(self, values: list[Any]) -> list[Any]:
        """Look one row up."""
        return [table.get(value, 0.0) for value, table in zip(values, self._tables, strict=True)]

    def emit(self, code: Code, columns: list[str]) -> list[Item]:
        """Write one look-up a column."""
        return [
            Item(f"{code.constant(table.get)}({column}, {code.constant(0.0)})")
            for column, table in zip(columns, self._tables, strict=True)
        ]

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Look rows up."""
        shares = [
            [table.get(value, 0.0) for value in column.tolist()]
            for column, table in zip(columns, self._tables, strict=True)
        ]
        return np.array(shares, dtype=np.float64).T.reshape(len(columns[0]), -1)


def _plain(labels: Any) -> None:
    """Refuse labels that JSON has no word for, or that equal no other, as nan does."""
    for label in labels:
        if not (label is None or isinstance(label, str)):
            raise NotCompilableError(f"a group is called {label!r}, which is no text")
