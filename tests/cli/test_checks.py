"""`keepwell doctor`: what it finds on a machine and in a project."""

import json
import shutil
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from keepwell.cli import checks


def levels(document: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: check["level"] for check in document["checks"]}


def test_a_healthy_machine_passes(keepwell: Any, tmp_path: Path) -> None:
    ended = keepwell("doctor", "-C", tmp_path, "--json")
    assert ended.code == 0
    assert ended.document["healthy"] is True
    assert levels(ended.document)["libraries"] == "ok"
    assert "project" in levels(ended.document)


def test_a_project_is_opened(keepwell: Any, project: Path) -> None:
    found = keepwell("doctor", "-C", project).out
    assert "shop in" in found
    assert "events in its record" in found


def test_a_workspace_of_a_newer_format_is_a_problem(keepwell: Any, project: Path) -> None:
    (project / ".keepwell" / "workspace.json").write_text(json.dumps({"format": 99}))
    ended = keepwell("doctor", "-C", project)
    assert ended.code == 1
    assert "format 99" in ended.out
    assert "→ pip install --upgrade keepwell" in ended.out


def test_a_mistake_in_the_project_file_is_a_problem(keepwell: Any, project: Path) -> None:
    (project / "keepwell.yaml").write_text("project: shop\ndata: {sauce: a.csv}\n")
    ended = keepwell("doctor", "-C", project, "--json")
    assert ended.code == 1
    assert "did you mean" in str(ended.document)


def test_a_taken_port_comes_with_the_next_one(keepwell: Any, project: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        file = project / "keepwell.yaml"
        file.write_text(file.read_text() + f"\nserve: {{port: {port}}}\n")
        found = keepwell("doctor", "-C", project).out
    assert f"{port} is taken" in found
    assert f"→ keepwell up --port {port + 1}" in found


def test_libraries_that_are_missing_or_old_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ["nothing-like-this>=1.0", "typer>=99", "rich>=1", "pytest>=8; extra == 'dev'"]
    monkeypatch.setattr(checks, "requires", lambda _name: wanted)
    (finding,) = checks._libraries(Path())
    assert finding.level == "problem"
    assert "nothing-like-this is missing" in finding.found
    assert "typer" in finding.found
    assert "rich" not in finding.found


def test_a_nearly_full_disk_is_a_warning(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=1 << 20))
    (finding,) = checks._disk(tmp_path)
    assert finding.level == "warning"
