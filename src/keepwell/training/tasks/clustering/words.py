"""What is typical of each cluster, in words: where it differs most from all rows."""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.records import ColumnType, Field, Signature

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

_TOP = 3
_FAINT = 0.25  # of a standard deviation; less is nothing to tell


def descriptions(
    signature: Signature, frame: "pd.DataFrame", codes: "NDArray[np.int64]", clusters: int
) -> tuple[str, ...]:
    """Return a sentence for each cluster."""
    told = []
    for code in range(clusters):
        inside = codes == code
        if not inside.any():
            told.append("no row is nearest to it")
            continue
        found = [
            _difference(field, frame[field.name].to_numpy(), inside) for field in signature.inputs
        ]
        telling = sorted((one for one in found if one[0] >= _FAINT), key=lambda one: -one[0])[:_TOP]
        what = "; ".join(text for _, text in telling) or "like the average row"
        told.append(f"{inside.mean():.0%} of rows: {what}")
    return tuple(told)


def _difference(
    field: Field, values: "NDArray[Any]", inside: "NDArray[np.bool_]"
) -> tuple[float, str]:
    """Return how far a cluster is from all rows in a column, in standard deviations, and in words."""
    if field.type is ColumnType.CATEGORY:
        return _of_labels(field.name, values, inside)
    numbers = values.astype(np.float64)
    known = np.isfinite(numbers)
    if not (known & inside).any():
        return 0.0, ""
    spread = float(numbers[known].std())
    if spread == 0:
        return 0.0, ""
    mine, whole = float(numbers[known & inside].mean()), float(numbers[known].mean())
    size = abs(mine - whole) / spread
    if field.type is ColumnType.BOOLEAN:
        return size, f"{field.name} holds for {mine:.0%} ({whole:.0%} of all)"
    if field.type is ColumnType.DATETIME:
        return size, f"{field.name} is {'late' if mine > whole else 'early'}"
    side = "high" if mine > whole else "low"
    return size, f"{field.name} is {side} ({mine:.3g} on average, {whole:.3g} over all)"


def _of_labels(name: str, values: "NDArray[Any]", inside: "NDArray[np.bool_]") -> tuple[float, str]:
    texts = np.array(["" if value is None else str(value) for value in values])
    labels, codes = np.unique(texts, return_inverse=True)
    mine = np.bincount(codes[inside], minlength=len(labels)) / inside.sum()
    whole = np.bincount(codes, minlength=len(labels)) / len(codes)
    spread = np.sqrt(np.maximum(whole * (1 - whole), 1e-12))
    # What it has is easier to read than what it lacks.
    at = int(np.argmax((mine - whole) / spread))
    size = float((mine - whole)[at] / spread[at])
    said = labels[at] or "missing"
    return size, f"{name} is {said} for {mine[at]:.0%} ({whole[at]:.0%} of all)"
