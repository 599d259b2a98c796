# ruff: noqa: TID253 (the originals that compiled heads are held against)
"""One fitted estimator per case of the law of heads: compiled equals original."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from catboost import CatBoostClassifier, CatBoostRegressor
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn import (
    calibration,
    compose,
    discriminant_analysis,
    dummy,
    ensemble,
    frozen,
    linear_model,
    model_selection,
    multiclass,
    naive_bayes,
    neighbors,
    neural_network,
    svm,
    tree,
)
from sklearn.base import is_regressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier, XGBRegressor, XGBRFClassifier, XGBRFRegressor

from keepwell.features.estimators.banded import Banded
from keepwell.features.estimators.kernels import KernelClassifier, KernelRegressor
from keepwell.features.estimators.labelled import LabelBank
from keepwell.features.oddity.detectors import DETECTORS
from keepwell.features.oddity.estimator import Oddity

RANDOM = np.random.default_rng(7)
ROWS = 240
X = np.column_stack(
    [
        RANDOM.normal(size=ROWS).round(1),
        RANDOM.normal(size=ROWS),
        RANDOM.integers(-2, 4, ROWS),
        RANDOM.integers(0, 5, ROWS),
    ]
)
NUMBER = X @ [1.0, -2.0, 0.5, 0.0] + (X[:, 3] == 2.0) + RANDOM.normal(size=ROWS)
TWO = np.where(NUMBER > 0, "yes", "no")
THREE = np.digitize(NUMBER, [-1.0, 1.0]) + 1
GAPS = np.where(RANDOM.random(X.shape) < 0.1, np.nan, X)
COUNTS = np.abs(X).round()
GIVEN = {"numbers": X, "gaps": GAPS, "all": GAPS, "counts": COUNTS, "switches": X.round() % 2}
TARGETS = {"binary": TWO, "multiclass": THREE, "regression": NUMBER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """How to fit one estimator, and what to ask it.

    Attributes:
        estimator: Not fitted.
        target: A key of `TARGETS`.
        takes: `numbers`, `gaps` too, `all` (infinite ones too), `counts` or `switches`.
        exact: Answers are equal to the bit.
        positive: The target has to be.
    """

    estimator: Any
    target: str
    takes: str = "numbers"
    exact: bool = False
    positive: bool = False

    def fit(self) -> Any:
        given = GIVEN[self.takes]
        target = TARGETS[self.target]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of too few iterations, and of what is deprecated
            return self.estimator.fit(given, np.exp(target / 4) if self.positive else target)


LINES = [
    "LinearRegression",
    "Ridge",
    "RidgeCV",
    "Lasso",
    "LassoCV",
    "LassoLars",
    "LassoLarsCV",
    "LassoLarsIC",
    "Lars",
    "LarsCV",
    "ElasticNet",
    "ElasticNetCV",
    "OrthogonalMatchingPursuit",
    "OrthogonalMatchingPursuitCV",
    "BayesianRidge",
    "ARDRegression",
    "HuberRegressor",
    "TheilSenRegressor",
    "QuantileRegressor",
    "SGDRegressor",
]
CASES: dict[str, Case] = {}


def add(name: str, make: Callable[..., Any], tasks: str = "", **more: Any) -> None:
    """Add a case per task: `binary multiclass` by default, `regression` for regressors."""
    for task in (tasks or ("regression" if is_regressor(make()) else "binary multiclass")).split():
        CASES[f"{name}, {task}"] = Case(estimator=make(), target=task, **more)


def _trees() -> None:
    seed: dict[str, Any] = {"random_state": 0}
    few = seed | {"n_estimators": 8}
    for kind in (tree.DecisionTreeClassifier, tree.ExtraTreeClassifier):
        add(kind.__name__, lambda kind=kind: kind(**seed), takes="gaps", exact=True)
    for kind in (tree.DecisionTreeRegressor, tree.ExtraTreeRegressor):
        add(kind.__name__, lambda kind=kind: kind(**seed), "regression", takes="gaps", exact=True)
    for kind in (
        ensemble.RandomForestClassifier,
        ensemble.ExtraTreesClassifier,
        ensemble.RandomForestRegressor,
        ensemble.ExtraTreesRegressor,
    ):
        add(kind.__name__, lambda kind=kind: kind(**few), takes="gaps", exact=True)
    add("forest of stumps", lambda: ensemble.RandomForestClassifier(max_depth=1, **few), exact=True)
    add("root only", lambda: tree.DecisionTreeClassifier(min_samples_leaf=200), exact=True)
    gradient = ensemble.GradientBoostingClassifier
    add("GradientBoostingClassifier", lambda: gradient(**few))
    add("gradient, exponential", lambda: gradient(loss="exponential", **few), "binary")
    add("gradient from zero", lambda: gradient(init="zero", **few))
    for loss in ("squared_error", "absolute_error", "huber", "quantile"):
        add(
            f"gradient, {loss}",
            lambda loss=loss: ensemble.GradientBoostingRegressor(loss=loss, **few),
            exact=True,
        )
    quick: dict[str, Any] = {"max_iter": 8, "min_samples_leaf": 5}
    histogram = ensemble.HistGradientBoostingClassifier
    add("HistGradientBoostingClassifier", lambda: histogram(**quick), takes="all")
    add(
        "histogram of labels",
        lambda: histogram(categorical_features=[3, 0], **quick),
        takes="gaps",
    )
    for loss in ("squared_error", "absolute_error", "poisson", "gamma"):
        add(
            f"histogram, {loss}",
            lambda loss=loss: ensemble.HistGradientBoostingRegressor(loss=loss, **quick),
            takes="all",
            positive=loss in ("poisson", "gamma"),
        )
    add(
        "histogram of labels",
        lambda: ensemble.HistGradientBoostingRegressor(categorical_features=[3], **quick),
        takes="gaps",
        exact=True,
    )


def _boosters() -> None:
    light: dict[str, Any] = {
        "n_estimators": 8,
        "verbose": -1,
        "n_jobs": 1,
        "min_child_samples": 5,
    }
    add("LGBMClassifier", lambda: LGBMClassifier(**light), takes="all", exact=True)
    add("LGBMRegressor", lambda: LGBMRegressor(**light), takes="all", exact=True)
    add(
        "LightGBM, poisson",
        lambda: LGBMRegressor(objective="poisson", **light),
        takes="all",
        exact=True,
        positive=True,
    )
    extreme: dict[str, Any] = {"n_estimators": 8, "n_jobs": 1, "max_depth": 3}
    for kind in (XGBClassifier, XGBRFClassifier):
        add(
            kind.__name__,
            lambda kind=kind: Coded(kind(**extreme)),
            "binary multiclass",
            takes="gaps",
            exact=True,
        )
    for kind in (XGBRegressor, XGBRFRegressor):
        add(kind.__name__, lambda kind=kind: kind(**extreme), takes="gaps", exact=True)
    add("XGBoost, dart", lambda: XGBRegressor(booster="dart", **extreme), takes="gaps", exact=True)
    add("XGBoost, missing -1", lambda: XGBRegressor(missing=-1.0, **extreme), exact=True)
    cat: dict[str, Any] = {"iterations": 8, "verbose": 0, "allow_writing_files": False}
    cat["thread_count"] = 1
    add("CatBoostClassifier", lambda: CatBoostClassifier(**cat), takes="all")
    add("CatBoost, gaps high", lambda: CatBoostClassifier(nan_mode="Max", **cat), takes="all")
    add("CatBoostRegressor", lambda: CatBoostRegressor(**cat), takes="all")
    add("CatBoost, depth 1", lambda: CatBoostRegressor(depth=1, **cat), takes="all")
    add(
        "CatBoost, poisson",
        lambda: CatBoostRegressor(loss_function="Poisson", **cat),
        takes="all",
        positive=True,
    )


class Coded:
    """XGBoost wants classes as 0, 1, 2 …"""

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, given: Any, target: Any) -> Any:
        return self.estimator.fit(given, np.unique(target, return_inverse=True)[1])


def _linear() -> None:
    for name in LINES:
        add(name, getattr(linear_model, name), "regression")
    add("LinearSVR", svm.LinearSVR, "regression")
    for name in ("PoissonRegressor", "GammaRegressor", "TweedieRegressor"):
        add(name, getattr(linear_model, name), positive=True)
    add("Tweedie, 1.5", lambda: linear_model.TweedieRegressor(power=1.5), positive=True)
    add("without intercept", lambda: linear_model.ElasticNet(fit_intercept=False), "regression")
    add("LogisticRegression", linear_model.LogisticRegression)
    add("logistic without intercept", lambda: linear_model.LogisticRegression(fit_intercept=False))
    add("liblinear", lambda: linear_model.LogisticRegression(solver="liblinear"), "binary")
    add("LogisticRegressionCV", lambda: linear_model.LogisticRegressionCV(Cs=2, cv=2))
    for loss in ("hinge", "log_loss", "modified_huber"):
        add(f"SGD, {loss}", lambda loss=loss: linear_model.SGDClassifier(loss=loss, random_state=0))
    add("RidgeClassifier", linear_model.RidgeClassifier)
    add("RidgeClassifierCV", linear_model.RidgeClassifierCV)
    add("Perceptron", linear_model.Perceptron)
    add("LinearSVC", svm.LinearSVC)
    add("LDA", discriminant_analysis.LinearDiscriminantAnalysis)


def _densities() -> None:
    add("QDA", discriminant_analysis.QuadraticDiscriminantAnalysis)
    add("GaussianNB", naive_bayes.GaussianNB)
    add("BernoulliNB", naive_bayes.BernoulliNB)
    add("BernoulliNB as it is", lambda: naive_bayes.BernoulliNB(binarize=None), takes="switches")
    for name in ("MultinomialNB", "ComplementNB"):
        add(name, getattr(naive_bayes, name), takes="counts")
    add("CategoricalNB", lambda: naive_bayes.CategoricalNB(min_categories=12), takes="counts")


def _others() -> None:
    for kind in (neighbors.KNeighborsClassifier, neighbors.KNeighborsRegressor):
        task = "regression" if "Regress" in kind.__name__ else "binary multiclass"
        add(kind.__name__, kind, task)
        for more in (
            {"weights": "distance"},
            {"p": 1, "n_neighbors": 3},
            {"algorithm": "brute"},
            {"algorithm": "ball_tree"},
        ):
            add(f"{kind.__name__} {more}", lambda kind=kind, more=more: kind(**more), task)
    small: dict[str, Any] = {"hidden_layer_sizes": (6, 4), "max_iter": 20, "random_state": 0}
    for activation in ("relu", "tanh", "logistic", "identity"):
        options = small | {"activation": activation}
        add(f"MLP, {activation}", lambda o=options: neural_network.MLPClassifier(**o))
    add("MLPRegressor", lambda: neural_network.MLPRegressor(**small))
    add("SVR", svm.SVR, "regression")
    add("NuSVR", svm.NuSVR, "regression")
    add("SVC", svm.SVC)
    add("NuSVC", lambda: svm.NuSVC(nu=0.1))
    for kernel in ("linear", "poly", "sigmoid"):
        add(f"SVC, {kernel}", lambda kernel=kernel: svm.SVC(kernel=kernel, coef0=0.5))
        add(f"SVR, {kernel}", lambda kernel=kernel: svm.SVR(kernel=kernel), "regression")
    for strategy in ("prior", "most_frequent"):
        add(f"dummy, {strategy}", lambda s=strategy: dummy.DummyClassifier(strategy=s), exact=True)
    for strategy in ("mean", "median"):
        add(f"dummy, {strategy}", lambda s=strategy: dummy.DummyRegressor(strategy=s), exact=True)


def _pair() -> list[tuple[str, Any]]:
    return [
        ("linear", make_pipeline(StandardScaler(), linear_model.LogisticRegression())),
        ("forest", ensemble.RandomForestClassifier(5, random_state=0)),
        ("uncovered", neighbors.RadiusNeighborsClassifier(3.0, outlier_label="most_frequent")),
    ]


def _regressors() -> list[tuple[str, Any]]:
    return [
        ("linear", make_pipeline(StandardScaler(), linear_model.Ridge())),
        ("gradient", ensemble.GradientBoostingRegressor(n_estimators=5, random_state=0)),
        ("uncovered", linear_model.RANSACRegressor(random_state=0)),
    ]


def _ensembles() -> None:
    few: dict[str, Any] = {"n_estimators": 5, "random_state": 0}
    logistic, stump = linear_model.LogisticRegression, tree.DecisionTreeClassifier
    boost, bag = ensemble.AdaBoostClassifier, ensemble.BaggingClassifier
    add("AdaBoostClassifier", lambda: boost(**few))
    add("boosted trees", lambda: boost(stump(max_depth=3), **few))
    add("boosted logistic", lambda: boost(logistic(), **few))
    add("AdaBoostRegressor", lambda: ensemble.AdaBoostRegressor(**few), exact=True)
    add("bagged trees", lambda: bag(max_features=0.5, bootstrap_features=True, **few), exact=True)
    add("bagged logistic", lambda: bag(logistic(), max_features=3, **few))
    add("bagged votes", lambda: bag(svm.LinearSVC(), **few))
    bagged = ensemble.BaggingRegressor
    add("bagged regression trees", lambda: bagged(max_features=2, **few), exact=True)
    add("bagged lines", lambda: bagged(linear_model.Ridge(), max_features=2, **few))
    voting = ensemble.VotingClassifier
    add("soft vote", lambda: voting(_pair(), voting="soft"))
    add("weighed soft vote", lambda: voting(_pair(), voting="soft", weights=[1, 2.5, 0.5]))
    hard = [*_pair(), ("gradient", ensemble.GradientBoostingClassifier(**few)), ("svc", svm.SVC())]
    add("hard vote", lambda: voting(hard, voting="hard", weights=[1, 2, 3, 2, 1]))
    add("VotingRegressor", lambda: ensemble.VotingRegressor(_regressors(), weights=[3, 1, 2]))
    stacking = ensemble.StackingClassifier
    add("StackingClassifier", lambda: stacking(_pair(), cv=2))
    scored = [("svm", svm.LinearSVC()), ("boost", boost(**few)), ("perceptron", svm.SVC())]
    add("stacked scores", lambda: stacking(scored, cv=2, stack_method="decision_function"))
    add("stacked labels", lambda: stacking(hard, cv=2, stack_method="predict", passthrough=True))
    regressors = [*_regressors()[:2], ("svr", svm.SVR())]
    add("StackingRegressor", lambda: ensemble.StackingRegressor(regressors, cv=2, passthrough=True))
    calibrated = calibration.CalibratedClassifierCV
    for method in ("sigmoid", "isotonic"):
        add(f"calibrated, {method}", lambda m=method: calibrated(svm.LinearSVC(), method=m, cv=2))
        bayes = naive_bayes.GaussianNB()
        add(f"calibrated Bayes, {method}", lambda b=bayes, m=method: calibrated(b, method=m, cv=2))
    add("calibrated once", lambda: calibrated(svm.LinearSVC(), cv=2, ensemble=False))
    add("cooled", lambda: calibrated(logistic(), method="temperature", cv=2), "binary")
    add("cooled forest", lambda: calibrated(_pair()[1][1], method="temperature", cv=2))
    add("calibrated trees", lambda: calibrated(ensemble.AdaBoostClassifier(**few), cv=2))
    frozen_tree = frozen.FrozenEstimator(stump(max_depth=3).fit(X, THREE))
    add("calibrated, frozen", lambda: calibrated(frozen_tree), "multiclass")
    add("nested", lambda: calibrated(voting(_pair(), voting="soft"), method="isotonic", cv=2))
    line = linear_model.Ridge()
    for regressor in (line, make_pipeline(StandardScaler(), line), svm.SVR()):
        add(
            f"target of {type(regressor).__name__}",
            lambda r=regressor: compose.TransformedTargetRegressor(
                r, func=np.log1p, inverse_func=np.expm1
            ),
            positive=True,
        )
    add("pipeline", lambda: make_pipeline(StandardScaler(), logistic()))


def _rest() -> None:
    logistic = linear_model.LogisticRegression
    rest = multiclass.OneVsRestClassifier
    add("one against the rest", lambda: rest(logistic()))
    add("one against the rest, forests", lambda: rest(_pair()[1][1]))
    add("one against the rest, scores", lambda: rest(svm.LinearSVC()))
    search = model_selection.GridSearchCV(naive_bayes.GaussianNB(), {}, cv=2)
    add("a search as a member", lambda: ensemble.VotingClassifier([("s", search)], voting="soft"))


class FittedBank(LabelBank):
    """A bank whose members are fitted to the target, as training fits them to their labels."""

    def fit(self, X: Any, y: Any = None) -> LabelBank:
        members = [one.fit(X, y) for one in self.members]
        return LabelBank(members).fit(X)


class FittedBand(Banded):
    """A number with quantiles whose members are fitted to the target."""

    def fit(self, X: Any, y: Any = None) -> Banded:
        bands = [one.fit(X, y) for one in self.bands]
        return Banded(self.point.fit(X, y), bands, self.shifts).fit(X)


def _ours() -> None:
    logistic = linear_model.LogisticRegression
    add("labels", lambda: FittedBank([logistic(), tree.DecisionTreeClassifier()]), "binary")
    ridge, tail = linear_model.Ridge, linear_model.QuantileRegressor
    add(
        "quantiles",
        lambda: FittedBand(ridge(), (tail(quantile=0.1), tail(quantile=0.9)), (-0.1, 0.2)),
        "regression",
    )
    add("kernel", KernelClassifier)
    add("kernel, landmarks", lambda: KernelClassifier(landmarks=50))
    add("kernel of a number", KernelRegressor, "regression")
    for detector in DETECTORS:
        add(f"odd by {detector}", lambda detector=detector: Oddity(detector), "binary")


for _family in (_trees, _boosters, _linear, _densities, _others, _ensembles, _rest, _ours):
    _family()


@cache
def fitted(name: str) -> Any:
    """Return the fitted estimator of a case."""
    return CASES[name].fit()
