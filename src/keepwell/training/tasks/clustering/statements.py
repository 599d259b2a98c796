"""Clusterings as the classifiers that they equal.

Laws: the most probable class of the classifier is the cluster that the original assigns, and the
probabilities are the original's own where it has any. k-means has none: it is the mixture of round, equally
wide and equally frequent bell curves, so those are the probabilities.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PAIR = 2


def centres_as_classifier(centres: "NDArray[np.float64]", variance: float) -> Any:
    """Return the logistic regression whose most probable class is the nearest centre.

    Args:
        centres: A row per cluster.
        variance: Of the rows around their centre, mean over the columns.
    """
    from sklearn.linear_model import LogisticRegression

    weights = centres / variance
    starts = -(centres**2).sum(axis=1) / (2.0 * variance)
    if len(centres) == _PAIR:
        weights, starts = weights[1:] - weights[:1], starts[1:] - starts[:1]
    model = LogisticRegression()
    model.classes_ = np.arange(len(centres))
    model.coef_, model.intercept_ = weights, starts
    model.n_features_in_ = centres.shape[1]
    model.n_iter_ = np.array([0], dtype=np.int32)
    return model


def curves_as_classifier(mixture: Any, order: "NDArray[np.int64]") -> Any:
    """Return the Bayes classifier that a fitted `GaussianMixture` is: diagonal or full covariances.

    Args:
        mixture: The mixture.
        order: Its components in the order that the clusters are to have.
    """
    shares, means = mixture.weights_[order], mixture.means_[order]
    shares = shares / shares.sum()
    if mixture.covariance_type == "diag":
        from sklearn.naive_bayes import GaussianNB

        model = GaussianNB()
        model.theta_, model.var_ = means, mixture.covariances_[order]
        model.class_prior_, model.class_count_ = shares, shares
        model.epsilon_ = 0.0
    else:
        from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis

        model = QuadraticDiscriminantAnalysis()
        pairs = [np.linalg.eigh(covariance) for covariance in mixture.covariances_[order]]
        model.rotations_ = [vectors for _, vectors in pairs]
        model.scalings_ = [values for values, _ in pairs]
        model.means_, model.priors_ = means, shares
    model.classes_ = np.arange(len(order))
    model.n_features_in_ = means.shape[1]
    return model


def examples_as_classifier(values: "NDArray[np.float64]", codes: "NDArray[np.int64]") -> Any:
    """Return the classifier that gives a row the cluster of the nearest example."""
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(n_neighbors=1).fit(values, codes)
