# ruff: noqa: TID253 (the originals that ONNX forms are held against)
"""The law of every writer: the graph answers as the fitted original does."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_transformer
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from keepwell.core.records import ColumnType, Field, Parity, Signature, Task
from keepwell.features import Decoder
from keepwell.features.estimators.kernels import KernelClassifier, KernelRegressor

pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
pytest.importorskip("onnxruntime", reason="the extra 'onnx' is not installed")

from keepwell.deployment.onnx import OnnxModel, measure_parity, to_onnx
from keepwell.deployment.onnx.parity import parity_of
from keepwell.deployment.onnx.writing import NotExportableError
from keepwell.deployment.scoring import load_scorer
from keepwell.deployment.scoring.original import Original

EXACT = 1e-12


def parity_on(pipeline: Any, signature: Signature, frame: Any) -> Parity:
    columns = [frame[field.name].to_numpy() for field in signature.inputs]
    data = to_onnx(pipeline, signature)
    expected = Original(pipeline, signature).batch(columns)
    return parity_of(OnnxModel(data, signature).batch(columns), expected, signature)


@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS, Task.REGRESSION])
@pytest.mark.parametrize("flavour", ["tree", "linear"])
def test_what_training_makes_is_written_to_the_last_digits(
    model_of: Callable[..., Any], task: Task, flavour: str
) -> None:
    made = model_of(task, flavour=flavour)
    data = to_onnx(made.pipeline, made.signature)
    scorer = load_scorer(made.files.__getitem__, made.signature)
    strange = made.table.slice(0, 4).to_pylist()
    strange[0] |= {"age": None, "colour": None, "note": None}
    strange[1] |= {"age": -1e30, "colour": "never seen", "note": "Ünseen WÖRDS, 1 22 x_y"}
    strange[2] |= {"colour": "", "note": "", "visits": 10**15}
    strange[3] |= {"age": 1e308, "note": "good\n\tday good-day"}
    odd = pa.Table.from_pylist(strange, schema=made.table.schema)
    parity = measure_parity(data, scorer, pa.concat_tables([made.table, odd]))
    assert parity.rows == 404
    assert parity.largest_difference < EXACT
    assert parity.beyond == 0
    assert parity.labels_changed == 0
    assert to_onnx(made.pipeline, made.signature) == data  # the same bytes every time


FRAME = Decoder(
    Signature(
        task=Task.REGRESSION,
        target="t",
        inputs=(
            Field(name="a", type=ColumnType.NUMBER),
            Field(name="b", type=ColumnType.NUMBER),
            Field(name="word", type=ColumnType.CATEGORY),
        ),
    )
)


def signature_for(classes: tuple[Any, ...]) -> Signature:
    task = Task.REGRESSION if not classes else Task.BINARY if len(classes) == 2 else Task.MULTICLASS
    return replace(FRAME.signature, task=task, classes=classes)


def rows(count: int, seed: int = 0) -> Any:
    random = np.random.default_rng(seed)
    table = pa.table(
        {
            "a": pa.array(random.normal(0, 3, count), mask=random.random(count) < 0.1),
            "b": random.integers(-4, 5, count).astype(float),
            "word": pa.array(
                random.choice(["x", "y", "z", "rare"], count, p=[0.5, 0.3, 0.18, 0.02]),
                mask=random.random(count) < 0.1,
            ),
        }
    )
    return FRAME.table(table)


def target(frame: Any, classes: tuple[Any, ...]) -> Any:
    score = frame["a"].fillna(1.0) + frame["b"] + (frame["word"] == "x") * 2
    if not classes:
        return score.to_numpy()
    edges = np.quantile(score, np.linspace(0, 1, len(classes) + 1)[1:-1])
    return np.array(classes)[np.digitize(score, edges)]


NUMBERS = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())


def prepared(estimator: Any, words: Any = None) -> Any:
    encoder = words or OneHotEncoder(handle_unknown="ignore")
    return make_pipeline(
        make_column_transformer((NUMBERS, ["a", "b"]), (encoder, ["word"])), estimator
    )


LABELS = {"pair": ("no", "yes"), "three": (1, 2, 3), "number": ()}
EXACT_ESTIMATORS = {
    "kernel": (KernelClassifier(landmarks=100), ("pair", "three")),
    "kernel of a number": (KernelRegressor(), ("number",)),
    "logistic": (LogisticRegression(), ("pair", "three")),
    "ridge": (Ridge(), ("number",)),
    "tree": (DecisionTreeClassifier(), ("pair", "three")),
    "regression tree": (DecisionTreeRegressor(), ("number",)),
    "forest": (RandomForestClassifier(10, random_state=0), ("pair", "three")),
    "regression forest": (RandomForestRegressor(10, random_state=0), ("number",)),
    "extra trees": (ExtraTreesClassifier(10, random_state=0), ("pair",)),
    "boosting": (GradientBoostingClassifier(n_estimators=10), ("pair", "three")),
    "exponential": (GradientBoostingClassifier(loss="exponential", n_estimators=5), ("pair",)),
    "regression boosting": (GradientBoostingRegressor(n_estimators=10), ("number",)),
    "histograms": (HistGradientBoostingClassifier(max_iter=3), ("pair", "three")),
    "regression histograms": (
        HistGradientBoostingRegressor(loss="poisson", max_iter=3),
        ("number",),
    ),
    "vote": (
        VotingClassifier(
            [("a", LogisticRegression()), ("b", DecisionTreeClassifier(max_depth=3))],
            voting="soft",
            weights=[1, 3],
        ),
        ("pair", "three"),
    ),
    "mean of two": (VotingRegressor([("a", Ridge()), ("b", DecisionTreeRegressor())]), ("number",)),
    "stack": (
        StackingClassifier(
            [("a", LogisticRegression()), ("b", DecisionTreeClassifier(max_depth=3))],
            cv=2,
            passthrough=True,
        ),
        ("pair", "three"),
    ),
    "regression stack": (
        StackingRegressor([("a", Ridge()), ("b", DecisionTreeRegressor(max_depth=3))], cv=2),
        ("number",),
    ),
    "prior": (DummyClassifier(), ("pair", "three")),
    "mean": (DummyRegressor(), ("number",)),
    "logged": (
        TransformedTargetRegressor(LinearRegression(), func=np.log1p, inverse_func=np.expm1),
        ("number",),
    ),
}


@pytest.mark.parametrize(
    ("name", "labels"),
    [(name, labels) for name, (_, several) in EXACT_ESTIMATORS.items() for labels in several],
)
def test_estimators_of_ours_are_exact(name: str, labels: str) -> None:
    classes = LABELS[labels]
    frame = rows(300)
    truth = target(frame, classes)
    pipeline = prepared(EXACT_ESTIMATORS[name][0]).fit(frame, truth if classes else np.abs(truth))
    parity = parity_on(pipeline, signature_for(classes), rows(500, seed=1))
    assert parity.largest_difference < EXACT


@pytest.mark.parametrize("objective", ["poisson", "regression_l1", "tweedie"])
def test_lightgbm_objectives(objective: str) -> None:
    from lightgbm import LGBMRegressor

    frame = rows(300)
    model = LGBMRegressor(objective=objective, n_estimators=10, verbose=-1, n_jobs=1)
    pipeline = prepared(model).fit(frame, np.abs(target(frame, ())))
    assert parity_on(pipeline, signature_for(()), rows(500, 1)).largest_difference < EXACT


@pytest.mark.parametrize("missing", [True, False])
def test_lightgbm_splits_on_sets_of_codes(missing: bool) -> None:
    from lightgbm import LGBMClassifier

    random = np.random.default_rng(0)
    words = [f"w{at}" for at in range(60)]
    signature = Signature(
        task=Task.BINARY,
        target="t",
        inputs=(
            Field(name="word", type=ColumnType.CATEGORY),
            Field(name="a", type=ColumnType.NUMBER),
        ),
        classes=("no", "yes"),
    )
    chosen = random.choice(words, 2000)
    table = pa.table(
        {
            "word": pa.array(chosen, mask=random.random(2000) < 0.1 * missing),
            "a": random.normal(size=2000),
        }
    )
    frame = Decoder(signature).table(table)
    truth = np.where([hash_of(word) > 0 for word in frame["word"]], "yes", "no")
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    pipeline = make_pipeline(
        make_column_transformer((codes, ["word"]), ("passthrough", ["a"])),
        LGBMClassifier(n_estimators=15, verbose=-1, n_jobs=1, min_child_samples=5),
    ).fit(frame, truth, lgbmclassifier__categorical_feature=[0])
    new = Decoder(signature).table(
        pa.table({"word": [*words, None, "unseen"] * 5, "a": random.normal(size=310)})
    )
    parity = parity_on(pipeline, signature, new)
    assert parity.largest_difference < EXACT


def hash_of(word: str | None) -> int:
    return -1 if word is None else (int(word[1:]) * 7919) % 5 - 2


@pytest.mark.filterwarnings("ignore:Found unknown categories")
@pytest.mark.parametrize(
    "encoder",
    [
        OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=20),
        OneHotEncoder(handle_unknown="ignore", drop="first"),
        OneHotEncoder(handle_unknown="ignore", drop="if_binary", sparse_output=False),
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-7, min_frequency=20),
        OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=-2
        ),
        TargetEncoder(),
    ],
    ids=repr,
)
@pytest.mark.parametrize("labels", ["number", "three"])
def test_encoders_are_exact_for_gaps_and_labels_never_seen(encoder: Any, labels: str) -> None:
    classes = LABELS[labels]
    frame = rows(300)
    head = DecisionTreeClassifier() if classes else DecisionTreeRegressor()
    pipeline = prepared(head, encoder).fit(frame, target(frame, classes))
    new = rows(50, seed=3)
    new["word"] = np.resize(np.array(["x", None, "new", "rare"], dtype=object), 50)
    assert parity_on(pipeline, signature_for(classes), new).largest_difference < EXACT


@pytest.mark.parametrize(
    "step",
    [
        RobustScaler(),
        MinMaxScaler(),
        MinMaxScaler(clip=True),
        MaxAbsScaler(),
        FunctionTransformer(np.square),
        FunctionTransformer(),
        FeatureUnion(
            [("s", StandardScaler()), ("p", RobustScaler())], transformer_weights={"s": 3.0}
        ),
        Pipeline([("one", StandardScaler()), ("none", "passthrough"), ("two", MinMaxScaler())]),
        OneHotEncoder(handle_unknown="ignore", max_categories=4),
        ColumnTransformer([("first", StandardScaler(), [0])], remainder="passthrough"),
    ],
    ids=lambda step: repr(step)[:40],
)
def test_steps_on_numbers_are_exact(step: Any) -> None:
    frame = rows(300)
    pipeline = make_pipeline(
        make_column_transformer((SimpleImputer(strategy="median"), ["b", "a"])), step, Ridge()
    ).fit(frame[["a", "b"]], target(frame, ()))
    assert parity_on(pipeline, signature_for(()), rows(200, 1)).largest_difference < 1e-10


@pytest.mark.parametrize(
    "vectorizer",
    [
        CountVectorizer(),
        CountVectorizer(binary=True, lowercase=False, ngram_range=(2, 2)),
        TfidfVectorizer(ngram_range=(1, 3), sublinear_tf=True),
        TfidfVectorizer(norm="l1", use_idf=False),
        TfidfVectorizer(norm=None),
    ],
    ids=repr,
)
def test_texts_are_cut_into_the_same_words(vectorizer: Any) -> None:
    texts = [
        "Good day, good DAY",
        "a b cc",
        "",
        "Ünter der Brücke: 3 x_1",
        "good good good",
        "day!",
    ]
    signature = Signature(
        task=Task.REGRESSION, target="t", inputs=(Field(name="note", type=ColumnType.TEXT),)
    )
    frame = Decoder(signature).table(pa.table({"note": texts}))
    pipeline = make_pipeline(make_column_transformer((vectorizer, "note")), Ridge())
    pipeline.fit(frame, np.arange(6.0))
    new = [
        *texts,
        "day good good day",
        "ÜNTER-der\nbrücke",
        "?",
        "日本 語文 der",
        "x_1x_1 cc\x01cc",
    ]
    parity = parity_on(pipeline, signature, Decoder(signature).table(pa.table({"note": new})))
    assert parity.largest_difference < EXACT


@settings(max_examples=60, deadline=None)
@given(st.floats(min_value=-62135596800, max_value=253402300799))
def test_calendars_agree_on_every_second_of_ten_thousand_years(seconds: float) -> None:
    model, names = _calendar()
    from keepwell.features.calendar import PARTS, calendar_parts

    expected = calendar_parts(np.array([seconds, np.nan]))
    said = model.run(None, {"when": np.array([[seconds], [np.nan]])})
    np.testing.assert_array_equal(np.hstack(said), expected)
    assert names == list(PARTS)


def _calendar(known: list[Any] = []) -> Any:  # noqa: B006 (made once)
    if not known:
        from onnx import TensorProto

        from keepwell.deployment.onnx.writing import Graph
        from keepwell.deployment.onnx.writing.steps.dates import _Calendar
        from keepwell.features.calendar import PARTS
        from keepwell.features.networks.session import open_session

        graph = Graph()
        calendar = _Calendar(graph, graph.input("when", text=False).name)
        outputs = {part: (calendar.part(part), TensorProto.DOUBLE, 1) for part in PARTS}
        known += [open_session(graph.finish(outputs, {})), list(outputs)]
    return known


SINGLE = {
    "nearest": KNeighborsClassifier(),
    "network": MLPClassifier((8,), max_iter=30, random_state=0),
    "scaled": make_pipeline(QuantileTransformer(n_quantiles=50), LogisticRegression()),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", list(SINGLE))
def test_what_the_converters_write_is_measured(name: str) -> None:
    frame = rows(300)
    pipeline = prepared(SINGLE[name]).fit(frame, target(frame, ("no", "yes")))
    parity = parity_on(pipeline, signature_for(("no", "yes")), rows(300, 1))
    assert parity.rows == 300
    # Single precision: most rows agree, and those beyond are counted.
    assert parity.beyond <= 0.02
    assert (parity.largest_difference > 1e-5) == (parity.beyond > 0)


def test_a_transformer_of_the_converters_feeds_a_head_of_ours() -> None:
    frame = rows(300)
    pipeline = make_pipeline(
        make_column_transformer((NUMBERS, ["a", "b"])), PCA(2), LogisticRegression()
    ).fit(frame, target(frame, ("no", "yes")))
    assert parity_on(pipeline, signature_for(("no", "yes")), rows(200, 1)).largest_difference < 1e-5


@pytest.mark.parametrize("labels", ["pair", "number"])
def test_xgboost_is_written_by_onnxmltools(labels: str) -> None:
    xgboost = pytest.importorskip("xgboost", reason="the extra 'boost' is not installed")
    classes = (0, 1) if labels == "pair" else ()
    kind = xgboost.XGBClassifier if classes else xgboost.XGBRegressor
    frame = rows(300)
    pipeline = prepared(kind(n_estimators=10, n_jobs=1)).fit(frame, target(frame, classes))
    parity = parity_on(pipeline, signature_for(classes), rows(300, 1))
    assert parity.largest_difference < 1e-5


@pytest.mark.parametrize("labels", ["pair", "three", "number"])
def test_catboost_is_written_by_itself(labels: str) -> None:
    catboost = pytest.importorskip("catboost", reason="the extra 'boost' is not installed")
    classes = {"pair": ("no", "yes"), "three": (1, 2, 3), "number": ()}[labels]
    kind = catboost.CatBoostClassifier if classes else catboost.CatBoostRegressor
    model = kind(iterations=10, verbose=False, thread_count=1, allow_writing_files=False)
    frame = rows(300)
    pipeline = prepared(model).fit(frame, target(frame, classes))
    parity = parity_on(pipeline, signature_for(classes), rows(300, 1))
    assert parity.largest_difference < 1e-5


@pytest.mark.parametrize(
    ("pipeline", "told"),
    [
        (prepared(DummyClassifier(strategy="uniform", random_state=0)), "answers by chance"),
        (
            make_pipeline(
                make_column_transformer((FunctionTransformer(np.cbrt), ["b"])),
                LogisticRegression(),
            ),
            "calls <ufunc 'cbrt'>",
        ),
        (
            make_pipeline(
                make_column_transformer(
                    (CountVectorizer(analyzer="char"), "word"),
                ),
                LogisticRegression(),
            ),
            "analyzer='char'",
        ),
    ],
    ids=["chance", "function", "characters"],
)
def test_what_cannot_be_written_is_named(pipeline: Any, told: str) -> None:
    frame = rows(100)
    frame["word"] = frame["word"].fillna("none")
    pipeline.fit(frame, target(frame, ("no", "yes")))
    with pytest.raises(NotExportableError, match=told):
        to_onnx(pipeline, signature_for(("no", "yes")))


def test_a_signature_of_another_model_is_refused() -> None:
    frame = rows(100)
    pipeline = prepared(LogisticRegression()).fit(frame, target(frame, ("no", "yes")))
    with pytest.raises(NotExportableError, match="not those of its signature"):
        to_onnx(pipeline, signature_for(("no", "perhaps")))
    short = replace(signature_for(("no", "yes")), inputs=FRAME.signature.inputs[:2])
    with pytest.raises(NotExportableError, match="takes 'word'"):
        to_onnx(pipeline, short)
