"""ONNX models from elsewhere are registered, measured, and served."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import keepwell as kw
from keepwell.core.errors import InvalidDataError, NotFoundError, UsageError

pytest.importorskip("onnx")
pytest.importorskip("skl2onnx")

COLUMNS = ["age", "height"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "keepwell.yaml").write_text(
        "project: visits\ndata: {source: none.csv, target: left}\n"
    )
    return tmp_path


def people(rows: int, seed: int) -> Any:
    import pandas as pd

    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"age": random.normal(40, 10, rows), "height": random.normal(170, 10, rows)}
    ).astype(np.float32)
    frame["left"] = np.where(frame.age * 4 + frame.height > 330, "yes", "no")
    return frame


def fitted(target: Any = None) -> tuple[Any, Any]:
    """Return a fitted classifier and new rows."""
    from sklearn.linear_model import LogisticRegression

    rows = people(300, seed=0)
    model = LogisticRegression(max_iter=1000).fit(
        rows[COLUMNS].to_numpy(), rows["left"] if target is None else target(rows)
    )
    return model, people(200, seed=1)


def converted(model: Any, **options: Any) -> bytes:
    from skl2onnx import to_onnx

    given = {id(model): options} if options else None
    data: bytes = to_onnx(
        model, np.zeros((1, 2), dtype=np.float32), options=given, target_opset=18
    ).SerializeToString()
    return data


@pytest.mark.parametrize("zipmap", [True, False])
def test_a_matrix_model_answers_as_it_did_at_home(folder: Path, zipmap: bool) -> None:
    model, rows = fitted()
    data = converted(model, **({} if zipmap else {"zipmap": False}))
    rows["said"] = model.predict_proba(rows[COLUMNS].to_numpy())[:, 1]
    with kw.Project(folder) as project:
        version = project.register(data, rows, "left", reference="said")
        assert version.signature.classes == ("no", "yes")
        assert [item.name for item in version.signature.inputs] == COLUMNS
        assert version.proof is not None
        assert version.proof.rows == 200
        assert version.proof.largest_difference <= 1e-5
        assert "0 of 200 rows differ" in version.proof.reason
        assert version.metrics["accuracy"].value > 0.95
        project.promote(version.version)
        answers = project.predict(rows[COLUMNS].to_dict("records"))
        assert answers == model.predict(rows[COLUMNS].to_numpy()).tolist()


def test_a_file_is_registered_by_its_path(folder: Path) -> None:
    model, rows = fitted()
    (folder / "model.onnx").write_bytes(converted(model))
    with kw.Project(folder) as project:
        assert project.register(folder / "model.onnx", rows, "left").learner == "onnx"
        with pytest.raises(NotFoundError, match=r"other\.onnx cannot be read"):
            project.register(folder / "other.onnx", rows, "left")


def test_a_reference_that_says_otherwise_is_another_model(folder: Path) -> None:
    model, rows = fitted()
    rows["said"] = 1 - model.predict_proba(rows[COLUMNS].to_numpy())[:, 1]
    with kw.Project(folder) as project, pytest.raises(InvalidDataError, match="otherwise"):
        project.register(converted(model), rows, "left", reference="said")


def test_codes_answer_by_the_labels_that_are_given(folder: Path) -> None:
    model, rows = fitted(lambda known: (known["left"] == "yes").astype(np.int64))
    with kw.Project(folder) as project:
        with pytest.raises(InvalidDataError, match="no class of the model"):
            project.register(converted(model), rows, "left")
        version = project.register(converted(model), rows, "left", classes=["no", "yes"])
        assert version.metrics["accuracy"].value > 0.95


def test_a_regression_is_known_by_its_numbers(folder: Path) -> None:
    from sklearn.linear_model import LinearRegression

    rows = people(100, seed=0)
    rows["left"] = rows.age * 2 + 1
    model = LinearRegression().fit(rows[COLUMNS].to_numpy(), rows["left"])
    rows["said"] = model.predict(rows[COLUMNS].to_numpy())
    with kw.Project(folder) as project:
        version = project.register(converted(model), rows, "left", reference="said")
        assert version.signature.classes == ()
        assert version.metrics["r2"].value > 0.999


def test_classes_of_a_scikit_learn_model_are_its_own(folder: Path) -> None:
    model, rows = fitted()
    with kw.Project(folder) as project, pytest.raises(UsageError, match="'classes' is for"):
        project.register(model, rows, "left", classes=["no", "yes"])
