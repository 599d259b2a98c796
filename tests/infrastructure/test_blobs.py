import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from keepwell.core.errors import (
    ConflictError,
    IntegrityError,
    MissingExtraError,
    StorageError,
    UsageError,
)
from keepwell.infrastructure.blobs import open_blobs
from keepwell.infrastructure.blobs.store import FsspecBlobStore


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


def _files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def _path(root: Path, digest: str) -> Path:
    return root / digest[:2] / digest[2:4] / digest


def test_blobs_are_spread_over_folders(root: Path) -> None:
    digest = open_blobs(str(root)).write(b"hello")
    assert _files(root) == [_path(root, digest)]
    assert _path(root, digest).read_bytes() == b"hello"


@pytest.mark.parametrize("damage", [b"hellO", b"hell", b"", b"hello!"])
def test_damaged_bytes_are_never_returned(root: Path, damage: bytes) -> None:
    store = open_blobs(str(root))
    digest = store.write(b"hello")
    _path(root, digest).write_bytes(damage)
    with pytest.raises(IntegrityError, match="is not what was written") as refusal:
        store.read(digest)
    assert refusal.value.details["digest"] == digest
    with pytest.raises(IntegrityError):
        store.open(digest)


def test_damaged_bytes_in_a_bucket_are_never_returned(tmp_path: Path) -> None:
    store = open_blobs(f"memory://{tmp_path}")
    digest = store.write(b"hello")
    store._files.pipe_file(store._path(digest), b"hellO")
    with pytest.raises(IntegrityError):
        store.read(digest)


def test_a_cut_off_blob_is_healed_by_writing_it_again(root: Path) -> None:
    store = open_blobs(str(root))
    digest = store.write(b"hello")
    _path(root, digest).write_bytes(b"he")
    assert store.write(b"hello") == digest
    assert store.read(digest) == b"hello"


def test_equal_bytes_are_stored_once(root: Path) -> None:
    store = open_blobs(str(root))
    first = _path(root, store.write(b"hello")).stat()
    source = root.parent / "source"
    source.write_bytes(b"hello")
    store.write(source)
    store.write(b"hello")
    assert len(_files(root)) == 1
    assert _files(root)[0].stat().st_ino == first.st_ino


def test_a_missing_source_says_so(root: Path) -> None:
    with pytest.raises(StorageError, match="refused a write") as refusal:
        open_blobs(str(root)).write(root / "nothing")
    assert "No such file" in refusal.value.why
    assert _files(root) == []


@pytest.mark.parametrize("url", ["nonsense://x", "memry://x"])
def test_an_unknown_scheme_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="not a place for blobs") as refusal:
        open_blobs(url)
    assert refusal.value.now


def test_a_bucket_without_its_package_names_the_extra() -> None:
    with pytest.raises(MissingExtraError, match="cloud"):
        open_blobs("abfs://container/prefix")


def test_a_full_disk_says_so_and_leaves_nothing(small_disk: Path) -> None:
    store = open_blobs(str(small_disk))
    digest = store.write(b"kept")
    with pytest.raises(StorageError) as refusal:
        store.write(bytes(8 << 20))
    assert "No space left on device" in refusal.value.why
    assert _files(small_disk) == [_path(small_disk, digest)]
    assert store.read(digest) == b"kept"
    store.write(b"there is room for a little more")


def test_what_a_killed_process_left_is_swept(root: Path) -> None:
    open_blobs(str(root))
    old, new = root / "arriving" / "old", root / "arriving" / "new"
    old.write_bytes(b"x")
    new.write_bytes(b"x")
    os.utime(old, (time.time() - 90_000,) * 2)
    open_blobs(str(root))
    assert _files(root) == [new]


def test_killed_writers_leave_only_whole_blobs(root: Path) -> None:
    code = (
        "import sys, itertools; from keepwell.infrastructure.blobs import open_blobs\n"
        "store = open_blobs(sys.argv[1])\n"
        "for n in itertools.count(): print(store.write(b'%d-%d' % (n, n) * 50_000), flush=True)"
    )
    store = FsspecBlobStore(str(root))
    for _ in range(4):
        writer = subprocess.Popen([sys.executable, "-c", code, str(root)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        told = [writer.stdout.readline() for _ in range(3)]
        writer.kill()
        told += writer.stdout.readlines()
        writer.wait()
        writer.stdout.close()
        for digest in (line.decode().strip() for line in told if line.endswith(b"\n")):
            assert store.read(digest)
    for path in _files(root):
        if path.parent.name != "arriving":
            store.read(path.name)


@pytest.mark.parametrize("place", ["{}/blobs", "memory://{}/blobs"])
def test_who_listens_hears_every_byte_of_a_file(tmp_path: Path, place: str) -> None:
    store = open_blobs(place.format(tmp_path))
    path = tmp_path / "file"
    path.write_bytes(b"x" * 3_000_000)
    written: list[int] = []
    digest = store.write(path, written.append)
    opened: list[int] = []
    store.open(digest, opened.append).close()
    assert (sum(written), sum(opened)) == (3_000_000, 3_000_000)


def test_a_file_that_changes_on_its_way_to_a_bucket_is_not_kept_under_its_old_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_blobs(f"memory://{tmp_path}/blobs")
    path = tmp_path / "file"
    path.write_bytes(b"before")
    put = store._files.put_file

    def written_to(*arguments: object, **options: object) -> None:
        path.write_bytes(b"during")
        put(*arguments, **options)

    monkeypatch.setattr(store._files, "put_file", written_to)
    with pytest.raises(ConflictError, match="changed while it was stored"):
        store.write(path)
    assert store._files.find(str(tmp_path)) == []
    monkeypatch.undo()
    assert store.read(store.write(path)) == b"during"


def test_what_another_one_stored_whole_outlives_a_file_that_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_blobs(f"memory://{tmp_path}/blobs")
    path = tmp_path / "file"
    path.write_bytes(b"before")
    digest = hashlib.sha256(b"before").hexdigest()

    def written_to(*_: object, **_options: object) -> None:
        path.write_bytes(b"during")
        store._files.pipe_file(store._path(digest), b"before")

    monkeypatch.setattr(store._files, "put_file", written_to)
    with pytest.raises(ConflictError, match="changed while it was stored"):
        store.write(path)
    assert store.read(digest) == b"before"
