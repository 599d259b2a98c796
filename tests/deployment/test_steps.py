# ruff: noqa: TID253 (the originals that compiled steps are held against)
"""One law for all steps: compiled equals original, row by row and in batches."""

from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

from keepwell.core.errors import InvalidRequestError
from keepwell.deployment.scoring.parts import NotCompilableError, build_step, read_step
from keepwell.features.transforms import DateParts

LIGHT = settings(max_examples=25, deadline=None, derandomize=True)
NUMBERS = st.one_of(
    st.floats(-1e9, 1e9), st.just(float("nan")), st.integers(-3, 3).map(float), st.just(-0.0)
)
LABELS = st.one_of(st.sampled_from(["a", "b", "c", "1", "1.0", "None", " "]), st.none())
TEXTS = st.text(alphabet="abc ABC.é1ß", max_size=20)


def matrix(cells: st.SearchStrategy[Any], kind: type, columns: int = 2) -> st.SearchStrategy[Any]:
    rows = st.lists(st.tuples(*[cells] * columns), min_size=1, max_size=12)
    return rows.map(lambda cells: np.array(cells, dtype=kind).reshape(-1, columns))


def assert_compiled_equals(fitted: Any, rows: Any, *, exact: bool = True) -> None:
    data = msgspec.json.decode(msgspec.json.encode(read_step(fitted)))
    step = build_step(data)
    expected = fitted.transform(rows)
    expected = expected.toarray() if hasattr(expected, "toarray") else np.asarray(expected)
    if isinstance(rows, pd.DataFrame):
        columns = [rows[name].to_numpy() for name in rows.columns]
    else:
        columns = list(rows.T) if rows.ndim > 1 else [rows]
    batch = step.batch(columns)
    single = [
        step.row(list(row)) for row in zip(*[column.tolist() for column in columns], strict=True)
    ]
    for ours in (batch, np.array(single, dtype=batch.dtype).reshape(expected.shape)):
        if exact or expected.dtype == object:
            np.testing.assert_array_equal(ours, expected)
        else:
            np.testing.assert_allclose(ours, expected, rtol=1e-9, atol=1e-12)


@given(train=matrix(NUMBERS, float), rows=matrix(NUMBERS, float))
@LIGHT
def test_the_scaler(train: Any, rows: Any) -> None:
    for options in ({}, {"with_mean": False}, {"with_std": False}):
        with np.errstate(all="ignore"):
            fitted = StandardScaler(**options).fit(np.nan_to_num(train))
            assert_compiled_equals(fitted, rows)


@given(train=matrix(NUMBERS, float), rows=matrix(NUMBERS, float))
@pytest.mark.parametrize("strategy", ["mean", "median", "most_frequent", "constant"])
@pytest.mark.parametrize("flags", [True, False])
@pytest.mark.filterwarnings("ignore")
@LIGHT
def test_the_imputer_of_numbers(train: Any, rows: Any, strategy: str, flags: bool) -> None:
    for keep in (True, False):
        fitted = SimpleImputer(
            strategy=strategy, add_indicator=flags, keep_empty_features=keep, fill_value=None
        ).fit(train)
        assert_compiled_equals(fitted, rows)


@given(train=matrix(LABELS, object), rows=matrix(LABELS, object))
@pytest.mark.filterwarnings("ignore")
@LIGHT
def test_the_imputer_of_labels(train: Any, rows: Any) -> None:
    fitted = SimpleImputer(missing_values=None, strategy="constant", fill_value="?").fit(train)
    assert_compiled_equals(fitted, rows)


ORDINAL: list[dict[str, Any]] = [
    {"handle_unknown": "use_encoded_value", "unknown_value": -1},
    {"handle_unknown": "use_encoded_value", "unknown_value": float("nan")},
    {
        "handle_unknown": "use_encoded_value",
        "unknown_value": -1,
        "encoded_missing_value": -2,
        "max_categories": 3,
    },
]
ONE_HOT: list[dict[str, Any]] = [
    {"handle_unknown": "ignore"},
    {"handle_unknown": "infrequent_if_exist", "max_categories": 2},
    {"handle_unknown": "ignore", "min_frequency": 2, "sparse_output": False},
    {"handle_unknown": "ignore", "drop": "first"},
    {"handle_unknown": "infrequent_if_exist", "drop": "if_binary", "max_categories": 3},
]


@given(train=matrix(LABELS, object), rows=matrix(LABELS, object))
@pytest.mark.parametrize("options", ORDINAL)
@pytest.mark.filterwarnings("ignore")
@LIGHT
def test_the_ordinal_encoder(train: Any, rows: Any, options: dict[str, Any]) -> None:
    assert_compiled_equals(OrdinalEncoder(**options).fit(train), rows)


@given(train=matrix(LABELS, object), rows=matrix(LABELS, object))
@pytest.mark.parametrize("options", ONE_HOT)
@pytest.mark.filterwarnings("ignore")
@LIGHT
def test_the_one_hot_encoder(train: Any, rows: Any, options: dict[str, Any]) -> None:
    assert_compiled_equals(OneHotEncoder(**options).fit(train), rows)


@given(train=matrix(NUMBERS, float), rows=matrix(NUMBERS, float))
@pytest.mark.filterwarnings("ignore")
@LIGHT
def test_encoders_of_numbers(train: Any, rows: Any) -> None:
    assert_compiled_equals(OrdinalEncoder(**ORDINAL[0]).fit(train), rows)
    assert_compiled_equals(OneHotEncoder(**ONE_HOT[0]).fit(train), rows)


def test_a_label_that_the_encoder_refuses_is_refused() -> None:
    for encoder in (OrdinalEncoder(), OneHotEncoder()):
        step = build_step(read_step(encoder.fit([["a"], ["b"]])))
        with pytest.raises(InvalidRequestError, match="'z'"):
            step.row(["z"])


@given(
    seconds=st.lists(
        st.one_of(st.floats(-1e12, 1e12), st.floats(0, 2e9), st.just(float("nan"))), min_size=1
    )
)
@LIGHT
def test_the_calendar(seconds: list[float]) -> None:
    train = np.array([[0.0], [951782399.5], [1.7e9]])
    rows = np.array(seconds)[:, None]
    assert_compiled_equals(DateParts().fit(train), rows)


TEXT_OPTIONS: list[dict[str, Any]] = [
    {"ngram_range": (1, 2), "sublinear_tf": True, "max_features": 5},
    {"norm": "l1", "stop_words": ["ab"], "strip_accents": "unicode"},
    {"norm": None, "use_idf": False, "binary": True, "strip_accents": "ascii", "lowercase": False},
    {"token_pattern": r"(?u)\b(\w+)\b", "ngram_range": (2, 3)},
]


@given(rows=st.lists(TEXTS, min_size=1, max_size=8))
@pytest.mark.parametrize("options", TEXT_OPTIONS)
@LIGHT
def test_the_vectorizer_of_texts(rows: list[str], options: dict[str, Any]) -> None:
    train = ["ab abc Aé bc", "abc 11 ab ab", "cc ßa bb ab abc"]
    fitted = TfidfVectorizer(**options).fit(train)
    assert_compiled_equals(fitted, np.array(rows, dtype=object), exact=False)


@given(rows=st.lists(TEXTS, min_size=1, max_size=8))
@LIGHT
def test_the_counter_of_words(rows: list[str]) -> None:
    fitted = CountVectorizer(dtype=np.float64).fit(["ab abc", "bc cc"])
    assert_compiled_equals(fitted, np.array(rows, dtype=object))


@given(
    numbers=st.lists(NUMBERS, min_size=4, max_size=12),
    labels=st.lists(LABELS, min_size=4, max_size=12),
)
@pytest.mark.filterwarnings("ignore")
@LIGHT
def test_nested_pipelines_and_columns(numbers: list[float], labels: list[Any]) -> None:
    size = min(len(numbers), len(labels))
    frame = pd.DataFrame({"x": numbers[:size], "y": numbers[:size][::-1]})
    frame["label"] = pd.Series(labels[:size], dtype=object)
    frame["text"] = pd.Series(["ab", "", "cd ab", "ef"] * 3, dtype=object)[:size]
    inner = ColumnTransformer(
        [("first", StandardScaler(), [0]), ("second", "passthrough", slice(1, 2))]
    )
    fitted = ColumnTransformer(
        [
            ("nested", Pipeline([("fill", SimpleImputer()), ("no", None), ("in", inner)]), ["x", "y"]),
            ("label", OneHotEncoder(handle_unknown="ignore"), ["label"]),
            ("text", TfidfVectorizer(), "text"),
            ("out", "drop", ["y"]),
            ("mask", FunctionTransformer(), np.array([True, False, False, False])),
        ],
        remainder="passthrough",
    )  # fmt: skip
    if frame[["x", "y"]].isna().all().any():
        return
    assert_compiled_equals(fitted.fit(frame), frame, exact=False)


@pytest.mark.parametrize(
    "fitted",
    [
        FunctionTransformer(np.sqrt).fit([[1.0]]),
        SimpleImputer(missing_values=-1.0).fit([[1.0]]),
        TfidfVectorizer(analyzer="char").fit(["ab"]),
        TfidfVectorizer(tokenizer=str.split, token_pattern=None).fit(["ab"]),
        ColumnTransformer([("x", StandardScaler(), [0])], transformer_weights={"x": 2.0}).fit(
            [[1.0]]
        ),
    ],
)
def test_what_is_not_covered_is_refused_by_name(fitted: Any) -> None:
    with pytest.raises(NotCompilableError, match=type(fitted).__name__):
        read_step(fitted)
