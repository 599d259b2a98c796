"""What an encoder answers for each label, tabulated by asking it.

An encoder's settings interact: infrequent labels, dropped ones, missing values, unknown ones. Asking the
fitted encoder for every label it knows gives the same table under all of them.
"""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from keepwell.deployment.scoring.parts import NotCompilableError

UNSEEN = "\0never seen in training\0"


def known_labels(fitted: Any) -> list[list[Any]]:
    """Return the labels of each column as plain values."""
    columns = [column.tolist() for column in fitted.categories_]
    for label in (label for column in columns for label in column):
        if not (label is None or isinstance(label, str | float | int)):
            raise NotCompilableError(f"{type(fitted).__name__} knows the label {label!r}")
    return columns


def ask(fitted: Any, columns: Sequence[Sequence[Any]]) -> "np.ndarray[Any, Any]":
    """Return what the encoder makes of labels given by column; shorter columns are padded."""
    rows = max(len(column) for column in columns)
    numeric = all(kind.dtype.kind in "fiu" for kind in fitted.categories_)
    matrix = np.empty((rows, len(columns)), dtype=np.float64 if numeric else object)
    for position, column in enumerate(columns):
        matrix[:, position] = [*column, *[column[-1]] * (rows - len(column))]
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # no column names here; unknown labels are asked for on purpose
        answer = fitted.transform(matrix)
    return np.asarray(answer.toarray() if hasattr(answer, "toarray") else answer, dtype=np.float64)


def unseen_label(fitted: Any, column: int) -> Any:
    """Return a label that the encoder does not know in that column."""
    categories = fitted.categories_[column]
    if categories.dtype.kind in "fiu":
        finite = categories[np.isfinite(categories.astype(np.float64))]
        return float(finite.max()) + 1.0 if len(finite) else 0.0
    return UNSEEN


def is_nan(value: Any) -> bool:
    """Tell whether a value is the float nan, which equals no key of a table."""
    return isinstance(value, float) and math.isnan(value)
