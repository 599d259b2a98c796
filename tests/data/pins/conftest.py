"""A project's folder, with its pins."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from keepwell.data.pins import stamps
from keepwell.data.pins.pins import Fetched, Pinned, Pins
from keepwell.infrastructure.blobs import open_blobs
from keepwell.infrastructure.blobs.store import FsspecBlobStore


@dataclass
class Ground:
    """A folder, a store that other folders may share, and the pins over both."""

    root: Path
    store: Path

    @property
    def blobs(self) -> FsspecBlobStore:
        return open_blobs(str(self.store))

    @property
    def pins(self) -> Pins:
        return Pins(self.root, self.blobs, str(self.store), self.root / ".keepwell" / "pins.json")

    def pin(self, path: Path) -> Pinned:
        [done] = self.pins.pin([path])
        return done

    def fetch(self, *names: str, force: bool = False) -> list[Fetched]:
        """Fetch what is named, else all; an error of one of all is raised."""
        done = self.pins.fetch([self.root / name for name in names], force=force)
        for item in done:
            if item.error is not None:
                raise item.error
        return done

    def write(self, name: str, content: bytes | str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def stored(self) -> int:
        """Return how many files the store holds."""
        return sum(1 for path in self.store.rglob("*") if path.is_file())


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    root = tmp_path.resolve() / "project"
    root.mkdir()
    return Ground(root, tmp_path / "store")


@pytest.fixture
def clone(ground: Ground, tmp_path: Path) -> Callable[[], Ground]:
    """Return what makes a second folder with the same store, that Git gave the pointers to."""

    def made() -> Ground:
        other = tmp_path.resolve() / f"clone-{time.monotonic_ns()}"
        other.mkdir()
        for pointer in ground.root.rglob("*.pin"):
            target = other / pointer.relative_to(ground.root)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(pointer.read_bytes())
        return Ground(other, ground.store)

    return made


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let digests be remembered of files that were written a moment ago."""
    monkeypatch.setattr(stamps, "_TICK", -1)
