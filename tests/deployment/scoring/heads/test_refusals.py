# ruff: noqa: TID253 (the originals that compiled heads are held against)
"""What is not covered is refused: a head never approximates."""

from typing import Any

import numpy as np
import pytest
from catboost import CatBoostClassifier, CatBoostRegressor
from fitted_estimators import NUMBER, THREE, TWO, X
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeRegressor
from xgboost import XGBClassifier, XGBRegressor

from keepwell.deployment.scoring.heads.trees.nodes import columns_at_zero, nodes_of
from keepwell.deployment.scoring.parts import NotCompilableError, read_head

BOTH = np.column_stack([NUMBER, NUMBER])
QUIET: dict[str, Any] = {"iterations": 2, "verbose": 0, "allow_writing_files": False}


@pytest.mark.parametrize(
    ("estimator", "target", "reason"),
    [
        (DummyClassifier(strategy="uniform"), TWO, "at random"),
        (LinearRegression(), BOTH, "several targets"),
        (DecisionTreeRegressor(), BOTH, "several targets"),
        (RandomForestRegressor(2), BOTH, "several targets"),
        (MLPRegressor("squared_error", (2,), solver="lbfgs", max_iter=2), BOTH, "several targets"),
        (GradientBoostingRegressor(init=Ridge(), n_estimators=2), NUMBER, "of its own"),
        (TransformedTargetRegressor(Ridge(), transformer=MinMaxScaler()), NUMBER, "of its own"),
        (
            TransformedTargetRegressor(Ridge(), func=np.arcsinh, inverse_func=np.sinh),
            NUMBER,
            "sinh",
        ),
        (KNeighborsClassifier(metric="chebyshev"), TWO, "of its own"),
        (KNeighborsRegressor(weights="distance", algorithm="brute"), NUMBER, "estimates"),
        (SVR(kernel=lambda a, b: a @ b.T), NUMBER, "kernel of its own"),
        (SVC(break_ties=True, decision_function_shape="ovr"), THREE, "breaks ties"),
        (
            CalibratedClassifierCV(LogisticRegression(), method="temperature", cv=2),
            THREE,
            "cools",
        ),
        (XGBRegressor(booster="gblinear", n_estimators=2), NUMBER, "linear"),
        (XGBClassifier(objective="binary:hinge", n_estimators=2), THREE == 1, "binary:hinge"),
        (CatBoostClassifier(loss_function="MultiClassOneVsAll", **QUIET), THREE, "OneVsAll"),
        (CatBoostRegressor(grow_policy="Lossguide", **QUIET), NUMBER, "not symmetric"),
        (StandardScaler(), None, "no compiled form of sklearn.StandardScaler"),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "fit") else "",
)
@pytest.mark.filterwarnings("ignore::Warning")
def test_what_is_not_covered_is_refused(estimator: Any, target: Any, reason: str) -> None:
    with pytest.raises(NotCompilableError, match=reason):
        read_head(estimator.fit(X, target), {})


def test_labels_that_are_text_are_refused() -> None:
    import pandas as pd

    frame = pd.DataFrame({"colour": pd.Categorical(["red", "blue"] * 20), "size": range(40)})
    fitted = HistGradientBoostingClassifier(categorical_features=["colour"], max_iter=2)
    with pytest.raises(NotCompilableError, match="text"):
        read_head(fitted.fit(frame, ["a", "b"] * 20), {})


def test_a_catboost_model_that_takes_labels_is_refused() -> None:
    given = [[label, number] for label, number in zip("abcd" * 5, range(20), strict=True)]
    fitted = CatBoostClassifier(cat_features=[0], **QUIET).fit(given, [0, 1] * 10)
    with pytest.raises(NotCompilableError, match="labels or text"):
        read_head(fitted, {})


def test_thresholds_next_to_zero_are_refused() -> None:
    nodes = nodes_of(DecisionTreeRegressor(max_depth=1).fit(X, NUMBER).tree_, np.zeros(3))
    nodes.threshold[0] = 3e-38
    with pytest.raises(NotCompilableError, match="next to zero"):
        columns_at_zero([nodes])
