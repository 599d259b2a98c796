# ruff: noqa: TID253, E402 (PyTorch is what is tested, where it is installed)
# mypy: disable-error-code="misc"
# Where PyTorch is not installed its classes are of any type, and nothing may be derived from such.
"""PyTorch modules are registered and served: as ONNX where they can be, else as TorchScript."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import keepwell as kw
from keepwell.core.errors import InvalidDataError

torch = pytest.importorskip("torch", reason="the extra 'torch' is not installed")
pytest.importorskip("onnxscript", reason="the extra 'torch' is not installed")
pytest.importorskip("onnxruntime", reason="the extra 'onnx' is not installed")

from torch import Tensor, nn


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "keepwell.yaml").write_text(
        "project: spots\ndata: {source: no.csv, target: kind}\n"
    )
    return tmp_path


def spots(rows: int) -> Any:
    import pandas as pd

    random = np.random.default_rng(1)
    frame = pd.DataFrame(random.normal(0, 1, (rows, 2)), columns=["x", "y"]).astype(np.float32)
    frame["kind"] = np.where(frame.x + frame.y > 0, "up", "down")
    return frame


def network(outputs: int) -> Any:
    """Return a small network that knows the answer: its scores are sums of the columns."""
    torch.manual_seed(0)
    last = nn.Linear(2, outputs)
    with torch.no_grad():
        last.weight.copy_(torch.tensor([[-3.0, -3.0], [3.0, 3.0]])[-outputs:])
        last.bias.zero_()
    return nn.Sequential(nn.Dropout(0.5), last)


def test_logits_become_probabilities_in_onnxruntime(folder: Path) -> None:
    rows = spots(200)
    module = network(2).train()
    with kw.Project(folder) as project:
        version = project.register(module, rows, "kind")
        assert module.training  # it is left as it was
        assert version.signature.classes == ("down", "up")
        assert version.proof is not None
        assert version.proof.rows == 200
        assert version.proof.largest_difference <= 1e-5
        assert "written as ONNX" in version.proof.reason
        assert "softmax" in version.proof.reason
        assert version.metrics["accuracy"].value == 1.0
        assert version.bundle.file("model.onnx") is not None
        answers = project.predict([{"x": 2.0, "y": 1.0}, {"x": -1.0, "y": 0.5}], version.version)
        assert answers == ["up", "down"]


class Columnwise(nn.Module):
    """One score a row, of columns that it takes by name."""

    def forward(self, y: Any, x: Any) -> Any:
        return 3 * x + y - y + 3 * y


def test_columns_go_to_the_arguments_of_their_name(folder: Path) -> None:
    with kw.Project(folder) as project:
        version = project.register(Columnwise(), spots(100), "kind")
        assert version.proof is not None
        assert "sigmoid" in version.proof.reason
        assert version.metrics["accuracy"].value == 1.0


class Branching(nn.Module):
    """Its control flow depends on values, so that it has no ONNX form."""

    def forward(self, rows: Tensor) -> Tensor:
        if bool(rows.sum() > 1e6):
            rows = -rows
        scores: Tensor = torch.sigmoid(3 * rows.sum(1, keepdim=True))
        return scores


def test_what_has_no_onnx_form_is_served_as_torchscript(folder: Path) -> None:
    with kw.Project(folder) as project:
        version = project.register(Branching(), spots(100), "kind")
        assert version.proof is not None
        assert "runs as TorchScript" in version.proof.reason
        assert version.metrics["accuracy"].value == 1.0
        names = [file.name for file in version.bundle.files]
        assert "model.torchscript" in names
        assert project.predict([{"x": 2.0, "y": 1.0}], version.version) == ["up"]


class Opaque(nn.Module):
    """Neither exporter can follow it."""

    def forward(self, rows: Any) -> Any:
        return torch.tensor(json.loads(json.dumps(rows.sum(1, keepdim=True).tolist())))


def test_what_cannot_be_written_is_refused_not_pickled(folder: Path) -> None:
    with kw.Project(folder) as project, pytest.raises(InvalidDataError, match="neither as ONNX"):
        project.register(Opaque(), spots(50), "kind")


def test_rows_of_another_shape_are_named(folder: Path) -> None:
    rows = spots(50).assign(z=1.0)
    with kw.Project(folder) as project, pytest.raises(InvalidDataError, match="does not take"):
        project.register(network(2), rows, "kind")


def test_text_has_no_place_in_a_module(folder: Path) -> None:
    rows = spots(50).assign(x="a")
    with kw.Project(folder) as project, pytest.raises(InvalidDataError, match="'x' holds text"):
        project.register(network(2), rows, "kind")


def test_answers_from_elsewhere_must_agree(folder: Path) -> None:
    rows = spots(100).assign(said="up")
    with kw.Project(folder) as project, pytest.raises(InvalidDataError, match="otherwise"):
        project.register(network(2), rows, "kind", reference="said")


def test_a_program_without_pytorch_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    from keepwell.core.errors import MissingExtraError
    from keepwell.core.records import Signature, Task
    from keepwell.deployment.scoring import load_scorer

    monkeypatch.setitem(sys.modules, "torch", None)
    files = {
        "scorer.json": b'{"format": 1, "runs": "model.torchscript"}',
        "model.torchscript": b"",
    }
    signature = Signature(task=Task.REGRESSION, target="t", inputs=())
    with pytest.raises(MissingExtraError, match=r"pip install 'keepwell\[torch\]'"):
        load_scorer(files.__getitem__, signature)
