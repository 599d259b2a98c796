# ruff: noqa: TID253 (models as users fit them)
"""One law for whole scorers: rows, batches and the model itself answer alike, whatever comes."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest
from sklearn.impute import KNNImputer, MissingIndicator, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    KBinsDiscretizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    StandardScaler,
    TargetEncoder,
)

import keepwell

LABELS = ["red", "green", "7", "7.0", " ", "None"]
CELLS = {
    "size": st.one_of(st.floats(-1e3, 1e3), st.sampled_from([np.nan, np.inf, -np.inf, -0.0])),
    "code": st.integers(-1, 6),
    "colour": st.one_of(st.sampled_from([*LABELS, "", "never seen"]), st.none()),
    "note": st.one_of(st.text(alphabet="ab AB.é1", max_size=12), st.none()),
}


def frame_of(columns: dict[str, list[Any]]) -> pd.DataFrame:
    texts = {name: pd.Series(columns[name], dtype=object) for name in ("colour", "note")}
    return pd.DataFrame(columns | texts)


def chances(scores: Any) -> Any:
    return scores.probabilities


def training() -> tuple[pd.DataFrame, Any]:
    random = np.random.default_rng(0)
    rows = 120
    frame = frame_of(
        {
            "size": random.normal(0, 20, rows).tolist(),
            "code": random.integers(0, 5, rows).tolist(),
            "colour": random.choice(np.array([*LABELS, np.nan], dtype=object), rows).tolist(),
            "note": random.choice(["ab a", "b1", "é ab", ""], rows).tolist(),
        }
    )
    target = (frame["size"] + frame["code"] * 5 + random.normal(0, 5, rows) > 8).to_numpy()
    frame.loc[::9, "size"] = np.nan
    return frame, target


def broad() -> Pipeline:
    numbers = FeatureUnion(
        [
            ("power", make_pipeline(SimpleImputer(), PowerTransformer(), PolynomialFeatures(2))),
            (
                "rank",
                make_pipeline(
                    SimpleImputer(strategy="median"), QuantileTransformer(n_quantiles=10)
                ),
            ),
            ("gap", MissingIndicator(error_on_new=False)),
        ]
    )
    bins = KBinsDiscretizer(3, quantile_method="averaged_inverted_cdf")
    labels = make_pipeline(
        SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
    )
    return Pipeline(
        [
            (
                "prepare",
                ColumnTransformer(
                    [
                        ("numbers", numbers, ["size"]),
                        ("bins", bins, ["code"]),
                        ("codes", TargetEncoder(), ["code", "colour"]),
                        ("labels", labels, ["colour"]),
                        ("texts", TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 2)), "note"),
                    ],
                    transformer_weights={"texts": 0.5},
                ),
            ),
            ("best", SelectKBest(k=9)),
            ("learn", LogisticRegression()),
        ]
    )


def kept() -> Pipeline:
    unknown = {"handle_unknown": "use_encoded_value", "unknown_value": -1}
    return make_pipeline(
        ColumnTransformer(
            [
                ("numbers", KNNImputer(n_neighbors=3), ["size", "code"]),
                ("labels", OrdinalEncoder(**unknown, encoded_missing_value=-2), ["colour"]),
            ]
        ),
        StandardScaler(),
        LogisticRegression(),
    )


@pytest.mark.parametrize("build", [broad, kept])
def test_rows_batches_and_the_model_answer_alike(build: Any) -> None:
    train, target = training()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = build().fit(train, target)
        scorer = keepwell.compile(model, train)
    assert scorer.compiled
    assert bool(scorer.kept) == (build is kept)
    assert scorer.proof is not None
    assert scorer.proof.largest_difference <= 1e-9

    @given(
        columns=st.integers(1, 12).flatmap(
            lambda size: st.fixed_dictionaries(
                {name: st.lists(cell, min_size=size, max_size=size) for name, cell in CELLS.items()}
            )
        )
    )
    @settings(max_examples=30, deadline=None, derandomize=True)
    def law(columns: dict[str, list[Any]]) -> None:
        frame = frame_of(columns)
        table = pa.Table.from_pandas(frame, preserve_index=False)
        batch: Any = scorer.batch(table, lenient=True).probabilities
        instances = [
            row | {"note": row["note"] or ""} if scorer.signature.input("note") else row
            for row in table.to_pylist()
        ]
        together: Any = scorer.rows(instances).probabilities
        single: Any = np.vstack([chances(scorer.rows([row])) for row in instances])
        np.testing.assert_allclose(together, batch, rtol=0, atol=1e-9)
        np.testing.assert_allclose(single, batch, rtol=0, atol=1e-9)
        # What the model itself says to the same rows, where gaps are as it knows them.
        known = frame.replace({np.inf: np.nan, -np.inf: np.nan}).assign(
            colour=frame["colour"].replace({None: np.nan, "": np.nan}).astype(object),
            note=frame["note"].fillna("").astype(object),
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = model.predict_proba(known)
        np.testing.assert_allclose(batch, expected, rtol=0, atol=1e-9)

    law()
