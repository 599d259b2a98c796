"""The target `onnx`: one file, and how far it is from the version."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from keepwell.core.records import Bundle, BundleFile, ModelVersion
from keepwell.deployment.targets import Exportable, export

pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
pytest.importorskip("onnxruntime", reason="the extra 'onnx' is not installed")


def test_any_runtime_can_read_it(model_of: Callable[..., Any], tmp_path: Path) -> None:
    import onnxruntime

    made = model_of()
    names = [BundleFile(name=name, digest="", size=1) for name in made.files]
    version = ModelVersion(
        model="churn",
        version=1,
        run="r",
        bundle=Bundle(files=tuple(names)),
        signature=made.signature,
        metric="m",
    )
    told = export(
        "onnx",
        Exportable(
            version=version,
            endpoint="churn",
            read=made.files.__getitem__,
            rows=lambda most: made.table.slice(0, most),
        ),
        tmp_path / "out",
    )
    assert told.parity is not None
    assert told.parity.rows == 400
    assert told.parity.largest_difference < 1e-12
    assert told.figures["share_of_rows_beyond_1e-5"] == 0.0
    assert json.loads((tmp_path / "out" / "parity.json").read_text())["rows"] == 400
    session = onnxruntime.InferenceSession((tmp_path / "out" / "model.onnx").read_bytes())
    label, probabilities = session.run(
        ["label", "probabilities"],
        {
            "age": np.array([[41.5]]),
            "visits": np.array([[12.0]]),
            "member": np.array([[1.0]]),
            "colour": np.array([["red"]], dtype=object),
            "since": np.array([[1.58e9]]),
            "note": np.array([["good luck"]], dtype=object),
        },
    )
    assert label.tolist()[0] in made.signature.classes
    assert probabilities.sum() == pytest.approx(1.0)


def test_parity_is_kept_with_the_version(keepwell_project: Any, tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    project, rows = keepwell_project
    from sklearn.compose import make_column_transformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    inner = make_column_transformer(
        ("passthrough", ["age"]), (OneHotEncoder(handle_unknown="ignore"), ["plan"])
    )
    pipeline = make_pipeline(inner, LogisticRegression(max_iter=500)).fit(
        rows[["age", "plan"]], rows["left"]
    )
    version = project.register(pipeline, rows, "left")
    from keepwell.cli.main import run

    folder = project.workspace.root
    assert run(["export", "onnx", "1", "-o", str(tmp_path / "out"), "-C", str(folder)]) == 0
    kept = project.workspace.registry.get(version.model, version.version).parity
    assert kept is not None
    assert kept.rows > 100
    assert kept.largest_difference < 1e-12


@pytest.fixture
def keepwell_project(tmp_path: Path) -> Any:
    import pandas as pd

    import keepwell as kw

    (tmp_path / "keepwell.yaml").write_text(
        "project: visits\ndata: {source: none.csv, target: left}\n"
    )
    random = np.random.default_rng(0)
    rows = pd.DataFrame(
        {"age": random.integers(18, 80, 200).astype(float), "plan": random.choice(["a", "b"], 200)}
    )
    rows["left"] = np.where(rows.age > 50, "yes", "no")
    with kw.Project(tmp_path) as project:
        yield project, rows
