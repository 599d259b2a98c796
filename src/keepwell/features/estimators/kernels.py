"""Kernel ridge for classes and for numbers: an answer by how alike a row is to rows that are known.

How strongly it is held back is chosen by leaving each row out in turn, which takes no second fit: what the
fit says of a row without that row follows from the leverage. The same answers make the scores of classes
into probabilities. Beyond some rows a sample of them, drawn by the seed, stands for all (Nyström).

This is one module, because a program without Keepwell takes it in as it is.
"""

from typing import TYPE_CHECKING, Any, Self

import numpy as np

# Loaded only where a pipeline is built or read: never by `import keepwell`.
from scipy.linalg import cholesky, eigh, solve_triangular  # noqa: TID253
from scipy.optimize import minimize  # noqa: TID253
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin  # noqa: TID253

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_STRENGTHS = (1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
_WIDEST = 8.0  # spreads from the mean, beyond which a column is no farther: likeness stays exact
_JITTER = 1e-8  # rows that are twins are told apart by it
_LEAST_LEFT = 1e-6  # of a row's own weight that others must leave for it to be left out
_HELD = 1e-4  # how tightly the shifts of classes are held at zero
_AT_ONCE = 2_048  # rows whose likenesses are in memory together


class _Kernel(BaseEstimator):  # type: ignore[misc]  # sklearn has no types
    """What both have in common.

    Args:
        gamma: How fast likeness fades, for the usual distance of two rows.
        landmarks: Rows at most that others are compared with.
        random_state: Draws them.
    """

    def __init__(self, gamma: float = 0.5, landmarks: int = 1_000, random_state: int = 0) -> None:
        self.gamma, self.landmarks, self.random_state = gamma, landmarks, random_state

    def sums(self, X: "ArrayLike") -> "NDArray[np.float64]":
        """Return the weighted likenesses, a column for each class, or one."""
        values = _dense(X)
        pieces = [
            self._likeness(values[at : at + _AT_ONCE]) @ self.weighing_.T + self.added_
            for at in range(0, len(values), _AT_ONCE)
        ]
        return np.concatenate(pieces) if pieces else np.empty((0, len(self.added_)))

    def _place(self, values: "NDArray[np.float64]") -> "NDArray[np.float64]":
        clipped = np.minimum(np.maximum(values, self.low_), self.high_)
        return np.asarray((clipped - self.centre_) * self.scale_)

    def _likeness(self, values: "NDArray[np.float64]") -> "NDArray[np.float64]":
        return _likenesses(self._place(values), self.vectors_)

    def _learn(self, X: Any, wanted: "NDArray[np.float64]", weights: "NDArray[np.float64]") -> Any:
        """Set all but the last step, and return the fits, the weakest hold first."""
        middle = np.average(X, axis=0, weights=weights)
        spread = np.sqrt(np.average((X - middle) ** 2, axis=0, weights=weights))
        self.n_features_in_ = X.shape[1]
        self.centre_ = middle
        self.low_, self.high_ = middle - _WIDEST * spread, middle + _WIDEST * spread
        self.scale_ = float(np.sqrt(self.gamma / max(float((spread**2).sum()), 1e-300)))
        placed = self._place(X)
        drawn = np.random.default_rng(self.random_state).permutation(len(X))[: self.landmarks]
        self.vectors_ = placed[np.sort(drawn)]
        return _ridges(placed, self.vectors_, wanted, weights)


class KernelClassifier(ClassifierMixin, _Kernel):  # type: ignore[misc]
    """Kernel ridge of each class against the rest, made into probabilities together."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit; what is left out tells how strongly to hold back, and how sure to be."""
        values, target, weights = _counting(X, y, sample_weight)
        self.classes_, codes = np.unique(target, return_inverse=True)
        truth = np.eye(len(self.classes_))[codes]
        shares = np.average(truth, axis=0, weights=weights)
        found = []
        for left_out, weighing in self._learn(values, truth - shares, weights):
            sharpness, shifts, loss = _sureness(left_out, truth, weights)
            found.append((loss, sharpness * weighing.T, shifts))
        _, self.weighing_, self.added_ = min(found, key=lambda item: item[0])
        return self

    def predict_proba(self, X: "ArrayLike") -> "NDArray[np.float64]":
        """Return the probabilities of all classes."""
        sums = self.sums(X)
        powers = np.exp(sums - sums.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def predict(self, X: "ArrayLike") -> Any:
        """Return the likeliest class."""
        return self.classes_[self.sums(X).argmax(axis=1)]


class KernelRegressor(RegressorMixin, _Kernel):  # type: ignore[misc]
    """Kernel ridge of a number."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit; what is left out tells how strongly to hold back."""
        values, target, weights = _counting(X, y, sample_weight)
        target = target.astype(np.float64)
        mean = float(np.average(target, weights=weights))
        spread = float(np.sqrt(np.average((target - mean) ** 2, weights=weights))) or 1.0
        wanted = ((target - mean) / spread)[:, None]
        found = [
            (float(np.average((left_out - wanted)[:, 0] ** 2, weights=weights)), weighing)
            for left_out, weighing in self._learn(values, wanted, weights)
        ]
        _, best = min(found, key=lambda item: item[0])
        self.weighing_, self.added_ = spread * best.T, np.array([mean])
        return self

    def predict(self, X: "ArrayLike") -> "NDArray[np.float64]":
        """Return numbers."""
        return np.asarray(self.sums(X)[:, 0])


def _dense(X: Any) -> "NDArray[np.float64]":
    return np.asarray(X.toarray() if hasattr(X, "toarray") else X, dtype=np.float64)


def _counting(X: Any, y: Any, weights: Any) -> tuple[Any, Any, Any]:
    """Return the rows that count, with their weights, whose mean is 1."""
    values, target = _dense(X), np.asarray(y)
    if values.ndim != 2 or len(values) != len(target) or not len(target):  # noqa: PLR2004
        raise ValueError(f"{len(target)} targets of rows of the shape {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError("a value is missing or infinite: nothing is like it")
    if weights is None:
        return values, target, np.ones(len(target))
    given = np.asarray(weights, dtype=np.float64)
    counts = given > 0
    if not counts.any():
        raise ValueError("no row has a weight above zero")
    return values[counts], target[counts], given[counts] / given[counts].mean()


def _likenesses(
    placed: "NDArray[np.float64]", vectors: "NDArray[np.float64]"
) -> "NDArray[np.float64]":
    """Return exp(-distance squared), a column for each vector."""
    apart = placed @ (2.0 * vectors.T)
    apart -= np.einsum("ij,ij->i", placed, placed)[:, None]
    apart -= np.einsum("ij,ij->i", vectors, vectors)
    return np.asarray(np.exp(apart, out=apart))


def _ridges(
    placed: "NDArray[np.float64]",
    vectors: "NDArray[np.float64]",
    wanted: "NDArray[np.float64]",
    weights: "NDArray[np.float64]",
) -> "list[tuple[NDArray[np.float64], NDArray[np.float64]]]":
    """Return by strength what is said of each row without it, and the weights of the vectors.

    The vectors' likeness to each other is factored, so that the ridge is one of ordinary columns; one
    decomposition then serves all strengths.
    """
    own = _likenesses(vectors, vectors)
    own[np.diag_indices(len(own))] += _JITTER
    root = cholesky(own, lower=True)
    columns = solve_triangular(root, _likenesses(placed, vectors).T, lower=True).T
    counted = np.sqrt(weights)[:, None]
    columns *= counted
    wanted = wanted * counted
    values, turned = eigh(columns.T @ columns)
    along = columns @ turned
    aimed = along.T @ wanted
    found = []
    for strength in _STRENGTHS:
        kept = 1.0 / (np.maximum(values, 0.0) + strength)
        held = kept[:, None] * aimed
        leverage = (along**2) @ kept
        missed = (wanted - along @ held) / np.maximum(1.0 - leverage, _LEAST_LEFT)[:, None]
        weighing = solve_triangular(root, turned @ held, lower=True, trans="T")
        found.append(((wanted - missed) / counted, weighing))
    return found


def _sureness(
    said: "NDArray[np.float64]", truth: "NDArray[np.float64]", weights: "NDArray[np.float64]"
) -> "tuple[float, NDArray[np.float64], float]":
    """Return what scores are multiplied by, what is added for each class, and the log loss then.

    The truth is taken to be a little doubtful: scores that tell all rows apart would make it boundless.
    """
    rows, classes = truth.shape
    doubt = 1.0 / (rows + 2.0)
    aimed = (1.0 - doubt) * truth + doubt / classes
    shares = weights / weights.sum()

    def loss(given: Any) -> Any:
        sharpness, shifts = np.exp(given[0]), given[1:]
        scores = sharpness * said + shifts
        scores -= scores.max(axis=1, keepdims=True)
        powers = np.exp(scores)
        whole = powers.sum(axis=1, keepdims=True)
        wrong = shares[:, None] * (powers / whole - aimed)
        each = np.log(whole[:, 0]) - (aimed * scores).sum(axis=1)
        slope = np.r_[(wrong * said).sum() * sharpness, wrong.sum(axis=0) + 2 * _HELD * shifts]
        return float(shares @ each + _HELD * (shifts**2).sum()), slope

    start = np.r_[np.log(4.0), np.zeros(classes)]
    bounds = [(-4.0, 6.0)] + [(None, None)] * classes
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return float(np.exp(found.x[0])), found.x[1:], float(found.fun)
