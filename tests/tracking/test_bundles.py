from pathlib import Path

import pytest

from keepwell.core.errors import IntegrityError, NotFoundError
from keepwell.infrastructure.blobs import open_blobs
from keepwell.tracking.bundles import pack, unpack


def test_what_was_packed_is_unpacked(tmp_path: Path) -> None:
    blobs = open_blobs(str(tmp_path))
    bundle = pack(blobs, {"scorer.json": b"{}", "booster.txt": b"tree"})
    assert [file.name for file in bundle.files] == ["booster.txt", "scorer.json"]
    assert unpack(blobs, bundle, "booster.txt") == b"tree"


def test_a_missing_file_is_named_with_what_is_there(tmp_path: Path) -> None:
    blobs = open_blobs(str(tmp_path))
    bundle = pack(blobs, {"scorer.json": b"{}"})
    with pytest.raises(NotFoundError, match=r"did you mean 'scorer\.json'"):
        unpack(blobs, bundle, "score.json")


def test_altered_bytes_are_refused(tmp_path: Path) -> None:
    blobs = open_blobs(str(tmp_path))
    bundle = pack(blobs, {"scorer.json": b"{}"})
    digest = bundle.files[0].digest
    path = next(path for path in tmp_path.rglob(digest) if path.is_file())
    path.chmod(0o644)
    path.write_bytes(b"[]")
    with pytest.raises(IntegrityError):
        unpack(blobs, bundle, "scorer.json")
