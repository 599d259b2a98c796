"""Calibration: what comes true, given what a model says.

Three corrections are tried on rows that they were not fitted on, and the one that surprises least is taken:
none, a sigmoid (Platt, 1999), and the best rising step function (isotonic, where rows are many enough).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from keepwell.monitoring.estimation.reference import Curve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Fit = Callable[[NDArray[np.float64], NDArray[np.float64]], Curve]

FOLDS = 5
STEPS_FROM = 400
"""Rows from which on a step function is tried: of fewer it learns their noise."""

_EDGE = 1e-6
_GRID = 101
_ROUNDS = 30
_RIDGE = 1e-6
_FAR = 500.0  # a logit beyond which the exponential overflows


def calibrate(said: "NDArray[np.float64]", true: "NDArray[np.float64]") -> tuple[str, Curve]:
    """Return the name of the best correction, and the correction.

    Args:
        said: Probabilities, 0..1.
        true: 1 where it came true, else 0.
    """
    tried: dict[str, Fit] = {"none": _none, "sigmoid": _sigmoid}
    if len(said) >= STEPS_FROM:
        tried["isotonic"] = _steps
    if len(said) < 2 * FOLDS or not 0 < true.mean() < 1:
        return "none", _none(said, true)
    fold = np.random.default_rng(0).permutation(len(said)) % FOLDS
    surprise = {name: _surprise(fit, said, true, fold) for name, fit in tried.items()}
    best = min(surprise, key=surprise.__getitem__)
    return best, tried[best](said, true)


def _surprise(
    fit: "Fit",
    said: "NDArray[np.float64]",
    true: "NDArray[np.float64]",
    fold: "NDArray[np.int64]",
) -> float:
    """Return the mean log loss on rows that the correction was not fitted on."""
    lost = 0.0
    for part in range(FOLDS):
        inside = fold == part
        chance = np.clip(fit(said[~inside], true[~inside]).at(said[inside]), _EDGE, 1 - _EDGE)
        lost -= float(np.where(true[inside] > 0, np.log(chance), np.log(1 - chance)).sum())
    return lost / len(said)


def _none(said: "NDArray[np.float64]", true: "NDArray[np.float64]") -> Curve:
    return Curve(said=(0.0, 1.0), true=(0.0, 1.0))


def _sigmoid(said: "NDArray[np.float64]", true: "NDArray[np.float64]") -> Curve:
    """Fit `1 / (1 + exp(-(a z + b)))` on the logit z, by Newton's method."""
    z = _logit(said)
    hits = float(true.sum())
    # Platt's targets: a row that never failed so far may fail yet.
    goal = np.where(true > 0, (hits + 1) / (hits + 2), 1 / (len(true) - hits + 2))
    line = np.column_stack([z, np.ones_like(z)])
    found = np.array([0.0, np.log((hits + 1) / (len(true) - hits + 1))])
    for _ in range(_ROUNDS):
        chance = _chance(line @ found)
        uphill = line.T @ (goal - chance)
        bend = (line * (chance * (1 - chance))[:, None]).T @ line + _RIDGE * np.eye(2)
        step = np.linalg.solve(bend, uphill)
        before = _misfit(line @ found, goal)
        while np.abs(step).max() > _EDGE and _misfit(line @ (found + step), goal) > before:
            step = step / 2  # it overshot
        found = found + step
        if np.abs(step).max() < _EDGE:
            break
    grid = np.linspace(_logit(np.array([0.0]))[0], _logit(np.array([1.0]))[0], _GRID)
    return _curve(_chance(grid), _chance(max(float(found[0]), 0.0) * grid + found[1]))


def _chance(z: "NDArray[np.float64]") -> "NDArray[np.float64]":
    return np.asarray(1 / (1 + np.exp(-np.clip(z, -_FAR, _FAR))))


def _misfit(z: "NDArray[np.float64]", goal: "NDArray[np.float64]") -> float:
    """Return the log loss of logits against soft targets."""
    return float((np.logaddexp(0.0, z) - goal * z).sum())


def _steps(said: "NDArray[np.float64]", true: "NDArray[np.float64]") -> Curve:
    from sklearn.isotonic import isotonic_regression

    values, places = np.unique(said, return_inverse=True)
    rows = np.bincount(places).astype(np.float64)
    level = isotonic_regression(np.bincount(places, weights=true) / rows, sample_weight=rows)
    first = np.flatnonzero(np.r_[True, np.diff(level) > 0])
    last = np.r_[first[1:] - 1, len(level) - 1]
    points = np.unique(np.r_[first, last])
    edge = 1 / (len(said) + 2)
    return _curve(values[points], np.clip(level[points], edge, 1 - edge))


def _curve(said: "NDArray[np.float64]", true: "NDArray[np.float64]") -> Curve:
    return Curve(said=tuple(map(float, said)), true=tuple(map(float, true)))


def _logit(said: "NDArray[np.float64]") -> "NDArray[np.float64]":
    inside = np.clip(said, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(inside / (1 - inside)))
