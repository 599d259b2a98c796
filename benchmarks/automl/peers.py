"""Whole stacks beside ours, which live in interpreters of their own."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253 - a benchmark is a program of its own

from benchmarks.automl.engines import THREADS, Learnt
from benchmarks.automl.tables import Table


def autogluon(given: Table, seconds: float, presets: str) -> Learnt:
    """Let AutoGluon fit a preset; its models stay in memory to answer, as a server would keep them."""
    from autogluon.tabular import TabularPredictor

    metric = {"rmse": "root_mean_squared_error"}.get(given.metric, given.metric)
    folder = tempfile.mkdtemp(prefix="autogluon-")
    engine = TabularPredictor(
        label=given.target, problem_type=given.kind, eval_metric=metric, path=folder, verbosity=0
    )
    engine.fit(given.train, time_limit=seconds, presets=presets, num_cpus=THREADS)
    engine.persist()

    def answer(frame: pd.DataFrame) -> Any:
        if given.kind == "regression":
            return engine.predict(frame).to_numpy()
        found = engine.predict_proba(frame)
        return found[sorted(found.columns, key=str)].to_numpy()

    return Learnt(answer=answer, size=lambda: _weight(Path(folder)), note=str(engine.model_best))


def start_h2o() -> None:
    """Start the Java process."""
    import h2o

    h2o.init(nthreads=THREADS, verbose=False)
    h2o.no_progress()


def h2o(given: Table, seconds: float) -> Learnt:
    """Let H2O's AutoML search; its leader is asked through its own server."""
    import h2o as library
    from h2o.automl import H2OAutoML

    kinds = {name: "enum" if name in given.labels else "numeric" for name in given.train}

    def frame_of(rows: pd.DataFrame) -> Any:
        return library.H2OFrame(rows, column_types=[kinds[name] for name in rows])

    rows = frame_of(given.train)
    metric = {"roc_auc": "AUC", "log_loss": "logloss", "rmse": "RMSE"}[given.metric]
    engine = H2OAutoML(max_runtime_secs=round(seconds), seed=1, sort_metric=metric)
    engine.train(y=given.target, training_frame=rows)
    leader = engine.leader

    def answer(frame: pd.DataFrame) -> Any:
        said = leader.predict(frame_of(frame)).as_data_frame(use_multi_thread=False)
        if given.kind == "regression":
            return said["predict"].to_numpy()
        found = said.drop(columns="predict")
        return found[sorted(found.columns)].to_numpy(dtype=np.float64)

    def size() -> int:
        # Its own format: the MOJO may no longer be written by the free edition.
        return Path(library.save_model(leader, tempfile.mkdtemp(prefix="h2o-"))).stat().st_size

    return Learnt(answer=answer, size=size, note=str(leader.model_id))


def _weight(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
