# ruff: noqa: TID253 (the originals that compiled steps are held against)
"""Fitted originals of every compiled step, and the kinds of rows that they take."""

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, IncrementalPCA, TruncatedSVD
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.feature_selection import (
    RFE,
    RFECV,
    GenericUnivariateSelect,
    SelectFdr,
    SelectFpr,
    SelectFromModel,
    SelectFwe,
    SelectKBest,
    SelectPercentile,
    SequentialFeatureSelector,
    VarianceThreshold,
)
from sklearn.impute import KNNImputer, MissingIndicator, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection

from keepwell.core.formulas import parse, placed
from keepwell.features.transforms import (
    Clip,
    DateParts,
    Formula,
    Frequency,
    GroupStatistic,
    LowVariance,
    SignedLog,
    TextShape,
)

NAN = float("nan")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One original with one setting.

    Attributes:
        op: The entry point of its compiled form.
        make: Returns it unfitted.
        takes: Which rows: `numbers` (gaps, infinities and numeric text among them; `moderate` ones
            have no extremes, `numbers only` no text), `positive`, `labels`, `codes` (labels that are
            numbers), `texts`, `counts`, `seconds` or `groups` (two labels and a number).
        exact: Equal to the bit, not only within 1e-9.
    """

    op: str
    make: Callable[[], Any]
    takes: str = "numbers"
    exact: bool = False
    name: str = ""

    @property
    def id(self) -> str:
        return f"{self.op}:{self.name}" if self.name else self.op


@dataclass(kw_only=True)
class _Table:
    cases: list[Case] = field(default_factory=list)

    def add(
        self, op: str, kind: Any, *options: Any, takes: str = "numbers", exact: bool = False
    ) -> None:
        for option in options or ({},):
            words = ",".join(f"{key}={value}" for key, value in option.items())
            self.cases.append(
                Case(
                    op=f"sklearn.{op}",
                    make=partial(kind, **option),
                    takes=takes,
                    exact=exact,
                    name=words,
                )
            )


_numbers = _Table()
_add = _numbers.add
_add("StandardScaler", StandardScaler, {}, {"with_mean": False}, {"with_std": False}, exact=True)
_add("MinMaxScaler", MinMaxScaler, {}, {"feature_range": (-2, 3), "clip": True}, exact=True)
_add("MaxAbsScaler", MaxAbsScaler, {}, exact=True)
_add(
    "RobustScaler",
    RobustScaler,
    {},
    {"with_centering": False, "unit_variance": True},
    {"with_scaling": False, "quantile_range": (10.0, 80.0)},
    exact=True,
)
_add("Normalizer", Normalizer, {"norm": "l1"}, {"norm": "l2"}, {"norm": "max"})
_add("Binarizer", Binarizer, {}, {"threshold": 1.5}, exact=True)
_add(
    "KBinsDiscretizer",
    KBinsDiscretizer,
    {"n_bins": 3, "encode": "ordinal", "strategy": "uniform"},
    {"n_bins": 3, "encode": "onehot", "quantile_method": "averaged_inverted_cdf"},
    {"n_bins": 3, "encode": "onehot-dense", "strategy": "kmeans"},
    exact=True,
)
_add("PowerTransformer", PowerTransformer, {}, {"standardize": False})
_add("PowerTransformer", PowerTransformer, {"method": "box-cox"}, takes="positive")
_add(
    "QuantileTransformer",
    QuantileTransformer,
    {"n_quantiles": 5},
    {"n_quantiles": 5, "output_distribution": "normal"},
)
_add(
    "PolynomialFeatures",
    PolynomialFeatures,
    {},
    {"degree": (2, 3), "include_bias": False},
    {"degree": 2, "interaction_only": True},
    exact=True,
)
_add(
    "SplineTransformer",
    SplineTransformer,
    {},
    {"extrapolation": "linear", "include_bias": False, "n_knots": 3},
    {"extrapolation": "continue", "degree": 2},
    {"extrapolation": "periodic", "knots": "quantile"},
    {"extrapolation": "error", "sparse_output": True},
    takes="moderate",
)
_add(
    "FunctionTransformer",
    FunctionTransformer,
    *[{"func": f} for f in (None, np.log1p, np.sqrt, np.exp, np.cbrt, np.absolute, np.square)],
    takes="numbers only",
)
_add("PCA", PCA, {"n_components": 1}, {"whiten": True})
_add("IncrementalPCA", IncrementalPCA, {"n_components": 2})
_add("TruncatedSVD", TruncatedSVD, {"n_components": 1, "random_state": 0})
_add("GaussianRandomProjection", GaussianRandomProjection, {"n_components": 2, "random_state": 0})
_add("SparseRandomProjection", SparseRandomProjection, {"n_components": 2, "random_state": 0})
_linear = LogisticRegression(max_iter=20)
_add("VarianceThreshold", VarianceThreshold, exact=True)
_add("SelectKBest", SelectKBest, {"k": 1}, exact=True)
_add("SelectPercentile", SelectPercentile, {"percentile": 60}, exact=True)
_add("SelectFpr", SelectFpr, {"alpha": 0.9}, exact=True)
_add("SelectFdr", SelectFdr, {"alpha": 0.9}, exact=True)
_add("SelectFwe", SelectFwe, {"alpha": 0.9}, exact=True)
_add("GenericUnivariateSelect", GenericUnivariateSelect, {"mode": "k_best", "param": 2}, exact=True)
_add("SelectFromModel", SelectFromModel, {"estimator": _linear}, exact=True)
_add("RFE", RFE, {"estimator": _linear, "n_features_to_select": 2}, exact=True)
_add("RFECV", RFECV, {"estimator": _linear, "cv": 2}, exact=True)
_add(
    "SequentialFeatureSelector",
    SequentialFeatureSelector,
    {"estimator": _linear, "cv": 2, "n_features_to_select": 1},
    exact=True,
)

_IMPUTERS: list[dict[str, Any]] = [
    {"strategy": strategy, "add_indicator": flags, "keep_empty_features": flags}
    for strategy in ("mean", "median", "most_frequent", "constant")
    for flags in (True, False)
]
_add("SimpleImputer", SimpleImputer, *_IMPUTERS, exact=True)
_add("SimpleImputer", SimpleImputer, {"missing_values": -1.0}, takes="numbers only", exact=True)
_add(
    "SimpleImputer",
    SimpleImputer,
    {"missing_values": None, "strategy": "constant", "fill_value": "?"},
    {"missing_values": "", "strategy": "most_frequent", "add_indicator": True},
    takes="labels",
    exact=True,
)
_add(
    "MissingIndicator",
    MissingIndicator,
    {},
    {"features": "all"},
    {"error_on_new": False},
    exact=True,
)
_add("MissingIndicator", MissingIndicator, {"missing_values": "b"}, takes="labels", exact=True)

_add(
    "OneHotEncoder",
    OneHotEncoder,
    {},
    {"handle_unknown": "ignore"},
    {"handle_unknown": "warn", "min_frequency": 2},
    {"handle_unknown": "infrequent_if_exist", "max_categories": 2},
    {"handle_unknown": "infrequent_if_exist", "min_frequency": 0.3, "drop": "first"},
    {"handle_unknown": "ignore", "min_frequency": 2, "sparse_output": False},
    {"handle_unknown": "ignore", "drop": "first"},
    {"handle_unknown": "infrequent_if_exist", "drop": "if_binary", "max_categories": 3},
    takes="labels",
    exact=True,
)
_add(
    "OrdinalEncoder",
    OrdinalEncoder,
    {},
    {"handle_unknown": "use_encoded_value", "unknown_value": -1},
    {"handle_unknown": "use_encoded_value", "unknown_value": NAN},
    {
        "handle_unknown": "use_encoded_value",
        "unknown_value": -1,
        "encoded_missing_value": -2,
        "max_categories": 3,
    },
    takes="labels",
    exact=True,
)
_add("TargetEncoder", TargetEncoder, {}, {"smooth": 2.0}, takes="labels", exact=True)
_add("OneHotEncoder", OneHotEncoder, {"handle_unknown": "ignore"}, takes="codes", exact=True)
_add(
    "OrdinalEncoder",
    OrdinalEncoder,
    {"handle_unknown": "use_encoded_value", "unknown_value": -1},
    takes="codes",
    exact=True,
)
_add("TargetEncoder", TargetEncoder, takes="codes", exact=True)

_ANALYSES: list[dict[str, Any]] = [
    {},
    {"ngram_range": (1, 2), "strip_accents": "unicode"},
    {"stop_words": ["ab"], "strip_accents": "ascii", "lowercase": False},
    {"token_pattern": r"(?u)\b(\w+)\b", "ngram_range": (2, 3)},
    {"analyzer": "char", "ngram_range": (1, 3)},
    {"analyzer": "char_wb", "ngram_range": (2, 4)},
]
_add("CountVectorizer", CountVectorizer, *_ANALYSES, {"binary": True}, takes="texts", exact=True)
_add(
    "TfidfVectorizer",
    TfidfVectorizer,
    *_ANALYSES,
    {"sublinear_tf": True, "max_features": 5, "norm": "l1"},
    {"norm": None, "use_idf": False, "binary": True},
    takes="texts",
)
_add(
    "HashingVectorizer",
    HashingVectorizer,
    *[{"n_features": 7, **options} for options in _ANALYSES],
    {"n_features": 5, "alternate_sign": False, "norm": "l1"},
    {"n_features": 5, "binary": True, "norm": None},
    takes="texts",
)
_add(
    "TfidfTransformer",
    TfidfTransformer,
    {},
    {"sublinear_tf": True, "norm": "l1"},
    {"use_idf": False, "norm": None},
    takes="counts",
)


def _nested() -> Any:
    inner = ColumnTransformer(
        [("first", StandardScaler(), [0]), ("second", "passthrough", slice(1, 2))]
    )
    return Pipeline([("fill", SimpleImputer()), ("no", None), ("in", inner)])


def _union() -> Any:
    return FeatureUnion(
        [("a", StandardScaler()), ("b", "passthrough"), ("c", "drop"), ("d", SimpleImputer())],
        transformer_weights={"a": 2.0, "d": 0.5},
    )


def _split() -> Any:
    return ColumnTransformer(
        [
            ("mask", "passthrough", np.array([True, False, False])),
            ("text", MinMaxScaler(), lambda rows: [2]),
            ("out", "drop", [1]),
            ("none", StandardScaler(), []),
        ],
        transformer_weights={"text": 3.0},
        remainder="passthrough",
    )


def _terms() -> Any:
    from keepwell.features.transforms import TermWeights

    return TermWeights(sublinear_tf=True, ngram_range=(1, 2))


def _texts() -> Any:
    return FeatureUnion(
        [("words", TfidfVectorizer()), ("parts", CountVectorizer(analyzer="char"))],
        transformer_weights={"words": 2.0},
    )


CASES: list[Case] = [
    *_numbers.cases,
    Case(op="keepwell.TermWeights", make=_terms, takes="texts"),
    Case(op="sklearn.Pipeline", make=_nested),
    Case(op="sklearn.FeatureUnion", make=_union),
    Case(op="sklearn.FeatureUnion", make=_texts, takes="texts", name="texts"),
    Case(op="sklearn.ColumnTransformer", make=_split),
    Case(op="sklearn.passthrough", make=lambda: Pipeline([("no", "passthrough")]), exact=True),
    Case(op="keepwell.DateParts", make=DateParts, takes="seconds", exact=True),
    Case(op="keepwell.Clip", make=partial(Clip, low=0.1, high=0.8), exact=True),
    Case(op="keepwell.SignedLog", make=SignedLog),
    Case(
        op="keepwell.LowVariance",
        make=partial(LowVariance, threshold=5.0),
        takes="numbers only",
        exact=True,
    ),
    *(
        Case(
            op="keepwell.Formula",
            make=partial(Formula, tree=json.dumps(placed(parse(text), ["a", "b", "c"]))),
            name=text,
        )
        for text in (
            "a / b",
            "(a - 2.5 * b) / -c",
            "log1p(abs(a)) + sqrt(b / c) * 0.5",
            "1 / (a / b)",
        )
    ),
    *(
        Case(
            op="keepwell.GroupStatistic",
            make=partial(GroupStatistic, statistic=statistic, difference=difference),
            takes="groups",
            exact=True,
            name=f"{statistic},{difference}",
        )
        for statistic in ("mean", "median", "std", "count")
        for difference in (False, True)
    ),
    Case(op="keepwell.Frequency", make=Frequency, takes="labels", exact=True),
    Case(op="keepwell.TextShape", make=TextShape, takes="labels", exact=True),
    Case(op="keepwell.AsItIs", make=lambda: KNNImputer(n_neighbors=2), exact=True),
    Case(
        op="keepwell.AsItIs",
        make=lambda: Pipeline([("fill", SimpleImputer()), ("knn", KNNImputer())]),
        exact=True,
        name="within a pipeline",
    ),
]

LABELS = np.array(["a", "b", "c", "1", "", None], dtype=object)
TEXTS = ["ab abc Aé bc", "abc 11 ab ab", "cc ßa bb ab abc", "", "a b  c"] * 3


def fitted(case: Case, seed: int) -> Any:
    """Return the original, fitted on a few random rows of its kind."""
    rows, random = 15, np.random.default_rng(seed)
    target = np.arange(rows) % (3 if "smooth" in case.name else 2)
    plain = random.normal(size=(rows, 3)) * [1.0, 50.0, 3.0]
    train: Any = {
        "positive": np.exp(plain / 20),
        "labels": random.choice(LABELS, (rows, 3)),
        "codes": random.integers(0, 4, (rows, 3)).astype(float),
        "texts": TEXTS,
        "groups": np.column_stack([random.choice(LABELS, (rows, 2)), plain[:, 0].astype(object)]),
        "counts": random.integers(0, 3, (rows, 3)).astype(float),
        "seconds": np.abs(plain) * 1e7,
    }.get(case.takes, plain)
    if any(word in case.op for word in ("Imputer", "Missing", "AsItIs")) and train is plain:
        train = np.where(random.random(plain.shape) < 0.3, np.nan, plain)
        train[:, 2] = np.nan if "keep_empty" in case.name else plain[:, 2]
        if "-1.0" in case.name:
            train = np.nan_to_num(train, nan=-1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return case.make().fit(train, target)
