"""A GPU is used where it is there, pays, and works; else the CPU, with one line that says so."""

from pathlib import Path

import numpy as np
import pytest

from keepwell.training import devices
from keepwell.training.devices import WORTH_IT, gpus, on_gpu_or_cpu
from keepwell.training.learners import Fitted
from keepwell.training.problem import Matrix

LARGE = Matrix(values=np.broadcast_to(np.zeros(1), (WORTH_IT, 1)))
SMALL = Matrix(values=np.zeros((10, 2)))


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    devices._listed.cache_clear()
    devices._say_once.cache_clear()
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(devices, "_asked", tuple)


def driver(folder: Path, *names: str) -> Path:
    for at, name in enumerate(names):
        (folder / str(at)).mkdir(parents=True)
        (folder / str(at) / "information").write_text(f"Model: \t\t {name}\nIRQ: 1\n")
    return folder


def test_reads_the_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = driver(tmp_path / "gpus", "NVIDIA H100", "NVIDIA A10")
    assert gpus(found) == ("NVIDIA H100", "NVIDIA A10")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert gpus(found) == ("NVIDIA H100",)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert gpus(found) == ()


def test_finds_none_where_there_is_no_driver(tmp_path: Path) -> None:
    assert gpus(tmp_path / "none") == ()


def tried(matrix: Matrix, *, able: bool = True, works: bool = True) -> tuple[list[str], Fitted]:
    used: list[str] = []

    def fit(device: str) -> Fitted:
        used.append(device)
        if device == "cuda" and not works:
            raise RuntimeError("CUDA driver version is insufficient\nsee the manual")
        return Fitted(model=device)

    return used, on_gpu_or_cpu("XGBoost", matrix, lambda: able, fit, gpu="cuda", cpu="cpu")


def test_uses_it_where_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "gpus", lambda: ("NVIDIA H100",))
    assert tried(LARGE)[0] == ["cuda"]
    assert tried(LARGE)[1].note == ""
    assert tried(SMALL)[0] == ["cpu"]


def test_falls_back_with_one_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(devices, "gpus", lambda: ("NVIDIA H100",))
    used, fitted = tried(LARGE, works=False)
    tried(LARGE, works=False)
    assert used == ["cuda", "cpu"]
    assert fitted.note == (
        "XGBoost ran on the CPU although there is a NVIDIA H100: CUDA driver version is insufficient"
    )
    assert [record.getMessage() for record in caplog.records] == [fitted.note]


def test_says_that_the_library_knows_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "gpus", lambda: ("NVIDIA H100",))
    used, fitted = tried(LARGE, able=False)
    assert used == ["cpu"]
    assert "built without GPU support" in fitted.note


def test_says_nothing_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "gpus", tuple)
    assert tried(LARGE) == (["cpu"], Fitted(model="cpu"))
