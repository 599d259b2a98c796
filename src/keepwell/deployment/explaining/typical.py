"""Rows that stand for the training data, made from its profile: no row of it is kept.

Each column is drawn by itself, so what goes together in the data does not go together here. That is what
an explanation wants: it asks what happens if one column were another, whatever the others are.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.records import ColumnProfile, ColumnType, Field, Profile, Signature
from keepwell.features.cells import cell_of, missing_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROWS = 64
_SEED = 0
_LEVELS = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
"""The levels of a profile's quantiles."""


def typical_rows(
    signature: Signature, profile: Profile | None = None, count: int = ROWS
) -> "list[NDArray[Any]]":
    """Return columns of canonical values, in the signature's order, the same at every call.

    Args:
        signature: Names the columns.
        profile: Of the training data; without one, every row is the signature's example.
        count: Number of rows.
    """
    random = np.random.default_rng(_SEED)
    return [
        _column(field, profile.column(field.name) if profile else None, random, count)
        for field in signature.inputs
    ]


def _column(
    field: Field, known: ColumnProfile | None, random: np.random.Generator, count: int
) -> "NDArray[Any]":
    values = _values(field, known, random, count)
    textual = field.type in (ColumnType.CATEGORY, ColumnType.TEXT, ColumnType.IMAGE)
    if known is not None and known.rows and not field.required:
        gaps = _levels(random, count) < known.missing / known.rows
        missing = missing_of(field)
        values = [missing if gap else value for gap, value in zip(gaps, values, strict=True)]
    return np.array(values, dtype=object if textual else np.float64)


def _values(
    field: Field, known: ColumnProfile | None, random: np.random.Generator, count: int
) -> list[Any]:
    if known is not None and known.top:
        labels = [label for label, _ in known.top]
        shares = np.array([number for _, number in known.top], dtype=float)
        places = np.searchsorted(np.cumsum(shares) / shares.sum(), _levels(random, count))
        chosen = [labels[min(place, len(labels) - 1)] for place in places]
        if field.type is ColumnType.BOOLEAN:
            return [float(label == "true") for label in chosen]
        if field.type in (ColumnType.CATEGORY, ColumnType.TEXT, ColumnType.IMAGE):
            return chosen
    numeric = field.type not in (ColumnType.CATEGORY, ColumnType.TEXT, ColumnType.IMAGE)
    if known is not None and numeric and len(known.quantiles) == len(_LEVELS):
        drawn = np.interp(_levels(random, count), _LEVELS, known.quantiles)
        whole = field.type in (ColumnType.INTEGER, ColumnType.BOOLEAN)
        return list(np.round(drawn) if whole else drawn)
    example = field.example
    return [missing_of(field) if example is None else cell_of(field)(example)] * count


def _levels(random: np.random.Generator, count: int) -> "NDArray[np.float64]":
    """Return numbers from 0 to 1, one in each of `count` equal parts, in a random order."""
    levels: NDArray[np.float64] = (random.permutation(count) + random.random(count)) / count
    return levels
