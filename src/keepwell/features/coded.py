"""Columns of labels that remember which label each row has, so that work is done once a label."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray


class Coded(np.ndarray[Any, np.dtype[np.object_]]):
    """An array of objects that also knows their codes: row i holds `labels[codes[i]]`.

    It is an array like any other to whoever does not ask; what is derived from it (a slice, a copy)
    is a plain column again.
    """

    labels: Sequence[Any] | None = None
    codes: "NDArray[np.int64] | None" = None


def coded(labels: Sequence[Any], codes: "NDArray[np.int64]") -> Coded:
    """Return the column whose row i holds `labels[codes[i]]`."""
    table = np.empty(len(labels), dtype=object)
    table[:] = labels
    column = cast("Coded", table[codes].view(Coded))
    column.labels, column.codes = labels, codes
    return column


def by_label(column: "NDArray[Any]", of: Callable[[Any], float]) -> "NDArray[np.float64]":
    """Return a number for each row; `of` is asked once a label where the column is coded.

    `of` hears of no label that no row has.
    """
    if not isinstance(column, Coded) or column.codes is None or column.labels is None:
        return np.array([of(value) for value in column.tolist()], dtype=np.float64)
    if len(column.labels) > len(column.codes):  # a dictionary of many rows, of which these are few
        return np.array([of(value) for value in column.tolist()], dtype=np.float64)
    present = np.flatnonzero(np.bincount(column.codes, minlength=len(column.labels)))
    table = np.zeros(len(column.labels))
    table[present] = [of(column.labels[at]) for at in present.tolist()]
    return np.asarray(table[column.codes])
