"""Where fetched files lie until they are whole: in `.keepwell`, or beside their place under our own name."""

import contextlib
import os
import time
from pathlib import Path

from keepwell.data.pins.naming import ARRIVING

_FORGOTTEN = 3600.0  # seconds without a byte more, after which the process that wrote it was killed


class Arriving:
    """A folder for what is on its way, and names beside a place that the folder cannot be renamed to.

    Args:
        folder: Below `.keepwell`, which Git leaves alone. Made when it is needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reached: dict[Path, bool] = {}

    def place_for(self, path: Path) -> Path:
        """Return a new name from which a file can be renamed to `path`, whose folder is there."""
        beside = path.parent
        if beside not in self._reached:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._reached[beside] = self._reaches(beside)
        if self._reached[beside]:
            return self._folder / os.urandom(12).hex()
        _sweep(beside, ARRIVING)
        return beside / f"{ARRIVING}{os.urandom(6).hex()}"

    def sweep(self) -> None:
        """Remove what killed processes left."""
        _sweep(self._folder, "")

    def _reaches(self, beside: Path) -> bool:
        """Tell whether both are on one file system: two mounts of one disk are not, and have one number."""
        probe = self._folder / os.urandom(12).hex()
        there = beside / f"{ARRIVING}{probe.name[:12]}"
        probe.touch()
        try:
            probe.rename(there)
        except OSError:
            probe.unlink()
            return False
        there.unlink()
        return True


def _sweep(folder: Path, prefix: str) -> None:
    with contextlib.suppress(OSError):  # it is not there, or another one sweeps
        for path in folder.iterdir():
            old = path.lstat().st_mtime < time.time() - _FORGOTTEN
            if old and path.name.startswith(prefix) and path.is_file():
                path.unlink()
