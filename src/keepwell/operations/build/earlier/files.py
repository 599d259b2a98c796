"""Finished folds of a run that goes on, as files: a run that was killed is resumed from them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from keepwell.infrastructure.files import write_atomic
from keepwell.operations.build.bench import Bench

if TYPE_CHECKING:
    from keepwell.training.search.store import TrialStore


class TrialFiles:
    """Keeps finished folds as files of a folder, until the run is over.

    Args:
        folder: Theirs alone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def folder(self) -> Path:
        """Where they are."""
        return self._folder

    def read(self, key: str) -> bytes | None:
        """Return a document; None if it was never written."""
        try:
            return (self._folder / key).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, key: str, data: bytes) -> None:
        """Keep a document; it outlives the process, though perhaps not the machine."""
        write_atomic(self._folder / key, data, durable=False)

    def clear(self) -> None:
        """Forget all of them: the run is over."""
        shutil.rmtree(self._folder, ignore_errors=True)


def trial_files(bench: Bench, kind: str) -> TrialFiles:
    """Return where a project keeps an unfinished search of a kind: `train`, `retrain`, `trial`."""
    return TrialFiles(bench.home / "trials" / f"{bench.spec.name}-{kind}")


if TYPE_CHECKING:
    _: type[TrialStore] = TrialFiles
