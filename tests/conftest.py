"""What every test may use: the real data sets, free ports, and a disk that is soon full."""

import ctypes
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples every time: a failure is there for everybody who looks. New ones are looked for by
# HYPOTHESIS_PROFILE=explore. How long an example takes decides nothing on a shared machine.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

os.environ.setdefault("OMP_NUM_THREADS", "2")

ROOT = Path(__file__).resolve().parent.parent
SHARED_DATA = ROOT.parent / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Markers come from the folder: tests/integration and tests/e2e."""
    for item in items:
        parts = item.path.relative_to(ROOT / "tests").parts
        for name in ("integration", "e2e"):
            if name in parts:
                item.add_marker(name)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data sets; skip where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the real data sets are not at {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture
def free_port() -> int:
    """Return a loopback port that nothing listens on at present."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


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


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's background job ignores Ctrl-C, and so would every process that a test starts and stops.
    signal.signal(signal.SIGINT, signal.default_int_handler)
