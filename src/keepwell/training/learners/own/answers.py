"""Whether a model that somebody else wrote answers as a model must."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import TrainingError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SLACK = 1e-3  # that probabilities of single precision may be away from 1 in sum


def numbers_of(name: str, said: Any, rows: int) -> "NDArray[np.float64]":
    """Return what a model predicted as one number per row.

    Raises:
        TrainingError: If it is something else, or not finite.
    """
    given = _array(name, said, "predict")
    if given.shape == (rows, 1):
        given = given[:, 0]
    if given.shape != (rows,):
        raise _shape(name, "predict", given, f"({rows},)", "one number per row")
    return _finite(name, "predict", given)


def probabilities_of(name: str, said: Any, rows: int, classes: int) -> "NDArray[np.float64]":
    """Return what a model said as one probability per row and class.

    Raises:
        TrainingError: If it is something else, or not finite, or does not add up to 1.
    """
    given = _array(name, said, "predict_proba")
    pair = classes == 2  # noqa: PLR2004
    if pair and given.shape in ((rows,), (rows, 1)):  # of the second class, as many write it
        given = np.column_stack([1 - given.reshape(rows), given.reshape(rows)])
    if given.shape != (rows, classes):
        wanted = f"({rows}, {classes})"
        raise _shape(name, "predict_proba", given, wanted, "one probability per row and class")
    _finite(name, "predict_proba", given)
    if (given < -_SLACK).any() or (np.abs(given.sum(axis=1) - 1) > _SLACK).any():
        raise TrainingError(
            f"{name}: predict_proba gives numbers that are no probabilities",
            why=f"a row adds up to {given.sum(axis=1)[np.abs(given.sum(axis=1) - 1).argmax()]:.4g}, "
            f"the smallest number is {given.min():.4g}",
            now="give probabilities of the classes, each from 0 to 1, in sum 1",
        )
    return given


def labels_of(
    name: str, said: Any, rows: int, code: Callable[[Any], int | None]
) -> "NDArray[np.int64]":
    """Return the codes of the labels that a model predicted.

    Raises:
        TrainingError: If it predicts something else.
    """
    given = np.asarray(said, dtype=object)
    if given.shape == (rows, 1):
        given = given[:, 0]
    if given.shape != (rows,):
        raise _shape(name, "predict", given, f"({rows},)", "one label per row")
    codes = [code(value) for value in given]
    strange = [value for value, found in zip(given, codes, strict=True) if found is None]
    if strange:
        raise TrainingError(
            f"{name}: predict gives {strange[0]!r}, which is no class of the target",
            why="it was fitted on the labels as they are in the data",
            now="predict one of those labels for each row",
        )
    return np.array(codes, dtype=np.int64)


def _array(name: str, said: Any, method: str) -> "NDArray[np.float64]":
    try:
        return np.asarray(said, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TrainingError(
            f"{name}: {method} gives {type(said).__name__}, which does not read as numbers",
            why=str(error),
            now="give an array of numbers with one row per row",
        ) from error


def _shape(name: str, method: str, given: Any, wanted: str, meaning: str) -> TrainingError:
    return TrainingError(
        f"{name}: {method} gives the shape {given.shape}, {wanted} is wanted",
        why=f"the answer holds {meaning}",
        now=f"make {method} answer every row it is given",
    )


def _finite(name: str, method: str, given: "NDArray[np.float64]") -> "NDArray[np.float64]":
    bad = ~np.isfinite(given)
    if bad.any():
        rows = np.flatnonzero(bad.reshape(len(given), -1).any(axis=1))
        raise TrainingError(
            f"{name}: {method} gives {given[bad].flat[0]} for {len(rows):,} of {len(given):,} rows",
            why=f"the first is row {rows[0]} of those it was asked for",
            now="answer every row with a finite number; look at rows with gaps first",
        )
    return given
