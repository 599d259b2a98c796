# ruff: noqa: TID253 (the originals that compiled scorers are held against)
"""A wide vectorizer and a linear estimator answer as one, and as before."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import Pipeline, make_pipeline

import keepwell

WORDS = [
    f"{first}{second}{third}" for first in "abcdefghijklm" for second in "aeiou" for third in "rstn"
]
TEXTS = st.lists(st.sampled_from([*WORDS, "never", "1", "é ß", "", "\n"]), max_size=12).map(
    " ".join
)


def training() -> tuple[list[str], Any]:
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(WORDS, 12)) for _ in range(240)]
    return texts, np.array([len(set(text) & set("aei")) + text.count("bar") for text in texts]) % 3


PIPELINES: dict[str, Pipeline] = {
    "hash": make_pipeline(HashingVectorizer(n_features=2**14), LogisticRegression(max_iter=20)),
    "terms": make_pipeline(TfidfVectorizer(ngram_range=(1, 3)), SGDClassifier(loss="log_loss")),
    "counts": make_pipeline(CountVectorizer(ngram_range=(1, 2)), MultinomialNB()),
    "weighed": make_pipeline(
        CountVectorizer(analyzer="char", ngram_range=(1, 4)),
        TfidfTransformer(sublinear_tf=True),
        "passthrough",
        Ridge(),
    ),
}


@pytest.mark.parametrize("name", PIPELINES)
def test_it_answers_as_the_pipeline_does(name: str) -> None:
    texts, target = training()
    model = PIPELINES[name].fit(texts, target)
    scorer = keepwell.compile(model, pd.DataFrame({"note": texts}))
    assert scorer.compiled
    assert scorer.kept == ()
    assert b"keepwell.WideText" in scorer.files["scorer.json"]
    assert scorer.proof is not None
    assert scorer.proof.largest_difference <= 1e-9
    ask = getattr(model, "predict_proba", model.predict)

    @given(rows=st.lists(TEXTS, min_size=1, max_size=5))
    @settings(max_examples=15, deadline=None, derandomize=True)
    def law(rows: list[str]) -> None:
        expected = ask(rows)
        batch: Any = scorer.batch(pd.DataFrame({"note": rows}))
        single: Any = [scorer.rows([{"note": row}]) for row in rows]
        if name == "weighed":
            np.testing.assert_allclose(batch.predictions, expected, rtol=1e-9, atol=1e-9)
            answers: Any = [one.predictions[0] for one in single]
            np.testing.assert_allclose(answers, expected, rtol=1e-9, atol=1e-9)
        else:
            np.testing.assert_allclose(batch.probabilities, expected, atol=1e-9)
            answers = np.vstack([one.probabilities for one in single])
            np.testing.assert_allclose(answers, expected, atol=1e-9)

    law()


def test_a_narrow_pipeline_keeps_its_steps() -> None:
    texts, target = training()
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, target)
    assert b"WideText" not in keepwell.compile(model).files["scorer.json"]
