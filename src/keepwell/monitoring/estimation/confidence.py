"""Metrics of classes from calibrated probabilities alone.

True labels are drawn, again and again, as the probabilities say; what a metric is on average over the draws
is its estimate, and how it scatters is what chance will do to it. So every metric is estimated by the
definition that it is measured by.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from keepwell.monitoring.estimation.answers import Answers
from keepwell.monitoring.estimation.calibration import calibrate
from keepwell.monitoring.estimation.reference import Curve, Reference
from keepwell.tracking.metrics import encode
from keepwell.tracking.metrics.measures import measure_codes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray

DRAWS = 100
_PAIR = 2
_FEWEST = 30


def fit_confidence(
    chances: "NDArray[np.float64] | None", actual: "Sequence[Any]", classes: "Sequence[Any]"
) -> Reference:
    """Return the correction of a model's probabilities, from rows with known labels."""
    if chances is None:
        return Reference(note="the model gives no probabilities: its confidence is not known")
    codes = encode(actual, classes)
    known = codes >= 0
    chances, codes = chances[known], codes[known]
    if len(codes) < _FEWEST:
        why = (
            f"{len(codes)} rows with an outcome are too few to calibrate on ({_FEWEST} are needed)"
        )
        return Reference(rows=len(codes), note=why)
    asked = range(1, _PAIR) if len(classes) == _PAIR else range(len(classes))
    found = [calibrate(chances[:, place], (codes == place).astype(np.float64)) for place in asked]
    names = [name for name, _ in found]
    return Reference(
        method="confidence",
        rows=len(codes),
        calibration=max(dict.fromkeys(names), key=names.count),
        curves=tuple(curve for _, curve in found),
    )


def corrected(chances: "NDArray[np.float64]", curves: "Sequence[Curve]") -> "NDArray[np.float64]":
    """Return calibrated probabilities; rows sum to 1."""
    if len(curves) == 1:
        second = curves[0].at(chances[:, 1])
        return np.column_stack([1 - second, second])
    found = np.column_stack([curve.at(chances[:, at]) for at, curve in enumerate(curves)])
    total = found.sum(axis=1, keepdims=True)
    return np.where(total > 0, found / np.where(total > 0, total, 1.0), 1 / len(curves))


def estimate_labels(
    reference: Reference,
    answers: Answers,
    classes: "Sequence[Any]",
    wanted: Collection[str],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> "tuple[dict[str, tuple[float, float]], NDArray[np.float64]]":
    """Return by metric its estimate and how far chance scatters it, and the expected confusion matrix.

    The matrix has a row for each true class and a column for each answer.
    """
    if answers.probabilities is None:
        return {}, np.zeros((0, 0))
    said = encode(answers.predictions, classes)
    chances = corrected(answers.probabilities, reference.curves)
    matrix = np.zeros((len(classes), len(classes)))
    np.add.at(matrix.T, said, chances)
    random = np.random.default_rng(seed)
    rising = chances.cumsum(axis=1)
    seen: dict[str, list[float]] = {}
    for _ in range(draws):
        drawn = (random.random((len(said), 1)) > rising[:, :-1]).sum(axis=1)
        measured = measure_codes(
            drawn, said, answers.probabilities, len(classes), only=frozenset(wanted)
        )
        for name, value in measured.items():
            seen.setdefault(name, []).append(value)
    return {
        name: (float(np.mean(values)), float(np.std(values)))
        for name, values in seen.items()
        if len(values) > draws // 2
    }, matrix
