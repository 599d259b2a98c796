"""Runs commands in this process, as a user would read them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from keepwell.cli.main import main


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Parse standard output, which must hold one JSON document and nothing else."""
        return json.loads(self.out)


Keepwell = Callable[..., Ended]


@pytest.fixture
def keepwell(capsys: pytest.CaptureFixture[str]) -> Keepwell:
    """Run one command line, given as words."""

    def call(*words: object) -> Ended:
        capsys.readouterr()
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return call
