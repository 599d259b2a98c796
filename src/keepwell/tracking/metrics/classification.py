"""Measures of predicted labels. Labels are codes: positions in the list of classes.

A true label outside the classes (code -1) counts as missed by whatever was predicted.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.int64]


def accuracy(actual: "Codes", predicted: "Codes") -> float:
    """Return the share of labels that were right."""
    return float(np.mean(actual == predicted))


def confusion(actual: "Codes", predicted: "Codes", classes: int) -> "NDArray[np.int64]":
    """Return counts by true class (row) and predicted class (column); unknown labels left out."""
    known = (actual >= 0) & (predicted >= 0)
    cells = actual[known] * classes + predicted[known]
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def precision_recall_f1(
    actual: "Codes", predicted: "Codes", classes: int
) -> tuple[float, float, float]:
    """Return precision, recall and F1: of the second class if there are two, else the plain mean.

    The mean runs over the classes that occur; a ratio without a denominator is 0.
    """
    hits = np.bincount(actual[actual == predicted], minlength=classes)[:classes]
    said = np.bincount(predicted[predicted >= 0], minlength=classes)[:classes]
    true = np.bincount(actual[actual >= 0], minlength=classes)[:classes]
    precision = hits / np.maximum(said, 1)
    recall = hits / np.maximum(true, 1)
    f1 = 2 * hits / np.maximum(said + true, 1)
    if classes == 2:  # noqa: PLR2004 - a pair has a positive class
        return float(precision[1]), float(recall[1]), float(f1[1])
    occurs = (said + true) > 0
    return float(precision[occurs].mean()), float(recall[occurs].mean()), float(f1[occurs].mean())
