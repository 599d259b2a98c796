# ruff: noqa: TID253 (the originals that compiled scorers are held against)
"""Estimators in whole pipelines: stored, proven, loaded, and asked by rows and by tables."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from catboost import CatBoostClassifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, RadiusNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC
from xgboost import XGBClassifier

from keepwell.core.records import Task
from keepwell.deployment.scoring import build_scorer_files, load_scorer
from keepwell.features import Decoder
from keepwell.infrastructure.codec import to_json

SEED: dict[str, Any] = {"random_state": 0}


ESTIMATORS: dict[str, Any] = {
    "forest": RandomForestClassifier(10, **SEED),
    "histogram": HistGradientBoostingClassifier(max_iter=5, **SEED),
    "neighbours": KNeighborsClassifier(),
    "perceptron": MLPClassifier((4,), max_iter=20, **SEED),
    "bagging": BaggingClassifier(LogisticRegression(), n_estimators=3, **SEED),
    "boosting": AdaBoostClassifier(n_estimators=5, **SEED),
    "calibrated": CalibratedClassifierCV(LinearSVC(), cv=2),
    "no probabilities": LinearSVC(),
    "catboost": CatBoostClassifier(iterations=5, verbose=0, allow_writing_files=False),
    "stacking": StackingClassifier(
        [("forest", RandomForestClassifier(5, **SEED)), ("svc", LinearSVC())], cv=2
    ),
}


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_whole_way(model_of: Callable[..., Any], name: str, task: Task) -> None:
    made = model_of(task, estimator=ESTIMATORS[name], flavour="linear")
    assert made.proof.compiled, made.proof.reason
    assert made.proof.rows > 60
    scorer = load_scorer(made.files.__getitem__, made.signature)
    table = made.table.slice(0, 30)
    expected = made.pipeline.predict(Decoder(made.signature).table(table)).ravel().tolist()
    assert scorer.batch(table).predictions == expected
    assert [scorer.rows([row]).predictions[0] for row in table.to_pylist()] == expected


def test_xgboost_the_whole_way(model_of: Callable[..., Any]) -> None:
    coded = model_of(task=Task.MULTICLASS)
    pipeline = make_pipeline(
        make_column_transformer((StandardScaler(), ["age", "visits"])),
        XGBClassifier(n_estimators=5, n_jobs=1),
    )
    frame = Decoder(coded.signature).table(coded.table)
    pipeline.fit(frame, np.arange(len(frame)) % 3)
    files, proof = build_scorer_files(pipeline, coded.signature, coded.table)
    assert proof.compiled, proof.reason
    assert proof.largest_difference == 0.0
    assert "xgboost.ubj" in files


@pytest.mark.parametrize("voting", ["soft", "hard"])
def test_members_may_take_the_table_by_pipelines_of_their_own(
    model_of: Callable[..., Any], voting: str
) -> None:
    plain = model_of()
    numbers = make_column_transformer((SimpleImputer(), ["age", "visits"]))
    labels = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["colour"]), ("passthrough", ["visits"])
    )
    vote = VotingClassifier(
        [
            ("numbers", make_pipeline(numbers, RandomForestClassifier(5, **SEED))),
            ("labels", make_pipeline(labels, LogisticRegression(max_iter=1000))),
            ("uncovered", make_pipeline(labels, RadiusNeighborsClassifier(1e9))),
        ],
        voting=voting,
    )
    frame = Decoder(plain.signature).table(plain.table)
    vote.fit(frame, np.where(plain.table["visits"].to_numpy() > 20, "Yes", "No"))
    files, proof = build_scorer_files(vote, plain.signature, plain.table)
    assert proof.compiled, proof.reason
    assert proof.rows > 60
    assert b"RadiusNeighborsClassifier" in files["scorer.json"]
    scorer = load_scorer(files.__getitem__, plain.signature)
    assert scorer.batch(plain.table).predictions == vote.predict(frame).tolist()


@pytest.mark.parametrize("name", ["forest", "catboost", "xgboost"])
def test_a_worker_needs_no_python_package_of_the_library(
    model_of: Callable[..., Any], a_row: dict[str, Any], tmp_path: Path, name: str
) -> None:
    made = model_of(estimator=ESTIMATORS.get(name, RandomForestClassifier(2)), flavour="linear")
    signature, files = made.signature, made.files
    if name == "xgboost":
        pipeline = make_pipeline(
            make_column_transformer((SimpleImputer(), ["age", "visits"])),
            XGBClassifier(n_estimators=5, n_jobs=1),
        )
        frame = Decoder(signature).table(made.table)
        pipeline.fit(frame, np.arange(len(frame)) % 2)
        files, proof = build_scorer_files(pipeline, signature, made.table)
        assert proof.compiled, proof.reason
    for file, data in files.items():
        (tmp_path / file).write_bytes(data)
    (tmp_path / "signature").write_bytes(to_json(signature))
    (tmp_path / "row").write_bytes(msgspec.json.encode(a_row))
    program = (
        "import json, sys; from pathlib import Path\n"
        "from keepwell.core.records import Signature\n"
        "from keepwell.deployment.scoring import load_scorer\n"
        "from keepwell.infrastructure.codec import from_json\n"
        "at = Path(sys.argv[1]); read = lambda name: (at / name).read_bytes()\n"
        "scorer = load_scorer(read, from_json(Signature, read('signature')))\n"
        "scorer.rows([json.loads(read('row'))])\n"
        "print(*{name.partition('.')[0] for name in sys.modules})\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    heavy = {"pandas", "sklearn", "lightgbm", "xgboost", "catboost", "scipy", "skops", "pyarrow"}
    assert heavy & set(output.split()) == set()
