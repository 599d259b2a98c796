# ruff: noqa: TID253 (the originals that compiled heads are held against)
"""One law for all heads: compiled equals original, row by row and in batches."""

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import ElasticNet, LinearRegression, LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from keepwell.core.errors import FormatError
from keepwell.deployment.scoring.heads.library import Booster
from keepwell.deployment.scoring.parts import NotCompilableError, build_head, read_head

RANDOM = np.random.default_rng(7)
X = RANDOM.normal(size=(300, 4))
NUMBER = X @ [1.0, -2.0, 0.5, 0.0] + RANDOM.normal(size=300)
TWO = np.where(NUMBER > 0, "yes", "no")
THREE = np.digitize(NUMBER, [-1.0, 1.0])
TREES: dict[str, Any] = {"n_estimators": 12, "verbose": -1, "n_jobs": 1, "min_child_samples": 5}

FITTED: dict[str, Any] = {
    "lightgbm binary": LGBMClassifier(**TREES).fit(X, TWO),
    "lightgbm multiclass": LGBMClassifier(**TREES).fit(X, THREE),
    "lightgbm regression": LGBMRegressor(**TREES).fit(X, NUMBER),
    "lightgbm poisson": LGBMRegressor(objective="poisson", **TREES).fit(X, np.exp(NUMBER / 4)),
    "lightgbm with categories": LGBMClassifier(**TREES).fit(
        np.column_stack([X[:, 0], THREE]), TWO, categorical_feature=[1]
    ),
    "logistic binary": LogisticRegression().fit(X, TWO),
    "logistic multiclass": LogisticRegression(fit_intercept=False).fit(X, THREE),
    "linear": LinearRegression().fit(X, NUMBER),
    "ridge": Ridge().fit(X, NUMBER[:, None]),
    "elastic net": ElasticNet(alpha=0.1, fit_intercept=False).fit(X, NUMBER),
    "prior": DummyClassifier().fit(X, TWO),
    "most frequent": DummyClassifier(strategy="most_frequent").fit(X, THREE),
    "mean": DummyRegressor().fit(X, NUMBER),
    "median": DummyRegressor(strategy="median").fit(X, NUMBER),
    "lightgbm of a log target": TransformedTargetRegressor(
        LGBMRegressor(**TREES), func=np.log1p, inverse_func=np.expm1
    ).fit(X, np.exp(NUMBER)),
    "linear of a log target": TransformedTargetRegressor(
        Ridge(), func=np.log1p, inverse_func=np.expm1
    ).fit(X, np.exp(NUMBER)),
    "same target": TransformedTargetRegressor(Ridge()).fit(X, NUMBER),
}


@given(
    cells=st.lists(
        st.lists(
            st.one_of(st.floats(-1e3, 1e3), st.just(float("nan")), st.integers(-2, 3).map(float)),
            min_size=4,
            max_size=4,
        ),
        min_size=1,
        max_size=10,
    )
)
@pytest.mark.parametrize("name", FITTED)
@settings(max_examples=20, deadline=None, derandomize=True)
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_compiled_equals_original(name: str, cells: list[list[float]]) -> None:
    fitted = FITTED[name]
    trees = name.startswith("lightgbm")
    rows = np.array(cells)[:, : fitted.n_features_in_]
    if not trees:
        rows = np.nan_to_num(rows)
    files: dict[str, bytes] = {}
    data = msgspec.json.decode(msgspec.json.encode(read_head(fitted, files)))
    head = build_head(data, files.__getitem__)
    is_classifier = hasattr(fitted, "predict_proba")
    expected = (fitted.predict_proba if is_classifier else fitted.predict)(rows)
    expected = np.asarray(expected).reshape(len(rows), -1)
    exact = trees or name in ("prior", "most frequent", "mean", "median")
    tolerance: Any = {"rtol": 0.0, "atol": 0.0} if exact else {"rtol": 1e-9, "atol": 1e-9}
    np.testing.assert_allclose(head.batch(rows), expected, **tolerance)
    np.testing.assert_allclose([head.row(row.tolist()) for row in rows], expected, **tolerance)


@pytest.mark.parametrize(
    "fitted",
    [
        DummyClassifier(strategy="uniform").fit(X, TWO),
        LogisticRegression(solver="liblinear").fit(X, TWO).set_params(solver="liblinear"),
        LinearRegression().fit(X, np.column_stack([NUMBER, NUMBER])),
        TransformedTargetRegressor(Ridge(), transformer=StandardScaler()).fit(X, NUMBER),
        TransformedTargetRegressor(Ridge(), func=np.arcsinh, inverse_func=np.sinh).fit(X, NUMBER),
        StandardScaler().fit(X),
    ],
    ids=lambda fitted: type(fitted).__name__,
)
def test_what_is_not_covered_is_refused(fitted: Any) -> None:
    if isinstance(fitted, LogisticRegression):  # of two classes it is covered; of three it is not
        fitted.classes_ = np.array([0, 1, 2])
    with pytest.raises(NotCompilableError):
        read_head(fitted, {})


def test_a_booster_of_another_width_is_refused() -> None:
    text = FITTED["lightgbm binary"].booster_.model_to_string().encode()
    with pytest.raises(FormatError, match="takes 4 columns"):
        Booster(text, 5)


def test_a_booster_that_is_none_is_refused() -> None:
    with pytest.raises(FormatError, match="LightGBM"):
        Booster(b"tree\nnot a model", 4)
