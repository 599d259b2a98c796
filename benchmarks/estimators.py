# ruff: noqa: TID253 (the originals that compiled heads are measured against)
"""One row through every compiled estimator, against its original.

The originals get the row as an array, which is their fastest way in; a pipeline over a DataFrame costs 10 ms
more. The table goes to `docs/reference/compiled-estimators.md`.

    python -m benchmarks.estimators
"""

import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from sklearn import (
    calibration,
    discriminant_analysis,
    ensemble,
    linear_model,
    naive_bayes,
    neighbors,
    neural_network,
    svm,
    tree,
)

ROWS, COLUMNS, TREES = 2000, 15, 100
SECONDS = 0.25  # that each face is asked for


def estimators() -> Iterator[Any]:
    """Yield estimators of a usual size, not fitted."""
    from catboost import CatBoostClassifier
    from lightgbm import LGBMClassifier
    from xgboost import XGBClassifier

    one: dict[str, Any] = {"n_jobs": 1}
    yield LGBMClassifier(n_estimators=TREES, verbose=-1, **one)
    yield XGBClassifier(n_estimators=TREES, **one)
    yield CatBoostClassifier(iterations=TREES, verbose=0, thread_count=1, allow_writing_files=False)
    yield tree.DecisionTreeClassifier()
    yield ensemble.RandomForestClassifier(TREES)
    yield ensemble.RandomForestRegressor(TREES)
    yield ensemble.ExtraTreesClassifier(TREES)
    yield ensemble.GradientBoostingClassifier(n_estimators=TREES)
    yield ensemble.HistGradientBoostingClassifier(max_iter=TREES)
    yield ensemble.AdaBoostClassifier(n_estimators=50)
    yield ensemble.AdaBoostRegressor(n_estimators=50)
    yield ensemble.BaggingClassifier(n_estimators=10)
    yield linear_model.LinearRegression()
    yield linear_model.Ridge()
    yield linear_model.PoissonRegressor()
    yield linear_model.LogisticRegression()
    yield linear_model.SGDClassifier(loss="log_loss")
    yield linear_model.RidgeClassifier()
    yield svm.LinearSVC()
    yield svm.SVC()
    yield svm.SVR()
    yield discriminant_analysis.LinearDiscriminantAnalysis()
    yield discriminant_analysis.QuadraticDiscriminantAnalysis()
    yield naive_bayes.GaussianNB()
    yield naive_bayes.BernoulliNB()
    yield neighbors.KNeighborsClassifier()
    yield neighbors.KNeighborsRegressor()
    yield neural_network.MLPClassifier((32, 16), max_iter=30)
    yield calibration.CalibratedClassifierCV(svm.LinearSVC())
    pair = [
        ("forest", ensemble.RandomForestClassifier(TREES)),
        ("linear", linear_model.LogisticRegression()),
    ]
    yield ensemble.VotingClassifier(pair, voting="soft")
    yield ensemble.VotingClassifier(pair, voting="hard")
    yield ensemble.StackingClassifier(pair, cv=2)


def measure(ask: Callable[[int], Any]) -> float:
    """Return the microseconds of one row: the best of five means, so that a neighbour's load counts less."""
    ask(0)
    start = time.perf_counter()
    ask(1)
    times = max(3, int(SECONDS / 5 / max(1e-7, time.perf_counter() - start)))
    means = []
    for _ in range(5):
        start = time.perf_counter()
        for at in range(times):
            ask(at % ROWS)
        means.append((time.perf_counter() - start) / times)
    return min(means) * 1e6


def main() -> None:
    """Measure, and print a table."""
    from sklearn.base import is_regressor

    from keepwell.deployment.scoring.heads.as_it_is import asked
    from keepwell.deployment.scoring.parts import build_head, read_head

    random = np.random.default_rng(0)
    given = random.normal(size=(ROWS, COLUMNS))
    score = given[:, 0] + given[:, 1] * given[:, 2] + random.normal(size=ROWS)
    rows = given.tolist()
    print("| estimator | compiled, µs | original, µs | ratio |\n|---|---|---|---|")
    for estimator in estimators():
        target = np.exp(score / 4) if is_regressor(estimator) else score > 0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted = estimator.fit(given, target)
            files: dict[str, bytes] = {}
            head = build_head(read_head(fitted, files), files.__getitem__)
            compiled = measure(lambda at, head=head: head.row(rows[at]))
            original = measure(
                lambda at, fitted=fitted: asked(fitted, given[at : at + 1], "answer")
            )
        name = type(fitted).__name__
        if voting := getattr(fitted, "voting", None):
            name += f", {voting}"
        print(
            f"| {name} | {compiled:,.1f} | {original:,.0f} | {original / compiled:,.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
