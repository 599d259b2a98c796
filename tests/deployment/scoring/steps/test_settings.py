# ruff: noqa: TID253 (the originals that compiled steps are held against)
"""What a setting does to a compiled step: refused by name, refused by value, or free of heavy libraries."""

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scoring_cases import CASES
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    OrdinalEncoder,
    PowerTransformer,
    SplineTransformer,
    StandardScaler,
)
from sklearn.utils import murmurhash3_32

from keepwell.core.errors import InvalidRequestError
from keepwell.deployment.scoring.parts import (
    NotCompilableError,
    SparseOnlyError,
    build_step,
    read_step,
)
from keepwell.deployment.scoring.steps.text.hashing import murmur

NUMBERS = np.array([[1.0, 2.0], [3.0, 5.0], [4.0, 9.0], [7.0, 1.0]])


def negative(value: Any) -> Any:
    return -value


@pytest.mark.parametrize(
    "fitted",
    [
        FunctionTransformer(negative).fit(NUMBERS),
        FunctionTransformer(np.add, kw_args={"x2": 1}).fit(NUMBERS),
        KBinsDiscretizer(dtype=np.float32, n_bins=2, quantile_method="linear").fit(NUMBERS),
        SplineTransformer(degree=0).fit(NUMBERS),
        SplineTransformer(degree=1, extrapolation="linear").fit(NUMBERS),
        TfidfVectorizer(tokenizer=str.split, token_pattern=None).fit(["ab"]),
        TfidfVectorizer(dtype=np.float32).fit(["ab"]),
        HashingVectorizer(token_pattern="(a)(b)", n_features=8),
        HashingVectorizer(preprocessor=str.lower, n_features=8),
    ],
    ids=lambda fitted: type(fitted).__name__,
)
def test_what_is_not_covered_is_refused_by_name(fitted: Any) -> None:
    with pytest.raises(NotCompilableError, match=type(fitted).__name__):
        read_step(fitted)


def test_what_only_sparse_matrices_can_hold_is_not_kept_in_a_compiled_pipeline() -> None:
    files: dict[str, bytes] = {}
    with pytest.raises(SparseOnlyError, match="1,048,576"):
        read_step(HashingVectorizer(), files)
    assert files == {}


@pytest.mark.parametrize(
    ("fitted", "row", "says"),
    [
        (OrdinalEncoder().fit([["a"], ["b"]]), ["z"], "'z'"),
        (OneHotEncoder().fit([["a"], ["b"]]), ["z"], "'z'"),
        (StandardScaler().fit(NUMBERS), ["1", "many"], "not a number"),
        (Binarizer().fit(NUMBERS), [1.0, None], "missing"),
        (
            KBinsDiscretizer(2, quantile_method="linear").fit(NUMBERS),
            [1.0, float("nan")],
            "missing",
        ),
        (PowerTransformer("box-cox").fit(NUMBERS), [1.0, -1.0], "no logarithm"),
        (SplineTransformer().fit(NUMBERS), [float("nan"), 1.0], "missing"),
        (SplineTransformer(extrapolation="error").fit(NUMBERS), [99.0, 1.0], "99.0"),
        (MissingIndicator().fit(NUMBERS), [1.0, float("nan")], "column 2"),
        (CountVectorizer().fit(["ab"]), [None], "takes a text"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_that_the_original_refuses_is_refused_in_words(
    fitted: Any, row: list[Any], says: str
) -> None:
    step = build_step(read_step(fitted))
    with pytest.raises(InvalidRequestError, match=says):
        step.row(list(row))
    columns = [np.array([v], dtype=float if isinstance(v, float) else object) for v in row]
    with pytest.raises(InvalidRequestError, match=says):
        step.batch(columns)


def test_columns_may_be_named_in_every_way() -> None:
    frame = pd.DataFrame(NUMBERS.repeat(2, axis=1), columns=["a", "b", "c", "d"])
    frame["label"] = ["x", "y", "x", "z"]
    frame["text"] = ["ab", "", "cd ab", "ef"]
    fitted = ColumnTransformer(
        [
            ("names", StandardScaler(), ["c", "a"]),
            ("slice", StandardScaler(), slice("b", "d")),
            ("positions", Pipeline([("fill", SimpleImputer()), ("no", None)]), slice(0, 3, 2)),
            ("mask", FunctionTransformer(), np.array([True, False, False, True, False, False])),
            ("chosen", StandardScaler(), lambda rows: [rows.columns.get_loc("d")]),
            ("label", OneHotEncoder(handle_unknown="ignore"), ["label"]),
            ("text", TfidfVectorizer(), "text"),
            ("out", "drop", ["b"]),
        ]
    ).fit(frame)
    step = build_step(read_step(fitted))
    columns = [frame[name].to_numpy() for name in frame.columns]
    np.testing.assert_allclose(step.batch(columns), fitted.transform(frame), rtol=1e-12)
    first = step.row([column[0] for column in columns])
    np.testing.assert_allclose(first, fitted.transform(frame.head(1))[0], rtol=1e-12)


def test_the_hash_is_that_of_scikit_learn() -> None:
    words = ["", "a", "ab", "abc", "abcd", "é", "ß1 x", "後", "longer than four bytes"]
    assert [murmur(word) for word in words] == [murmurhash3_32(word, seed=0) for word in words]


def test_no_compiled_step_needs_a_heavy_library(fitted_cases: dict[str, Any]) -> None:
    rows = {"texts": ["ab abc"], "labels": ["a", "b", "1"]}
    given = [
        [read_step(fitted_cases[case.id]), rows.get(case.takes, [1.0, 2.0, 3.0])]
        for case in CASES
        if case.op != "keepwell.AsItIs"
    ]
    program = (
        "import json, sys\n"
        "from keepwell.deployment.scoring.parts import build_step\n"
        "for data, row in json.load(sys.stdin):\n"
        "    assert build_step(data).row(row), data\n"
        "print(*{name.partition('.')[0] for name in sys.modules})\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
    )
    heavy = {"pandas", "pyarrow", "sklearn", "lightgbm", "scipy", "skops", "sqlalchemy", "duckdb"}
    assert set(answer.stdout.split()) & heavy == set()
