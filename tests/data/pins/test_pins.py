"""Content goes into the store once, and comes back whole or not at all."""

import errno
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keepwell.core.errors import (
    ConflictError,
    IntegrityError,
    InvalidDataError,
    NotFoundError,
    StorageError,
    UsageError,
)
from keepwell.data.pins.pointer import Content, Pointer, folder_of, read, render


def test_a_file_comes_back_in_another_folder(ground: Any, clone: Callable[[], Any]) -> None:
    path = ground.write("data/raw.bin", bytes(range(256)) * 9000)
    done = ground.pin(path)
    assert (done.path, done.stored, done.known) == ("data/raw.bin", 256 * 9000, 0)
    assert (ground.root / "data" / ".gitignore").read_text() == "/raw.bin\n"
    assert read(ground.root / "data" / "raw.bin.pin") == done.pointer
    other = clone()
    assert [item.here for item in other.pins.look()] == ["missing"]
    assert [item.written for item in other.fetch()] == [256 * 9000]
    assert (other.root / "data" / "raw.bin").read_bytes() == path.read_bytes()
    assert [item.here for item in other.pins.look()] == ["in place"]
    assert [item.written for item in other.fetch()] == [0]


def test_a_folder_comes_back_and_equal_files_are_stored_once(
    ground: Any, clone: Callable[[], Any]
) -> None:
    for name, text in {"cat/1.png": "one", "cat/2.png": "one", ".hidden": "", "3.png": "3"}.items():
        ground.write(f"photos/{name}", text)
    done = ground.pin(ground.root / "photos")
    assert (done.stored, done.known, done.pointer.kind) == (4, 3, "folder")
    assert ground.stored() == 3
    other = clone()
    other.fetch("photos")
    found = {
        path.relative_to(other.root / "photos").as_posix(): path.read_text()
        for path in (other.root / "photos").rglob("*")
        if path.is_file()
    }
    assert found == {"cat/1.png": "one", "cat/2.png": "one", ".hidden": "", "3.png": "3"}


def test_pinning_again_stores_what_changed(ground: Any) -> None:
    ground.write("photos/1.png", "one")
    changing = ground.write("photos/2.png", "two")
    before = ground.pin(ground.root / "photos")
    changing.write_text("other")
    after = ground.pin(ground.root / "photos")
    assert (after.stored, after.known, after.ignored) == (5, 3, False)
    assert before.pointer.sha256 != after.pointer.sha256
    again = ground.pin(ground.root / "photos")
    assert (again.stored, again.pointer) == (0, after.pointer)


@pytest.mark.usefixtures("settled")
def test_what_did_not_change_is_not_read_again(
    ground: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = ground.write("raw.bin", b"x" * 1000)
    ground.pin(path)
    monkeypatch.setattr(
        "keepwell.data.pins.stamps.digest_of", lambda *_: pytest.fail("it was read")
    )
    assert [item.here for item in ground.pins.look()] == ["in place"]
    monkeypatch.undo()
    path.write_bytes(b"y" * 1000)
    assert [item.here for item in ground.pins.look()] == ["changed"]


def test_remembered_digests_may_be_lost_or_damaged(ground: Any) -> None:
    path = ground.write("raw.bin", b"x")
    ground.write(".keepwell/pins.json", "{ no json")
    ground.pin(path)
    values: tuple[object, ...] = (1, None, "x", [], {})
    for damage in ("[1]", *(json.dumps({str(path): value}) for value in values)):
        ground.write(".keepwell/pins.json", damage)
        assert [item.here for item in ground.pins.look()] == ["in place"]


def test_a_file_that_differs_is_kept_unless_forced(ground: Any) -> None:
    for name in ("a.bin", "b.bin"):
        ground.pin(ground.write(name, name))
    (ground.root / "a.bin").unlink()
    mine = ground.write("b.bin", "mine")
    with pytest.raises(ConflictError, match=r"'b\.bin' differs from what is pinned") as refusal:
        ground.fetch("a.bin", "b.bin")
    assert refusal.value.why.startswith("what is here now is not in the blob store")
    assert "--force" in refusal.value.now
    assert mine.read_text() == "mine"
    assert not (ground.root / "a.bin").exists()
    ground.fetch(force=True)
    assert (mine.read_text(), (ground.root / "a.bin").read_text()) == ("b.bin", "a.bin")


def test_an_older_pointer_brings_older_content_back(ground: Any) -> None:
    path = ground.write("raw.bin", "old")
    ground.pin(path)
    pointer = ground.root / "raw.bin.pin"
    older = pointer.read_bytes()
    path.write_text("newer")
    ground.pin(path)
    newer = pointer.read_bytes()
    for data, content in ((older, "old"), (newer, "newer"), (older, "old")):
        pointer.write_bytes(data)  # as `git checkout` does
        ground.fetch()
        assert path.read_text() == content


def test_files_that_no_pointer_names_are_left_alone_and_told(ground: Any) -> None:
    ground.write("photos/1.png", "one")
    ground.pin(ground.root / "photos")
    ground.write("photos/new.png", "new")
    assert [(item.here, item.changed) for item in ground.pins.look()] == [
        ("holds more", ("new.png",))
    ]
    assert ground.fetch(force=True)[0].more == ("new.png",)
    assert (ground.root / "photos" / "new.png").read_text() == "new"


def test_content_that_is_not_in_the_store_is_told_before_anything_is_written(ground: Any) -> None:
    for name in ("a.bin", "b.bin"):
        ground.pin(ground.write(name, name))
        (ground.root / name).unlink()
    ground.blobs.remove(read(ground.root / "b.bin.pin").sha256)
    assert [item.store for item in ground.pins.look()] == ["stored", "missing"]
    with pytest.raises(NotFoundError, match=r"b\.bin is not in the blob store") as refusal:
        ground.fetch("a.bin", "b.bin")
    assert str(ground.store) in refusal.value.why
    assert not (ground.root / "a.bin").exists()


def _blob(ground: Any, digest: str) -> Path:
    return Path(ground.store, digest[:2], digest[2:4], digest)


def test_damaged_content_never_reaches_the_folder(ground: Any) -> None:
    path = ground.write("a.bin", "right")
    digest = ground.pin(path).pointer.sha256
    _blob(ground, digest).write_text("wrong")
    path.write_text("mine!")
    with pytest.raises(IntegrityError):
        ground.fetch(force=True)
    assert path.read_text() == "mine!"
    assert sorted(item.name for item in ground.root.iterdir() if item.name != ".keepwell") == [
        ".gitignore",
        "a.bin",
        "a.bin.pin",
    ]


def test_a_blob_that_was_cut_short_is_no_reason_to_write_over_the_only_copy(ground: Any) -> None:
    path = ground.write("raw.bin", "old")
    ground.pin(path)
    older = (ground.root / "raw.bin.pin").read_bytes()
    path.write_text("newer")
    digest = ground.pin(path).pointer.sha256
    for damage, seen in (("new", "damaged"), ("newEr", "stored")):
        _blob(ground, digest).write_text(damage)
        assert [item.store for item in ground.pins.look()] == [seen]
        newer = (ground.root / "raw.bin.pin").read_bytes()
        (ground.root / "raw.bin.pin").write_bytes(older)
        with pytest.raises(ConflictError, match="differs from what is pinned"):
            ground.pins.fetch([path])
        assert path.read_text() == "newer"
        (ground.root / "raw.bin.pin").write_bytes(newer)


def test_pinning_again_writes_what_was_cut_short_anew(ground: Any) -> None:
    path = ground.write("raw.bin", "newer")
    digest = ground.pin(path).pointer.sha256
    _blob(ground, digest).write_text("new")
    path.unlink()
    with pytest.raises(IntegrityError, match="not whole in the blob store"):
        ground.pins.fetch([path])
    assert not path.exists()
    path.write_text("newer")
    assert ground.pin(path).stored == 5
    assert _blob(ground, digest).read_text() == "newer"


def test_a_bucket_keeps_what_a_clone_fetches(ground: Any, clone: Callable[[], Any]) -> None:
    ground.store = f"memory://pins{ground.root}"
    for name in ("1.png", "sub/2.png"):
        ground.write(f"photos/{name}", name)
    assert ground.pin(ground.root / "photos").stored == 14
    other = clone()
    assert [(item.here, item.store) for item in other.pins.look()] == [("missing", "stored")]
    assert [item.written for item in other.fetch()] == [14]
    assert (other.root / "photos/sub/2.png").read_text() == "sub/2.png"
    assert ground.pin(ground.root / "photos").known == 14


def test_a_full_disk_leaves_nothing_half_written(
    ground: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = ground.write("a.bin", "right")
    ground.pin(path)
    path.write_text("mine!")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="free some space"):
        ground.fetch(force=True)
    assert path.read_text() == "mine!"
    assert [item.name for item in ground.root.glob(".a.bin*")] == []


def test_a_size_that_contradicts_the_digest_is_refused(ground: Any) -> None:
    path = ground.write("a.bin", "right")
    digest = ground.pin(path).pointer.sha256
    path.unlink()
    lying = Pointer(kind="file", contents=(Content(sha256=digest, size=1),))
    (ground.root / "a.bin.pin").write_bytes(render(lying))
    with pytest.raises(InvalidDataError, match="contradicts itself"):
        ground.fetch()
    assert not path.exists()


@pytest.mark.parametrize("where", ["photos", "photos/sub", "photos/sub/1.png"])
def test_nothing_is_written_through_a_link(ground: Any, tmp_path: Path, where: str) -> None:
    outside = tmp_path / "outside"
    (outside / "sub").mkdir(parents=True)
    digest = ground.blobs.write(b"x")
    pointer = folder_of([Content(path="sub/1.png", sha256=digest, size=1)])
    ground.write("photos.pin", render(pointer))
    link = ground.root / where
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside if where != "photos/sub/1.png" else outside / "1.png")
    with pytest.raises(InvalidDataError, match="is a link"):
        ground.fetch(force=True)
    assert [path for path in outside.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("name", [".git.pin", ".keepwell.pin", "sub/.git.pin"])
def test_a_pointer_beside_git_itself_is_refused(ground: Any, name: str) -> None:
    digest = ground.blobs.write(b"x")
    ground.write(name, render(folder_of([Content(path="config", sha256=digest, size=1)])))
    with pytest.raises(InvalidDataError, match="no place for pinned content"):
        ground.fetch()


def test_pointers_of_other_programs_are_not_ours(ground: Any) -> None:
    ground.write("board.pin", "PIN_A1 : GND")
    assert ground.pins.look() == []
    with pytest.raises(NotFoundError, match="is not pinned"):
        ground.pins.fetch([ground.root / "board"])


def test_what_cannot_be_pinned_says_why(ground: Any, tmp_path: Path) -> None:
    (ground.root / "link").symlink_to(ground.write("real.bin", "x"))
    ground.write("holder/link/real.bin", "x")
    (ground.root / "holder" / "other").symlink_to(tmp_path)
    os.mkfifo(ground.root / "holder" / "link" / "pipe")
    (ground.root / "empty").mkdir()
    for path, error, words in [
        ("gone.bin", NotFoundError, "there is no file or folder 'gone.bin'"),
        ("../elsewhere.bin", UsageError, "is not inside the project"),
        (".", UsageError, "is the project itself"),
        ("link", InvalidDataError, "'link' is a link"),
        ("holder", InvalidDataError, "'holder/other' is a link"),
        ("holder/link", InvalidDataError, "is not a file"),
        ("empty", InvalidDataError, "holds no file"),
    ]:
        with pytest.raises(error, match=words):
            ground.pin(ground.root / path)
    assert ground.stored() == 0


def test_pins_do_not_overlap(ground: Any) -> None:
    inner = ground.write("photos/1.png", "one")
    ground.pin(inner)
    with pytest.raises(ConflictError, match="holds content that is pinned by itself"):
        ground.pin(ground.root / "photos")
    with pytest.raises(UsageError, match="is a pointer"):
        ground.pin(ground.root / "photos" / "1.png.pin")
    (ground.root / "photos" / "1.png.pin").unlink()
    ground.pin(ground.root / "photos")
    with pytest.raises(ConflictError, match="is part of 'photos'"):
        ground.pin(inner)


def test_a_file_that_changes_meanwhile_is_not_pinned(
    ground: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = ground.write("raw.bin", "before")
    pins = ground.pins
    digest = pins._stamps.digest

    def changing(at: Path, told: Any) -> str:
        found: str = digest(at, told)
        at.write_text("during")
        return found

    monkeypatch.setattr(pins._stamps, "digest", changing)
    with pytest.raises(ConflictError, match="changed while it was pinned"):
        pins.pin([path])
    assert not (ground.root / "raw.bin.pin").exists()


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_git_sees_the_pointer_and_not_the_content(ground: Any) -> None:
    _git(ground.root, "init", "-q")
    odd = ["raw.bin", "a b*[1]!#.bin ", "#x", "!y"]
    ground.write(".gitignore", "*.tmp")
    for name in odd:
        ground.pin(ground.write(name, name))
    shown = set(_git(ground.root, "ls-files", "-z", "--others", "--exclude-standard").split("\0"))
    assert {name for name in shown if name and not name.startswith(".keepwell")} == {
        ".gitignore",
        *(f"{name}.pin" for name in odd),
    }
    assert (ground.root / ".gitignore").read_text().startswith("*.tmp\n/raw.bin\n")


def test_what_git_keeps_itself_is_not_pinned(ground: Any) -> None:
    _git(ground.root, "init", "-q")
    path = ground.write("raw.bin", "x")
    _git(ground.root, "add", "raw.bin")
    with pytest.raises(ConflictError, match="git rm -r --cached"):
        ground.pin(path)
    _git(ground.root, "rm", "-r", "-q", "--cached", "raw.bin")
    assert ground.pin(path).hidden is False


def test_a_pointer_that_git_would_leave_out_is_told(ground: Any) -> None:
    _git(ground.root, "init", "-q")
    ground.write(".gitignore", "data/\n")
    assert ground.pin(ground.write("data/raw.bin", "x")).hidden is True


def test_progress_reaches_the_end(ground: Any, clone: Callable[[], Any]) -> None:
    class Heard:
        def __init__(self) -> None:
            self.shares: list[float] = []

        def update(
            self, message: str, fraction: float | None = None, seconds_left: float | None = None
        ) -> None:
            assert "raw.bin" in message
            self.shares.append(fraction or 0.0)

    heard = Heard()
    ground.pins.pin([ground.write("raw.bin", b"x" * 3_000_000)], heard)
    assert heard.shares == sorted(heard.shares)
    assert (len(heard.shares), heard.shares[-1]) == (6, 1.0)
    fetched = Heard()
    clone().pins.fetch([], progress=fetched)
    assert fetched.shares == sorted(fetched.shares)
    assert fetched.shares[-1] == 1.0


def test_how_a_folder_stands_tells_what_to_do(ground: Any) -> None:
    for name in ("a.png", "b.png"):
        ground.write(f"photos/{name}", name)
    ground.pin(ground.root / "photos")

    def here() -> str:
        [item] = ground.pins.look()
        return str(item.here)

    (ground.root / "photos/a.png").unlink()
    assert here() == "in part"
    ground.write("photos/c.png", "b.png")
    assert here() == "changed"
    ground.write("photos/a.png", "a.png")
    assert here() == "holds more"
    ground.write("photos/a.png", "other")
    assert here() == "changed"
    for name in "abc":
        (ground.root / f"photos/{name}.png").unlink()
    assert here() == "missing"


def test_the_pointer_of_a_folder_is_named_where_it_contradicts_itself(
    ground: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ground.root)
    digest = ground.blobs.write(b"right")
    ground.write(
        "photos.pin", render(folder_of([Content(path="sub/1.png", sha256=digest, size=1)]))
    )
    with pytest.raises(InvalidDataError, match=r"photos contradicts itself") as refusal:
        ground.fetch()
    assert "1 bytes of 'sub/1.png'" in refusal.value.why
    assert refusal.value.now.endswith("git checkout -- photos.pin")


def test_the_projects_own_store_cannot_have_what_others_pinned(
    ground: Any, clone: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ground.pin(ground.write("raw.bin", "x"))
    ground.pin(ground.write("photos/cat/1.png", "y").parent.parent)
    other = clone()
    other.store = other.root / ".keepwell" / "blobs"
    monkeypatch.chdir(other.root)
    with pytest.raises(NotFoundError, match="is not in the blob store") as refusal:
        other.fetch("raw.bin", "photos/cat")
    assert "this is this project's own store" in refusal.value.why
    assert "KEEPWELL_BLOBS_URL" in refusal.value.now
    assert "OTHER/.keepwell/blobs" in refusal.value.now
    assert refusal.value.now.endswith("keepwell data fetch raw.bin photos/cat")
    other.store = ground.store.with_name("elsewhere")
    with pytest.raises(NotFoundError) as refusal:
        other.fetch("raw.bin")
    assert "KEEPWELL_BLOBS_URL=s3://… keepwell data fetch raw.bin;" in refusal.value.now


def test_what_is_not_pinned_is_to_be_pinned_only_where_it_is(
    ground: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ground.root)
    ground.write("here.bin", "x")
    for name, now in {
        "here.bin": "to pin it: keepwell data pin here.bin",
        "q": "check the path",
    }.items():
        with pytest.raises(NotFoundError, match="is not pinned") as refusal:
            ground.fetch(name)
        assert refusal.value.now == now
    with pytest.raises(UsageError) as outside:
        ground.pin(ground.root / "../out.csv")
    assert "change `source:` in keepwell.yaml" in outside.value.now
