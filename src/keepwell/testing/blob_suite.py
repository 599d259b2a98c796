"""The laws of `BlobStore`; `make()` opens the store at one fresh place."""

# ruff: noqa: D103, PLR2004 (a law's name is its sentence, its numbers are its example)

import hashlib
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from keepwell.core.errors import NotFoundError
from keepwell.core.ports import BlobStore
from keepwell.testing.laws import refused

Make = Callable[[], BlobStore]


def bytes_are_named_by_their_sha256(make: Make) -> None:
    store = make()
    for data in (b"", b"hello", bytes(range(256)) * 5000):
        digest = store.write(data)
        assert digest == hashlib.sha256(data).hexdigest()
        assert store.read(digest) == data
        assert digest in store
        assert store.size(digest) == len(data)


def a_file_is_stored_as_its_bytes_are(make: Make) -> None:
    store = make()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(b"x" * 3_000_000)
        digest = store.write(path)
        assert path.read_bytes() == b"x" * 3_000_000
    assert digest == store.write(b"x" * 3_000_000)
    assert store.read(digest) == b"x" * 3_000_000


def what_was_never_written_is_not_found(make: Make) -> None:
    store = make()
    for digest in ("0" * 64, "", "../../etc/passwd", "Z" * 64, "0" * 63):
        assert digest not in store
        assert store.size(digest) is None
        with refused(NotFoundError):
            store.read(digest)
        with refused(NotFoundError):
            store.open(digest)
        store.remove(digest)


def a_blob_is_opened_as_a_seekable_file(make: Make) -> None:
    store = make()
    with store.open(store.write(b"0123456789")) as file:
        assert file.read(3) == b"012"
        assert file.seek(-2, 2) == 8
        assert file.read() == b"89"


def a_removed_blob_is_gone_and_can_come_back(make: Make) -> None:
    store = make()
    digest = store.write(b"x")
    other = store.write(b"y")
    store.remove(digest)
    store.remove(digest)
    assert digest not in store
    assert other in store
    assert store.write(b"x") == digest
    assert store.read(digest) == b"x"


def what_was_written_is_there_when_it_is_opened_again(make: Make) -> None:
    digest = make().write(b"x")
    assert make().read(digest) == b"x"


def equal_bytes_may_be_written_at_once(make: Make) -> None:
    store = make()
    data = b"z" * 100_000
    with ThreadPoolExecutor(8) as pool:
        digests = set(pool.map(store.write, [data] * 16))
    assert digests == {hashlib.sha256(data).hexdigest()}
    assert store.read(digests.pop()) == data
