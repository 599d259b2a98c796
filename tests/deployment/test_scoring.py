# ruff: noqa: TID253 (the originals that compiled scorers are held against)
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import RadiusNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from keepwell.core.errors import FormatError, InvalidRequestError, TrainingError
from keepwell.core.records import Task
from keepwell.deployment.scoring import build_scorer_files, load_scorer
from keepwell.deployment.scoring.compilation import Compiled, read_pipeline
from keepwell.deployment.scoring.original import Original
from keepwell.deployment.scoring.proof import TOLERANCE, _prove
from keepwell.features import Decoder
from keepwell.infrastructure.codec import to_json

TASKS = [Task.BINARY, Task.MULTICLASS, Task.REGRESSION]  # of which others are made
FLAVOURS = ["tree", "linear"]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_rows_batches_and_the_pipeline_answer_alike(
    model_of: Callable[..., Any], task: Task, flavour: str
) -> None:
    made = model_of(task, flavour=flavour)
    scorer = load_scorer(made.files.__getitem__, made.signature)
    assert scorer.compiled
    assert made.proof.compiled
    assert made.proof.rows > 60  # the sample, and rows that were hurt
    assert made.proof.largest_difference <= (0.0 if flavour == "tree" else 1e-9)
    table = made.table.slice(0, 40)
    frame = Decoder(made.signature).table(table)
    batch = scorer.batch(table)
    rows = [scorer.rows([row]) for row in table.to_pylist()]
    many = scorer.rows(table.to_pylist())
    for answers in ([row.predictions[0] for row in rows], many.predictions):
        if task is Task.REGRESSION:
            np.testing.assert_allclose(answers, batch.predictions, rtol=1e-9)
        else:
            assert answers == batch.predictions
    if task is Task.REGRESSION:
        assert batch.probabilities is None
        np.testing.assert_allclose(batch.predictions, made.pipeline.predict(frame), rtol=1e-9)
    else:
        assert batch.predictions == made.pipeline.predict(frame).tolist()
        expected = made.pipeline.predict_proba(frame)
        assert batch.probabilities is not None
        np.testing.assert_allclose(batch.probabilities, expected, atol=1e-9)
        stacked = np.vstack([row.probabilities for row in rows if row.probabilities is not None])
        np.testing.assert_allclose(stacked, expected, atol=1e-9)


def test_no_rows_give_no_answers(model_of: Callable[..., Any]) -> None:
    made = model_of()
    scorer = load_scorer(made.files.__getitem__, made.signature)
    for scores in (scorer.rows([]), scorer.batch(made.table.slice(0, 0))):
        assert scores.predictions == []
        assert scores.probabilities is not None
        assert scores.probabilities.shape == (0, 2)


def test_classes_come_in_the_order_of_the_signature(model_of: Callable[..., Any]) -> None:
    made = model_of()
    turned = replace(made.signature, classes=("Yes", "No"))
    files, proof = build_scorer_files(made.pipeline, turned, made.table.slice(0, 20))
    assert proof.compiled
    one = load_scorer(made.files.__getitem__, made.signature).batch(made.table)
    two = load_scorer(files.__getitem__, turned).batch(made.table)
    assert one.probabilities is not None
    assert two.probabilities is not None
    np.testing.assert_array_equal(one.probabilities, two.probabilities[:, ::-1])
    assert one.predictions == two.predictions


def test_what_cannot_be_compiled_runs_as_it_is(model_of: Callable[..., Any]) -> None:
    made = model_of()
    table = made.table.select(["visits", "member"])
    signature = replace(
        made.signature,
        inputs=tuple(item for item in made.signature.inputs if item.name in table.column_names),
    )
    frame = Decoder(signature).table(table)
    fitted = RadiusNeighborsClassifier(1e6).fit(frame, table["visits"].to_numpy() > 20)
    signature = replace(signature, classes=(False, True))
    files, proof = build_scorer_files(fitted, signature, table)
    assert not proof.compiled
    assert "RadiusNeighborsClassifier" in proof.reason
    scorer = load_scorer(files.__getitem__, signature)
    assert not scorer.compiled
    scores = scorer.batch(table)
    np.testing.assert_array_equal(scores.probabilities, fitted.predict_proba(frame))
    rows = table.slice(0, 3).to_pylist()
    assert scorer.rows(rows).predictions == scores.predictions[:3]
    assert scorer.rows([]).predictions == []


def test_a_copy_that_differs_is_not_used(model_of: Callable[..., Any]) -> None:
    made = model_of(estimator=LogisticRegression(), flavour="linear", seed=5)
    sound = made.pipeline.predict_proba

    class Crooked(type(made.pipeline)):  # type: ignore[misc]
        def predict_proba(self, frame: Any) -> Any:
            return sound(frame) * 0.999

    files: dict[str, bytes] = {}
    data = read_pipeline(made.pipeline, made.signature, files)
    crooked = Crooked(made.pipeline.steps)
    frame = Decoder(made.signature).table(made.table)
    columns = [frame[name].to_numpy() for name in frame.columns]
    rows, largest = _prove(
        Compiled(data, files.__getitem__),
        Original(crooked, made.signature),
        columns,
        made.signature,
    )
    assert rows > 400
    assert largest > TOLERANCE


def test_a_type_that_nobody_reviewed_is_refused(model_of: Callable[..., Any]) -> None:
    made = model_of(flavour="linear")
    strange = Pipeline(
        [("call", FunctionTransformer(subprocess.check_output)), *made.pipeline.steps]
    )
    with pytest.raises(TrainingError, match="check_output"):
        build_scorer_files(strange, made.signature, made.table.slice(0, 5))


def test_a_wrong_type_names_the_column(model_of: Callable[..., Any], a_row: dict[str, Any]) -> None:
    made = model_of()
    scorer = load_scorer(made.files.__getitem__, made.signature)
    with pytest.raises(InvalidRequestError, match="'visits'"):
        scorer.rows([a_row, a_row | {"visits": "many"}])


def test_a_batch_may_be_lenient_about_gaps(model_of: Callable[..., Any]) -> None:
    made = model_of()
    scorer = load_scorer(made.files.__getitem__, made.signature)
    table = made.table.drop_columns(["visits"])
    with pytest.raises(InvalidRequestError, match="'visits'"):
        scorer.batch(table)
    assert len(scorer.batch(table, lenient=True).predictions) == table.num_rows


def test_a_scorer_of_a_newer_format_is_refused(model_of: Callable[..., Any]) -> None:
    made = model_of()
    newer = msgspec.json.decode(made.files["scorer.json"]) | {"format": 3}
    files = made.files | {"scorer.json": msgspec.json.encode(newer)}
    with pytest.raises(FormatError, match="format 3"):
        load_scorer(files.__getitem__, made.signature)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_compiled_scorer_needs_no_heavy_library(
    model_of: Callable[..., Any], a_row: dict[str, Any], tmp_path: Path, flavour: str
) -> None:
    made = model_of(flavour=flavour)
    for name, data in made.files.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "signature").write_bytes(to_json(made.signature))
    (tmp_path / "row").write_bytes(msgspec.json.encode(a_row))
    program = (
        "import json, sys; from pathlib import Path\n"
        "import keepwell.deployment.server.worker\n"
        "from keepwell.core.records import Signature\n"
        "from keepwell.deployment.scoring import load_scorer\n"
        "from keepwell.infrastructure.codec import from_json\n"
        "at = Path(sys.argv[1]); read = lambda name: (at / name).read_bytes()\n"
        "scorer = load_scorer(read, from_json(Signature, read('signature')))\n"
        "print(scorer.rows([json.loads(read('row'))]).predictions[0])\n"
        "print(*{name.partition('.')[0] for name in sys.modules})\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    prediction, modules = output.splitlines()
    expected = load_scorer(made.files.__getitem__, made.signature).rows([a_row]).predictions[0]
    assert prediction == expected
    assert (
        set(modules.split())
        & {"pandas", "pyarrow", "sklearn", "lightgbm", "scipy", "skops", "sqlalchemy", "duckdb"}
        == set()
    )
