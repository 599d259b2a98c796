"""From raw scores to answers, for a row and for a batch.

`raw` gives them as they are; `exp` undoes a logarithm; the others make class probabilities of one score
(for the second of two classes) or of one score per class.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Scores = list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A function with two faces that answer alike."""

    row: Callable[[Scores], Scores]
    batch: Callable[["NDArray[np.float64]"], "NDArray[np.float64]"]


def _sigmoid(score: float) -> float:
    try:
        return 1.0 / (1.0 + math.exp(-score))
    except OverflowError:
        return 0.0


def _sigmoids(scores: "NDArray[np.float64]") -> "NDArray[np.float64]":
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(-scores)))


def _both(second: "NDArray[np.float64]") -> "NDArray[np.float64]":
    return np.hstack([1.0 - second, second])


def _second(score: float) -> Scores:
    second = _sigmoid(score)
    return [1.0 - second, second]


def _softmax_row(scores: Scores) -> Scores:
    largest = max(scores)
    powers = [math.exp(score - largest) for score in scores]
    total = sum(powers)
    return [power / total for power in powers]


def _softmax(scores: "NDArray[np.float64]") -> "NDArray[np.float64]":
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _shares_row(parts: Scores) -> Scores:
    """Return each part of the whole; equal shares of nothing."""
    total = sum(parts)
    return [part / total for part in parts] if total else [1.0 / len(parts)] * len(parts)


def _shares(parts: "NDArray[np.float64]") -> "NDArray[np.float64]":
    total = parts.sum(axis=1, keepdims=True)
    nothing = total == 0.0
    even = np.full_like(parts, 1.0 / parts.shape[1])
    return np.where(nothing, even, parts / np.where(nothing, 1.0, total))


def _clipped_row(scores: Scores) -> Scores:
    return [(min(1.0, max(-1.0, score)) + 1.0) / 2.0 for score in scores]


def _clipped(scores: "NDArray[np.float64]") -> "NDArray[np.float64]":
    return np.asarray((np.clip(scores, -1.0, 1.0) + 1.0) / 2.0)


def _huber_row(scores: Scores) -> Scores:
    parts = _clipped_row(scores)
    return _shares_row(parts) if len(parts) > 1 else [1.0 - parts[0], parts[0]]


def _huber(scores: "NDArray[np.float64]") -> "NDArray[np.float64]":
    parts = _clipped(scores)
    return _shares(parts) if parts.shape[1] > 1 else _both(parts)


def _certain_row(scores: Scores) -> Scores:
    if len(scores) == 1:
        return [0.0, 1.0] if scores[0] > 0.0 else [1.0, 0.0]
    best = scores.index(max(scores))
    return [float(at == best) for at in range(len(scores))]


def _certain(scores: "NDArray[np.float64]") -> "NDArray[np.float64]":
    if scores.shape[1] == 1:
        return _both((scores > 0.0).astype(np.float64))
    return np.asarray(np.eye(scores.shape[1])[scores.argmax(axis=1)])


def _power(score: float) -> float:
    try:
        return math.exp(score)
    except OverflowError:
        return math.inf


def _boosted_row(scores: Scores) -> Scores:
    return _softmax_row([score / (len(scores) - 1) for score in scores])


def _boosted(scores: "NDArray[np.float64]") -> "NDArray[np.float64]":
    return _softmax(scores / (scores.shape[1] - 1))


LINKS = {
    "raw": Link(row=lambda scores: scores, batch=lambda scores: scores),
    "exp": Link(row=lambda scores: [_power(score) for score in scores], batch=np.exp),
    "sigmoid": Link(row=lambda scores: _second(scores[0]), batch=lambda s: _both(_sigmoids(s))),
    "sigmoid of twice": Link(
        row=lambda scores: _second(2.0 * scores[0]), batch=lambda s: _both(_sigmoids(2.0 * s))
    ),
    "softmax": Link(row=_softmax_row, batch=_softmax),
    "each against the rest": Link(
        row=lambda scores: _shares_row([_sigmoid(score) for score in scores]),
        batch=lambda scores: _shares(_sigmoids(scores)),
    ),
    "shares": Link(row=_shares_row, batch=_shares),
    "modified huber": Link(row=_huber_row, batch=_huber),
    "votes": Link(row=_boosted_row, batch=_boosted),
    "difference": Link(
        row=lambda scores: [scores[1] - scores[0]], batch=lambda s: s[:, 1:] - s[:, :1]
    ),
    "certain": Link(row=_certain_row, batch=_certain),
}
"""By name. `votes` is AdaBoost's, of weighted votes; `difference` gives one score of two. `certain` is for
classifiers without probabilities: one for the class that they predict, zero for the others."""
