"""The engines: each is given training rows and seconds, and answers rows.

An engine returns a function from a frame to probabilities (in the order of the sorted class names) or to
numbers. What is not installed is left out.
"""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253 - a benchmark is a program of its own

from benchmarks.automl.tables import Table

Answer = Callable[[pd.DataFrame], Any]
_THREADS = 2


def engines() -> dict[str, Callable[[Table, float], Answer]]:
    """Return the engines that can run here, by name."""
    known = {
        "keepwell": ("keepwell", _keepwell),
        "lightgbm": ("lightgbm", _lightgbm),
        "catboost": ("catboost", _catboost),
        "histogram": ("sklearn", _histogram),
        "flaml": ("flaml", _flaml),
        "autogluon": ("autogluon.tabular", _autogluon),
    }
    return {name: engine for name, (needs, engine) in known.items() if _present(needs)}


def _present(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _keepwell(given: Table, seconds: float) -> Answer:
    import pyarrow as pa

    from keepwell.core.spec import DataSpec, SplitSpec, TrainSpec
    from keepwell.deployment.scoring import build_scorer_files, load_scorer
    from keepwell.training import train

    rows = pa.Table.from_pandas(given.train, preserve_index=False)
    data = DataSpec(source="", target=given.target)
    # A tenth is enough to measure on: the benchmark has test rows of its own.
    spec = TrainSpec(budget=seconds, metric=given.metric, split=SplitSpec(test=0.1))
    trained = train(rows, _columns(rows), data, spec)
    files, _ = build_scorer_files(trained.pipeline, trained.signature, rows.slice(0, 500))
    scorer = load_scorer(files.__getitem__, trained.signature)
    labels = [str(label) for label in trained.signature.classes]
    order = np.argsort(labels)

    def answer(frame: Any) -> Any:
        if isinstance(frame, list):
            found = scorer.rows(frame)
        else:
            found = scorer.batch(pa.Table.from_pandas(frame, preserve_index=False), lenient=True)
        if found.probabilities is None:
            return np.asarray(found.predictions)
        return found.probabilities[:, order]

    # A request is a row of JSON; for the others it is a frame of one row.
    answer.request = lambda frame: frame.drop(columns=given.target).to_dict("records")  # type: ignore[attr-defined]
    return answer


def _columns(rows: Any) -> list[Any]:
    import pyarrow as pa

    from keepwell.core.records import Column, ColumnType

    kinds = [
        (pa.types.is_floating, ColumnType.NUMBER),
        (pa.types.is_integer, ColumnType.INTEGER),
        (pa.types.is_boolean, ColumnType.BOOLEAN),
    ]
    return [
        Column(
            name=field.name,
            type=next((kind for holds, kind in kinds if holds(field.type)), ColumnType.CATEGORY),
        )
        for field in rows.schema
    ]


def _lightgbm(given: Table, seconds: float) -> Answer:
    import lightgbm

    kind = lightgbm.LGBMRegressor if given.kind == "regression" else lightgbm.LGBMClassifier
    return _fitted(kind(n_jobs=_THREADS, verbose=-1, random_state=0), given, "category")


def _catboost(given: Table, seconds: float) -> Answer:
    import catboost

    kind = catboost.CatBoostRegressor if given.kind == "regression" else catboost.CatBoostClassifier
    labels = list(_features(given.train, given).select_dtypes(exclude="number").columns)
    model = kind(
        thread_count=_THREADS, verbose=0, random_seed=0, allow_writing_files=False,
        cat_features=labels,
    )  # fmt: skip
    return _fitted(model, given, "str")


def _histogram(given: Table, seconds: float) -> Answer:
    from sklearn import ensemble

    name = "Regressor" if given.kind == "regression" else "Classifier"
    kind = getattr(ensemble, f"HistGradientBoosting{name}")
    return _fitted(kind(random_state=0, categorical_features="from_dtype"), given, "category")


def _flaml(given: Table, seconds: float) -> Answer:
    from flaml import AutoML

    engine = AutoML()
    task = "regression" if given.kind == "regression" else "classification"
    engine.fit(
        X_train=_features(given.train, given, "category"), y_train=given.train[given.target],
        task=task, metric=given.metric, time_budget=seconds, n_jobs=_THREADS, seed=0, verbose=0,
    )  # fmt: skip
    return _answering(engine, given, "category")


def _autogluon(given: Table, seconds: float) -> Answer:
    import tempfile

    from autogluon.tabular import TabularPredictor

    metric = {"rmse": "root_mean_squared_error"}.get(given.metric, given.metric)
    engine = TabularPredictor(
        label=given.target, eval_metric=metric, path=tempfile.mkdtemp(), verbosity=0
    )
    engine.fit(given.train, time_limit=seconds, presets="medium_quality", num_cpus=_THREADS)

    def answer(frame: pd.DataFrame) -> Any:
        if given.kind == "regression":
            return engine.predict(frame).to_numpy()
        found = engine.predict_proba(frame)
        return found[sorted(found.columns, key=str)].to_numpy()

    return answer


def _fitted(model: Any, given: Table, labels: str) -> Answer:
    model.fit(_features(given.train, given, labels), given.train[given.target])
    return _answering(model, given, labels)


def _answering(model: Any, given: Table, labels: str) -> Answer:
    def answer(frame: pd.DataFrame) -> Any:
        rows = _features(frame, given, labels)
        return model.predict(rows) if given.kind == "regression" else model.predict_proba(rows)

    return answer


def _features(frame: pd.DataFrame, given: Table, labels: str = "str") -> pd.DataFrame:
    """Return the inputs; text as categories of the training rows, or as plain text without gaps."""
    rows = frame.drop(columns=given.target, errors="ignore").copy()
    for name in rows.select_dtypes(exclude="number").columns:
        texts = rows[name].astype(object).where(rows[name].notna(), "missing").astype(str)
        if labels == "category":
            known = sorted({str(value) for value in given.train[name].dropna()} | {"missing"})
            rows[name] = pd.Categorical(texts, categories=known)
        else:
            rows[name] = texts
    return rows
