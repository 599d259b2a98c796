"""A project file is written and read, or refused."""

from pathlib import Path

import pytest

from keepwell.core.errors import ProjectFileError
from keepwell.core.spec import ProjectSpec
from keepwell.infrastructure.project_file import load_project


def load(file: Path, text: str) -> ProjectSpec:
    file.write_text(text)
    return load_project(file)


def complaints(file: Path, text: str) -> list[str]:
    with pytest.raises(ProjectFileError) as refusal:
        load(file, text)
    assert refusal.value.now
    assert refusal.value.details["complaints"]
    return refusal.value.what.splitlines()


def complaint(file: Path, text: str) -> str:
    """Return the one complaint about a file that is otherwise right."""
    (line,) = complaints(file, f"data: {{source: x.csv}}\n{text}")
    return line
