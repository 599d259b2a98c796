import json
import os
import platform
import stat
from pathlib import Path

import numpy
import pytest

from keepwell.tracking import environment


@pytest.fixture
def fresh() -> None:
    environment.capture.cache_clear()


@pytest.mark.usefixtures("fresh")
def test_it_names_packages_python_and_hardware() -> None:
    seen = environment.capture()
    assert seen["packages"]["numpy"] == numpy.__version__
    assert seen["python"]["version"] == platform.python_version()
    assert seen["cpu"]["threads"] == os.cpu_count()
    assert seen["memory_bytes"] > 1 << 20
    json.dumps(seen)


@pytest.mark.usefixtures("fresh")
def test_it_is_the_same_the_second_time() -> None:
    assert json.dumps(environment.capture()) == json.dumps(environment.capture())


def test_graphics_processors_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'NVIDIA H100, 81559 MiB, 550.54'\n")
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert environment.graphics() == [
        {"name": "NVIDIA H100", "memory": "81559 MiB", "driver": "550.54"}
    ]


def test_no_graphics_processor_is_an_empty_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert environment.graphics() == []
