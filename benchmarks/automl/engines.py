"""The engines: each is given training rows and seconds, and says what answers rows.

An answer is probabilities (in the order of the sorted class names) or numbers. An engine imports its own
libraries only, so that it can run in an interpreter of its own (`--python ENGINE=PATH`).
"""

import pickle
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253 - a benchmark is a program of its own

from benchmarks.automl.tables import Table

THREADS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """What an engine made.

    Attributes:
        answer: From a frame to probabilities or numbers.
        size: Returns the bytes of what has to be stored to serve it.
        request: What one row is when it arrives; the frame itself unless said.
        note: What it chose, and how it is served.
    """

    answer: Callable[[Any], Any]
    size: Callable[[], int]
    request: Callable[[pd.DataFrame], Any] = lambda frame: frame
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """How to run an engine.

    Attributes:
        package: What its interpreter must have.
        libraries: Loaded before the clock starts: the budget is for learning.
        fit: Learns.
        timed: It takes a budget; the others take what they take.
        ready: Starts what it needs before the clock starts.
    """

    package: str
    libraries: tuple[str, ...]
    fit: Callable[[Table, float], Learnt]
    timed: bool = True
    ready: Callable[[], None] = lambda: None


def keepwell(given: Table, seconds: float) -> Learnt:
    """Take the rows in and train as `keepwell run` does; answer by the scorer that it would serve."""
    import pyarrow as pa

    from keepwell.core.spec import DataSpec, SplitSpec, TrainSpec
    from keepwell.deployment.scoring import build_scorer_files, load_scorer
    from keepwell.training import Following, train

    start = time.perf_counter()
    rows, columns = _taken_in(given)
    seconds -= time.perf_counter() - start
    data = DataSpec(source="", target=given.target)
    # A tenth is enough to measure on: the benchmark has test rows of its own, drawn at random.
    split = SplitSpec(test=0.1, by="random")
    spec = TrainSpec(budget=seconds, metric=given.metric, split=split)
    # The scorer that is built and proven after the training is part of the budget too.
    following = Following(rows=2_000, seconds=0.3)
    trained = train(rows, columns, data, spec, following=following)
    files, proof = build_scorer_files(trained.pipeline, trained.signature, rows.slice(0, 500))
    scorer = load_scorer(files.__getitem__, trained.signature)
    order = np.argsort([str(label) for label in trained.signature.classes])

    def answer(frame: Any) -> Any:
        if isinstance(frame, list):
            found = scorer.rows(frame)
        else:
            found = scorer.batch(pa.Table.from_pandas(frame, preserve_index=False), lenient=True)
        if found.probabilities is None:
            return np.asarray(found.predictions)
        return found.probabilities[:, order]

    made = ", ".join(f"{name} {value}" for name, value in trained.params.items())
    served = "compiled" if proof.compiled else "not compiled"
    return Learnt(
        answer=answer,
        size=lambda: sum(len(file) for file in files.values()),
        # A request is a row of JSON; for the others it is a frame of one row.
        request=lambda frame: frame.drop(columns=given.target).to_dict("records"),
        note=f"{served}: {trained.learner} ({made})"[:300],
    )


def _taken_in(given: Table) -> tuple[Any, Sequence[Any]]:
    """Return the training rows as a project takes them in, with what each column was found to mean."""
    from keepwell.workspace import Workspace

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        given.train.to_csv(folder / "train.csv", index=False)
        (folder / "keepwell.yaml").write_text("data: {name: rows, source: train.csv}\n")
        with Workspace.open(folder) as workspace:
            version = workspace.datasets.ingest("rows", "train.csv", root=folder)
            return workspace.datasets.read(version), version.columns


def lightgbm(given: Table, seconds: float) -> Learnt:
    """Fit LightGBM as it comes."""
    import lightgbm

    kind = lightgbm.LGBMRegressor if given.kind == "regression" else lightgbm.LGBMClassifier
    return _fitted(kind(n_jobs=THREADS, verbose=-1, random_state=0), given, "category")


def catboost(given: Table, seconds: float) -> Learnt:
    """Fit CatBoost as it comes."""
    import catboost

    kind = catboost.CatBoostRegressor if given.kind == "regression" else catboost.CatBoostClassifier
    labels = [name for name in given.labels if name != given.target]
    model = kind(
        thread_count=THREADS, verbose=0, random_seed=0, allow_writing_files=False,
        cat_features=labels,
    )  # fmt: skip
    return _fitted(model, given, "str")


def histogram(given: Table, seconds: float) -> Learnt:
    """Fit scikit-learn's boosted trees as they come."""
    from sklearn import ensemble

    name = "Regressor" if given.kind == "regression" else "Classifier"
    kind = getattr(ensemble, f"HistGradientBoosting{name}")
    return _fitted(kind(random_state=0, categorical_features="from_dtype"), given, "category")


def flaml(given: Table, seconds: float) -> Learnt:
    """Let FLAML search."""
    from flaml import AutoML

    engine = AutoML()
    task = "regression" if given.kind == "regression" else "classification"
    engine.fit(
        X_train=_features(given.train, given, "category"), y_train=given.train[given.target],
        task=task, metric=given.metric, time_budget=seconds, n_jobs=THREADS, seed=0, verbose=0,
    )  # fmt: skip
    return _answering(engine, given, "category", note=str(engine.best_estimator))


def _fitted(model: Any, given: Table, labels: str) -> Learnt:
    model.fit(_features(given.train, given, labels), given.train[given.target])
    return _answering(model, given, labels)


def _answering(model: Any, given: Table, labels: str, note: str = "") -> Learnt:
    def answer(frame: pd.DataFrame) -> Any:
        rows = _features(frame, given, labels)
        return model.predict(rows) if given.kind == "regression" else model.predict_proba(rows)

    return Learnt(answer=answer, size=lambda: len(pickle.dumps(model)), note=note)


def _features(frame: pd.DataFrame, given: Table, labels: str = "str") -> pd.DataFrame:
    """Return the inputs; text as categories of the training rows, or as plain text without gaps."""
    rows = frame.drop(columns=given.target, errors="ignore").copy()
    for name in given.labels:
        if name == given.target:
            continue
        texts = rows[name].astype(object).where(rows[name].notna(), "missing").astype(str)
        if labels == "category":
            rows[name] = pd.Categorical(texts, categories=_known(given, name))
        else:
            rows[name] = texts
    return rows


_KNOWN: dict[str, list[str]] = {}


def _known(given: Table, name: str) -> list[str]:
    """Return a column's labels, sorted once: what is timed is the engine."""
    if name not in _KNOWN:
        _KNOWN[name] = sorted({str(value) for value in given.train[name].dropna()} | {"missing"})
    return _KNOWN[name]
