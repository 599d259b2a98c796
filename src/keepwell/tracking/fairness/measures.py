"""Rates by group and the gaps between them, as arrays: one row a draw, one column a group.

A group of labels is its four counts: who is of the favourable class and who is predicted to be. Drawing
those counts anew is the bootstrap within groups, whatever the number of rows.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LABEL_METRICS = (
    "selection_rate", "disparate_impact", "true_positive_rate", "false_positive_rate",
    "equalized_odds", "accuracy",
)  # fmt: skip
NUMBER_METRICS = ("mean_prediction", "mean_residual", "mae")
DRAWS = 1000
CELLS = 4  # true positive, false negative, false positive, true negative
_PAIR = 2


def counted(
    actual: "NDArray[np.bool_]", said: "NDArray[np.bool_]", member: "NDArray[np.int64]", groups: int
) -> "NDArray[np.float64]":
    """Return the four counts of each group; rows of no group have -1."""
    cells = np.where(actual, np.where(said, 0, 1), np.where(said, 2, 3))
    known = member >= 0
    flat = np.bincount(member[known] * CELLS + cells[known], minlength=groups * CELLS)
    return flat.reshape(groups, CELLS).astype(np.float64)


def drawn(counts: "NDArray[np.float64]", seed: int = 0) -> "NDArray[np.float64]":
    """Return the counts of rows drawn with replacement within each group, once a draw."""
    random = np.random.default_rng(seed)
    return np.stack(
        [random.multinomial(int(one.sum()), one / one.sum(), size=DRAWS) for one in counts], axis=1
    ).astype(np.float64)


def rates(counts: "NDArray[np.float64]") -> "dict[str, NDArray[np.float64]]":
    """Return the rates of counts (..., groups, 4); not a number where a group cannot decide one."""
    hit, missed, false, rest = np.moveaxis(counts, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "selection_rate": (hit + false) / counts.sum(axis=-1),
            "true_positive_rate": hit / (hit + missed),
            "false_positive_rate": false / (false + rest),
            "accuracy": (hit + rest) / counts.sum(axis=-1),
        }


def gaps(found: "dict[str, NDArray[np.float64]]") -> "dict[str, NDArray[np.float64]]":
    """Return the gaps of rates (..., groups); not a number where fewer than two groups decide."""
    result = {name: spread(values) for name, values in found.items()}
    if "selection_rate" in found:
        result["disparate_impact"] = ratio(found["selection_rate"])
        odds = (result["true_positive_rate"], result["false_positive_rate"])
        result["equalized_odds"] = np.maximum(*odds)
    return result


def spread(values: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return largest minus smallest over the groups."""
    known = np.isfinite(values)
    high = np.where(known, values, -np.inf).max(axis=-1)
    low = np.where(known, values, np.inf).min(axis=-1)
    with np.errstate(invalid="ignore"):
        return np.where(known.sum(axis=-1) >= _PAIR, high - low, np.nan)


def ratio(values: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return smallest over largest; 1 where nobody of any group is selected."""
    low, high = values.min(axis=-1), values.max(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(high == 0, 1.0, low / high)
