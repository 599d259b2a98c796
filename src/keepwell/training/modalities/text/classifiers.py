"""Classifiers of wide and sparse rows: one weighted sum for each class, against the rest."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PAIR = 2
_FOLDS = 3  # in which margins are measured on rows that they were not fitted to


def fit_classes(
    rows: Any,
    target: "NDArray[Any]",
    weights: "NDArray[np.float64] | None",
    *,
    C: float,
    hinge: bool,
    seed: int,
) -> Any:
    """Return a fitted classifier that knows probabilities.

    Args:
        rows: The prepared rows.
        target: Codes of classes.
        weights: How much each row counts.
        C: How closely the rows are followed.
        hinge: Fit the widest margin, and a sigmoid that makes probabilities of it; else fit the
            probabilities themselves.
        seed: Of every random choice.
    """
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.preprocessing import LabelBinarizer

    fit = _margin if hinge else _logistic
    classes = np.unique(target)
    if len(classes) <= _PAIR:
        return fit(rows, target, weights, C, seed)
    each = OneVsRestClassifier(_blank())
    each.label_binarizer_ = LabelBinarizer(sparse_output=True).fit(target)
    each.estimators_ = [
        fit(rows, (target == label).astype(np.int64), weights, C, seed) for label in classes
    ]
    each.classes_ = each.label_binarizer_.classes_
    each.n_features_in_ = rows.shape[1]
    return each


def _blank() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression()


def _logistic(rows: Any, target: Any, weights: Any, strength: float, seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, solver="liblinear", random_state=seed)
    return model.fit(rows, target, sample_weight=weights)


def _margin(rows: Any, target: Any, weights: Any, strength: float, seed: int) -> Any:
    """Return the widest margin with a sigmoid fitted to it: together they are a logistic model.

    The sigmoid is fitted to margins of rows that were held out, as Platt did: of its own rows a margin
    is surer than it should be.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold
    from sklearn.svm import LinearSVC

    def widest(taken: Any) -> Any:
        svm = LinearSVC(C=strength, random_state=seed)
        own = None if weights is None else weights[taken]
        return svm.fit(rows[taken], target[taken], sample_weight=own)

    fewest = int(np.bincount(np.unique(target, return_inverse=True)[1]).min())
    if fewest < _PAIR:
        raise ValueError("a class with one row has no margin that could be measured")
    margins = np.empty(len(target))
    folds = StratifiedKFold(min(_FOLDS, fewest), shuffle=True, random_state=seed)
    for taken, held in folds.split(margins, target):
        margins[held] = widest(taken).decision_function(rows[held])
    whole = widest(np.arange(len(target)))
    sigmoid = LogisticRegression(C=1e3).fit(margins[:, None], target, sample_weight=weights)
    slope, shift = float(sigmoid.coef_[0, 0]), float(sigmoid.intercept_[0])
    model = LogisticRegression(C=strength)
    model.classes_ = whole.classes_
    model.coef_ = whole.coef_ * slope
    model.intercept_ = whole.intercept_ * slope + shift
    model.n_features_in_ = rows.shape[1]
    model.n_iter_ = np.array([whole.n_iter_])
    return model
