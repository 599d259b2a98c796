"""The databases that the record lives in, and a disk that is soon full."""

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from real_databases import fresh_postgresql, record_url

__all__ = ["fresh_postgresql", "record_url", "small_disk"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a real file system of 4 MiB; skip where we may not mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    kernel = ctypes.CDLL(None, use_errno=True)
    if kernel.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, b"size=4m") != 0:
        pytest.skip(f"a small tmpfs cannot be mounted: {os.strerror(ctypes.get_errno())}")
    yield folder
    kernel.umount2(os.fsencode(folder), 2)  # MNT_DETACH: whoever still has a file open may keep it
