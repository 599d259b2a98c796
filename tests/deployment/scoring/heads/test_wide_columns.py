# ruff: noqa: TID253 (the originals that compiled scorers are held against)
"""Texts beside other columns and a linear estimator answer as one, and as before."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import keepwell
from keepwell.features.transforms import TermWeights

WORDS = [f"{a}{b}{c}" for a in "abcdefghijklm" for b in "aeiou" for c in "rstn"]
TEXTS = st.lists(st.sampled_from([*WORDS, "never", "1", "é ß", "", "\n"]), max_size=8).map(" ".join)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "size": st.one_of(st.floats(-9, 9), st.just(float("nan"))),
            "note": TEXTS,
            "colour": st.sampled_from(["red", "blue", "mauve", None]),
            "title": TEXTS,
        }
    ),
    min_size=1,
    max_size=12,
)


def training() -> tuple[pd.DataFrame, Any]:
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(WORDS, 12)) for _ in range(200)]
    frame = pd.DataFrame(
        {
            "size": random.normal(size=200),
            "note": texts,
            "colour": random.choice(["red", "blue"], 200),
            "title": texts[::-1],
        }
    )
    frame.loc[:3, ["size", "colour"]] = None  # so that gaps are taken
    return frame, np.array([text.count("bar") + text.count("a") for text in texts]) % 3


def pipeline(estimator: Any) -> Pipeline:
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    split = ColumnTransformer(
        [
            ("numbers", numbers, ["size"]),
            ("labels", OneHotEncoder(handle_unknown="ignore"), ["colour"]),
            ("note", TermWeights(ngram_range=(1, 2)), "note"),
            ("title", TermWeights(analyzer="char_wb", ngram_range=(2, 5)), "title"),
            ("hashed", HashingVectorizer(n_features=2**13), "title"),
        ]
    )
    return make_pipeline(split, estimator)


ESTIMATORS: dict[str, Any] = {
    "classes": LogisticRegression(max_iter=300),
    "each": OneVsRestClassifier(LogisticRegression(solver="liblinear")),
    "number": Ridge(),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_it_answers_as_the_pipeline_does(name: str) -> None:
    frame, target = training()
    model = pipeline(ESTIMATORS[name]).fit(frame, target)
    scorer = keepwell.compile(model, frame)
    assert scorer.compiled
    assert scorer.kept == ()
    assert b"keepwell.WideColumns" in scorer.files["scorer.json"]
    assert scorer.proof is not None
    assert scorer.proof.largest_difference <= 1e-9

    @given(rows=ROWS)
    @settings(max_examples=10, deadline=None, derandomize=True)
    def law(rows: list[dict[str, Any]]) -> None:
        asked = pd.DataFrame(rows, columns=list(frame.columns))
        batch: Any = scorer.batch(asked, lenient=True)
        single: Any = scorer.rows([{k: v for k, v in row.items() if v == v} for row in rows])  # noqa: PLR0124
        if name == "number":
            expected = model.predict(asked)
            answers = (np.array(batch.predictions), np.array(single.predictions))
        else:
            expected = model.predict_proba(asked)
            answers = (batch.probabilities, single.probabilities)
        for answer in answers:
            np.testing.assert_allclose(answer, expected, rtol=1e-9, atol=1e-9)

    law()


def test_many_rows_are_answered_as_each_alone() -> None:
    frame, target = training()
    scorer = keepwell.compile(pipeline(LogisticRegression()).fit(frame, target), frame)
    rows = list(zip(*(frame[name].tolist() for name in frame.columns), strict=True))[:20]
    inner = scorer._scorer
    assert np.allclose(inner.answers(rows), [inner.row(row) for row in rows], atol=1e-12)


def test_a_narrow_table_keeps_its_steps() -> None:
    frame, target = training()
    narrow = ColumnTransformer([("note", TfidfVectorizer(max_features=50), "note")])
    model = make_pipeline(narrow, LogisticRegression()).fit(frame, target)
    assert b"WideColumns" not in keepwell.compile(model).files["scorer.json"]
