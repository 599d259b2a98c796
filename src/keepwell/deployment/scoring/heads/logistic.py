"""Classifiers that divide by weighted sums of the columns, with probabilities and without."""

from collections.abc import MutableMapping
from typing import Any

from keepwell.deployment.scoring.heads.linear import Weighted, weights_data
from keepwell.deployment.scoring.parts import Data

_BINARY = 2


class Logistic(Weighted):
    """`LogisticRegression`: a sigmoid for two classes, a softmax for more."""

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the weights; before scikit-learn 1.8 the form could be chosen."""
        form = getattr(fitted, "multi_class", None)
        if len(fitted.classes_) == _BINARY:
            link = "sigmoid of twice" if form == "multinomial" else "sigmoid"
        else:
            each = form == "ovr" or (form != "multinomial" and fitted.solver == "liblinear")
            link = "each against the rest" if each else "softmax"
        return weights_data(fitted, fitted.coef_, fitted.intercept_) | {"link": link}


class Discriminant(Weighted):
    """`LinearDiscriminantAnalysis`: a sigmoid for two classes, a softmax for more."""

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the weights."""
        link = "sigmoid" if len(fitted.classes_) == _BINARY else "softmax"
        return weights_data(fitted, fitted.coef_, fitted.intercept_) | {"link": link}


class Descended(Weighted):
    """`SGDClassifier`: what its loss makes of the sums."""

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the weights."""
        logistic = "sigmoid" if len(fitted.classes_) == _BINARY else "each against the rest"
        links = {"log_loss": logistic, "modified_huber": "modified huber"}
        link = links.get(fitted.loss, "certain")
        return weights_data(fitted, fitted.coef_, fitted.intercept_) | {"link": link}


class Divided(Weighted):
    """`RidgeClassifier`, `LinearSVC` and their kin, which know no probabilities."""

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the weights."""
        return weights_data(fitted, fitted.coef_, fitted.intercept_) | {"link": "certain"}


class Counted(Weighted):
    """`MultinomialNB` and `ComplementNB`: logarithms of probabilities, added up."""

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the logarithms."""
        alone = len(fitted.classes_) == 1
        added = 0.0 if type(fitted).__name__ == "ComplementNB" and not alone else None
        prior = fitted.class_log_prior_ if added is None else added
        return weights_data(fitted, fitted.feature_log_prob_, prior) | {"link": "softmax"}
