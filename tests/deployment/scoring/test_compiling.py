# ruff: noqa: TID253 (models as users fit them)
"""`keepwell.compile` takes what users fit, and says what became of it."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import TruncatedSVD
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    OneHotEncoder,
    QuantileTransformer,
    StandardScaler,
)
from sklearn.svm import LinearSVC

import keepwell
from keepwell.core.errors import (
    InvalidDataError,
    InvalidRequestError,
    KeepwellError,
    TrainingError,
    UsageError,
)
from keepwell.core.records import ColumnType
from keepwell.deployment.scoring import compilation


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    random = np.random.default_rng(0)
    rows = 200
    made = pd.DataFrame(
        {
            "age": random.normal(40, 9, rows),
            "visits": random.integers(0, 6, rows),
            "member": random.random(rows) < 0.5,
            "colour": pd.Series(random.choice(["red", "green", "7"], rows), dtype=object),
            "note": random.choice(["good day", "bad luck", "ok then"], rows),
        }
    )
    made.loc[::7, "age"] = np.nan
    made.loc[::11, "colour"] = np.nan
    return made


@pytest.fixture(scope="module")
def target(frame: pd.DataFrame) -> Any:
    return np.where(frame["visits"] + frame["member"] > 2, "often", "seldom")


def preparation(numbers: Any) -> ColumnTransformer:
    return ColumnTransformer(
        [
            ("numbers", make_pipeline(numbers, StandardScaler()), ["age", "visits"]),
            ("ranks", QuantileTransformer(n_quantiles=20), ["visits"]),
            ("labels", OneHotEncoder(handle_unknown="ignore"), ["colour", "member"]),
            ("texts", make_pipeline(TfidfVectorizer(), TruncatedSVD(2)), "note"),
        ]
    )


def chances(scores: Any) -> Any:
    return scores.probabilities


def as_json(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pa.Table.from_pandas(frame, preserve_index=False).to_pylist()
    return rows


def assert_same_answers(scorer: Any, model: Any, frame: pd.DataFrame) -> None:
    expected = model.predict_proba(frame)
    for rows in (frame, pa.Table.from_pandas(frame, preserve_index=False)):
        np.testing.assert_allclose(chances(scorer.batch(rows)), expected, atol=1e-9)
    instances = as_json(frame.head(25))
    many = scorer.rows(instances)
    np.testing.assert_allclose(many.probabilities, expected[:25], atol=1e-9)
    assert many.predictions == model.predict(frame.head(25)).tolist()
    for instance, one in zip(instances, expected, strict=False):
        np.testing.assert_allclose(scorer.rows([instance]).probabilities[0], one, atol=1e-9)


def test_a_pipeline_answers_as_before_with_a_sample_and_without(
    frame: pd.DataFrame, target: Any
) -> None:
    model = Pipeline([("prepare", preparation(SimpleImputer())), ("learn", LogisticRegression())])
    model.fit(frame, target)
    proven = keepwell.compile(model, frame)
    assert proven.compiled
    assert proven.kept == ()
    assert proven.proof is not None
    assert proven.proof.rows > len(frame)
    assert proven.proof.largest_difference <= 1e-9
    unproven = keepwell.compile(model)
    assert unproven.proof is None
    for scorer in (proven, unproven):
        assert_same_answers(scorer, model, frame)
        kinds = {field.name: field.type for field in scorer.signature.inputs}
        assert kinds["colour"] is ColumnType.CATEGORY
        assert kinds["member"] is ColumnType.BOOLEAN
        assert kinds["note"] is ColumnType.TEXT
    assert [field.name for field in proven.signature.inputs if field.required] == [
        "visits", "member", "note",
    ]  # fmt: skip
    with pytest.raises(InvalidRequestError, match="visits"):
        proven.rows([{"age": 3.0}])


def test_a_step_without_compiled_form_runs_as_it_is_among_compiled_ones(
    frame: pd.DataFrame, target: Any
) -> None:
    model = Pipeline([("prepare", preparation(KNNImputer())), ("learn", LogisticRegression())])
    model.fit(frame, target)
    scorer = keepwell.compile(model, frame)
    assert scorer.compiled
    (part,) = scorer.kept
    assert part.name == "prepare.numbers.knnimputer"
    assert "KNNImputer" in part.reason
    assert [name for name in scorer.files if name.startswith("part-")] == ["part-0.skops"]
    assert_same_answers(scorer, model, frame)
    assert "in part" in repr(scorer)


def test_a_step_fitted_on_named_columns_gets_them_back(frame: pd.DataFrame, target: Any) -> None:
    numbers = frame[["age", "visits"]].fillna(0.0)
    model = Pipeline(
        [("fill", KNNImputer()), ("scale", StandardScaler()), ("learn", LogisticRegression())]
    ).set_output(transform="pandas")
    model.fit(numbers, target)
    scorer = keepwell.compile(model, numbers)  # scikit-learn warns of lost names, which fails here
    assert [part.name for part in scorer.kept] == ["fill"]
    assert_same_answers(scorer, model, numbers)


def test_an_estimator_without_compiled_form_runs_as_it_is(frame: pd.DataFrame, target: Any) -> None:
    numbers = frame[["visits", "member"]]
    model = make_pipeline(StandardScaler(), QuadraticDiscriminantAnalysis()).fit(numbers, target)
    scorer = keepwell.compile(model, frame)  # has more columns than it takes
    assert [part.name for part in scorer.kept] == ["quadraticdiscriminantanalysis"]
    assert_same_answers(scorer, model, numbers)
    bare = QuadraticDiscriminantAnalysis().fit(numbers.astype(float), target)
    scorer = keepwell.compile(bare, numbers)
    assert not scorer.compiled
    assert "QuadraticDiscriminantAnalysis" in scorer.reason
    assert scorer.proof is not None
    assert_same_answers(scorer, bare, numbers.astype(float))


def test_a_search_stands_for_the_model_it_found(frame: pd.DataFrame, target: Any) -> None:
    numbers = frame[["visits", "member"]].astype(float)
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2).fit(numbers, target)
    scorer = keepwell.compile(search, numbers)
    assert scorer.compiled
    assert_same_answers(scorer, search, numbers)


def test_an_array_has_columns_without_names(frame: pd.DataFrame, target: Any) -> None:
    matrix = frame[["visits", "member"]].to_numpy(dtype=float)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(matrix, target)
    scorer = keepwell.compile(model, matrix)
    np.testing.assert_allclose(
        chances(scorer.batch(matrix)), model.predict_proba(matrix), atol=1e-12
    )
    assert scorer.rows([{"x0": 3, "x1": 1}]).predictions[0] in ("often", "seldom")
    with pytest.raises(InvalidDataError, match="3 columns"):
        keepwell.compile(model, np.hstack([matrix, matrix[:, :1]]))


@pytest.mark.parametrize("vectorizer", [TfidfVectorizer(), HashingVectorizer(n_features=2**17)])
def test_a_pipeline_of_texts_takes_one_column(
    frame: pd.DataFrame, target: Any, vectorizer: Any
) -> None:
    model = make_pipeline(vectorizer, LogisticRegression()).fit(frame["note"], target)
    scorer = keepwell.compile(model, frame[["note"]])
    narrow = isinstance(vectorizer, TfidfVectorizer)
    assert scorer.compiled == narrow
    assert ("131,072" in scorer.reason) == (not narrow)
    expected = model.predict_proba(frame["note"])
    np.testing.assert_allclose(chances(scorer.batch(frame[["note"]])), expected, atol=1e-9)
    assert keepwell.compile(model).rows([{"text": "good day"}]).predictions


def test_what_skips_the_zeros_of_sparse_matrices_runs_as_it_is(
    frame: pd.DataFrame, target: Any
) -> None:
    rank = QuantileTransformer(n_quantiles=10)
    encode = OneHotEncoder(handle_unknown="ignore")
    nested = make_pipeline(encode, MaxAbsScaler(), rank)
    for steps in ([encode, rank], [ColumnTransformer([("in", nested, ["colour"])])]):
        model = make_pipeline(*steps, LogisticRegression()).fit(frame[["colour"]], target)
        scorer = keepwell.compile(model, frame[["colour"]])
        assert not scorer.compiled
        assert "zeros" in scorer.reason
        assert_same_answers(scorer, model, frame[["colour"]])


def test_a_wide_matrix_is_made_in_pieces(
    frame: pd.DataFrame, target: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compilation, "_CELLS", 64)
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(frame["note"], target)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scorer = keepwell.compile(model, frame[["note"]])
    assert scorer.compiled
    np.testing.assert_allclose(
        chances(scorer.batch(frame)), model.predict_proba(frame["note"]), atol=1e-12
    )


def test_a_regressor_with_a_transformed_target(frame: pd.DataFrame) -> None:
    price = np.exp(frame["visits"] / 3.0)
    model = TransformedTargetRegressor(
        make_pipeline(preparation(SimpleImputer()), Ridge()), func=np.log, inverse_func=np.exp
    ).fit(frame, price)
    scorer = keepwell.compile(model, frame.assign(price=price), target="price")
    assert scorer.compiled
    expected = model.predict(frame)
    np.testing.assert_allclose(scorer.batch(frame).predictions, expected, rtol=1e-9)
    np.testing.assert_allclose(scorer.rows(as_json(frame)).predictions, expected, rtol=1e-9)


def test_labels_that_are_gaps_are_those_of_the_frame_it_was_fitted_on(
    frame: pd.DataFrame, target: Any
) -> None:
    fill = SimpleImputer(strategy="constant", fill_value="none")
    for steps in ([OneHotEncoder()], [fill, OneHotEncoder()]):
        model = make_pipeline(*steps, LogisticRegression()).fit(frame[["colour"]], target)
        scorer = keepwell.compile(model, frame)
        assert_same_answers(scorer, model, frame[["colour"]])
        gap = model.predict_proba(pd.DataFrame({"colour": pd.Series([np.nan], dtype=object)}))
        np.testing.assert_allclose(chances(scorer.rows([{"colour": None}])), gap, atol=1e-12)


def call(rows: Any) -> Any:
    return rows


NUMBERS = np.arange(12.0).reshape(6, 2)
LABELS = [0, 1, 0, 1, 1, 0]


@pytest.mark.parametrize(
    ("model", "error", "says"),
    [
        (LogisticRegression(), UsageError, "not fitted"),
        (StandardScaler().fit(NUMBERS), UsageError, "does not predict"),
        (LinearRegression().fit(NUMBERS, NUMBERS), UsageError, "several targets"),
        (LinearSVC().fit(NUMBERS, LABELS), TrainingError, "no probabilities"),
        (
            make_pipeline(FunctionTransformer(call), LogisticRegression()).fit(NUMBERS, LABELS),
            TrainingError,
            "call",
        ),
    ],
    ids=["unfitted", "transformer", "several", "margins", "code"],
)
def test_what_cannot_be_scored_is_refused_in_words(
    model: Any, error: type[KeepwellError], says: str
) -> None:
    for sample in (None, NUMBERS):
        with pytest.raises(error, match=says):
            keepwell.compile(model, sample)


def test_a_sample_that_does_not_fit_is_refused(frame: pd.DataFrame, target: Any) -> None:
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(frame[["visits"]], target)
    with pytest.raises(InvalidDataError, match="'visits'"):
        keepwell.compile(model, frame.rename(columns={"visits": "visit"}))
    mixed = pd.DataFrame({"visits": pd.Series([1, "two"], dtype=object)})
    with pytest.raises(InvalidDataError, match="no one type"):
        keepwell.compile(model, mixed)
    with pytest.raises(InvalidDataError, match="list"):
        keepwell.compile(model, [[1]])
