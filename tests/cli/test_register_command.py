"""`keepwell models register`: an ONNX file becomes a version."""

from pathlib import Path
from typing import Any

import pytest

onnx = pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
pytest.importorskip("onnxruntime", reason="the extra 'onnx' is not installed")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with a model that says yes where twice the age exceeds the height."""
    from onnx import TensorProto, helper

    (tmp_path / "keepwell.yaml").write_text(
        "project: visits\ndata: {source: none.csv, target: left}\n"
    )
    lines = [f"{age},{height},{'yes' if 2 * age > height else 'no'}" for age, height in ROWS]
    (tmp_path / "test.csv").write_text("\n".join(["age,height,left", *lines]) + "\n")
    nodes = [
        helper.make_node("MatMul", ["rows", "weights"], ["sum"]),
        helper.make_node("Sigmoid", ["sum"], ["probability"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, 2])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None, 1])],
        [helper.make_tensor("weights", TensorProto.FLOAT, [2, 1], [2.0, -1.0])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    monkeypatch.chdir(tmp_path)
    return tmp_path


ROWS = [(age, height) for age in range(60, 100, 2) for height in range(151, 191, 4)]


def test_a_file_becomes_a_version(keepwell: Any, folder: Path) -> None:
    ended = keepwell("models", "register", "model.onnx", "--rows", "test.csv", "--json")
    assert ended.code == 0, ended.err
    version = ended.document
    assert version["version"] == 1
    assert version["signature"]["classes"] == ["no", "yes"]
    assert [item["name"] for item in version["signature"]["inputs"]] == ["age", "height"]
    assert version["metrics"]["accuracy"]["value"] == 1.0
    assert version["gate"]["passed"]
    shown = keepwell("models", "show").out
    assert "no: an ONNX model runs as it is, in onnxruntime" in shown
    told = keepwell("models", "register", "model.onnx", "--rows", "test.csv", "--classes", "no,yes")
    assert "model visits/" in told.out
    assert keepwell("models", "promote", "1").code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["other.onnx", "--rows", "test.csv"], "other.onnx cannot be read"),
        (["test.csv", "--rows", "test.csv"], "not an ONNX model"),
        (["model.onnx", "--rows", "other.csv"], "other.csv"),
        (["model.onnx", "--rows", "test.csv", "--target", "lefft"], "did you mean 'left'?"),
        (["model.onnx", "--rows", "test.csv", "--classes", "no,yes,why"], "has 1 columns"),
        (["model.onnx", "--rows", "test.csv", "--reference", "said"], "no column 'said'"),
    ],
)
def test_refusals(keepwell: Any, folder: Path, words: list[str], told: str) -> None:
    ended = keepwell("models", "register", *words)
    assert ended.code == 1
    assert told in ended.err
