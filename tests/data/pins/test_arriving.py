"""What is on its way is seen by nobody, and takes the place only of what was compared."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keepwell.core.errors import ConflictError, InvalidDataError
from keepwell.data.pins.arriving import Arriving
from keepwell.infrastructure.blobs.store import FsspecBlobStore

WHERE = ["in .keepwell", "beside"]


@pytest.fixture(params=WHERE)
def where(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Say whether `.keepwell` is on the same file system."""
    if request.param == "beside":
        monkeypatch.setattr(Arriving, "_reaches", lambda *_: False)
    return str(request.param)


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Return what lets something happen after the comparison, before the content arrives."""

    def arrange(happening: Callable[[], object]) -> None:
        opened = FsspecBlobStore.open

        def late(store: FsspecBlobStore, digest: str, told: Any = None) -> Any:
            file = opened(store, digest, told)
            if told is not None:
                happening()
            return file

        monkeypatch.setattr(FsspecBlobStore, "open", late)

    return arrange


@pytest.mark.parametrize("before", [None, "older"])
def test_what_was_written_there_meanwhile_is_kept(
    ground: Any, meanwhile: Any, where: str, before: str | None
) -> None:
    path = ground.write("raw.bin", "pinned")
    ground.pin(path)
    path.unlink()
    if before:
        path.write_text(before)
    meanwhile(lambda: path.write_text("mine, since"))
    with pytest.raises(ConflictError, match="changed while it was fetched"):
        ground.fetch("raw.bin", force=True)
    assert path.read_text() == "mine, since"
    assert [item.name for item in ground.root.glob(".keepwell-*")] == []


def test_a_link_that_came_meanwhile_is_not_followed(
    ground: Any, meanwhile: Any, tmp_path: Path
) -> None:
    path = ground.write("photos/1.png", "pinned")
    ground.pin(path.parent)
    path.unlink()
    path.parent.rmdir()
    (tmp_path / "outside").mkdir()
    meanwhile(lambda: path.parent.symlink_to(tmp_path / "outside"))
    with pytest.raises(InvalidDataError, match="is a link"):
        ground.fetch("photos")
    assert list((tmp_path / "outside").iterdir()) == []


def test_what_a_killed_fetch_left_is_never_pinned_and_is_swept(
    ground: Any, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    path = ground.write("photos/1.png", "pinned")
    ground.pin(path.parent)
    path.unlink()
    with monkeypatch.context() as killed:
        killed.setattr(Path, "replace", lambda *_: os._exit(9))
        if not (child := os.fork()):
            ground.fetch("photos")
        os.waitpid(child, 0)
    left = [
        item for item in ground.root.rglob("*") if item.is_file() and item.read_text() == "pinned"
    ]
    assert len(left) == 1
    assert (left[0].relative_to(ground.root).parts[0] == ".keepwell") is (where == "in .keepwell")
    ground.write("photos/2.png", "other")
    assert [item.path for item in ground.pin(path.parent).pointer.contents] == ["2.png"]
    assert [item.here for item in ground.pins.look()] == ["in place"]
    os.utime(left[0], (time.time() - 4000,) * 2)
    (ground.root / "photos/2.png").unlink()
    ground.fetch()
    assert not left[0].exists()
