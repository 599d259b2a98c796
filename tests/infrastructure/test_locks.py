import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from keepwell.core.errors import BusyError, StorageError
from keepwell.infrastructure.locks import Holder, exclusive, holder

HOLD = """
import sys, time
from pathlib import Path
from keepwell.infrastructure.locks import exclusive
with exclusive(Path(sys.argv[1]), "keepwell run"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "build.lock"


@pytest.fixture
def other(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Return another process that holds the lock."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_free_lock_is_held_and_freed(path: Path) -> None:
    assert holder(path) is None
    with exclusive(path, "keepwell run"):
        held = holder(path)
        assert held is not None
        assert (held.pid, held.purpose) == (os.getpid(), "keepwell run")
        assert abs(held.since - time.time()) < 5
    assert holder(path) is None
    with exclusive(path, "again", timeout=0):
        pass


def test_a_lock_is_freed_by_an_error(path: Path) -> None:
    with pytest.raises(KeyError), exclusive(path, "keepwell run"):
        raise KeyError
    assert holder(path) is None


def test_a_held_lock_names_its_holder(path: Path, other: subprocess.Popen[bytes]) -> None:
    told: list[Holder] = []
    with pytest.raises(BusyError) as refusal, exclusive(path, "mine", told.append, timeout=0.2):
        pass
    assert [item.pid for item in told] == [other.pid]
    assert f"`keepwell run` (process {other.pid}, since " in refusal.value.what
    assert f"kill {other.pid}" in refusal.value.now
    assert refusal.value.details["purpose"] == "keepwell run"


def test_no_patience_gives_up_at_once(path: Path, other: subprocess.Popen[bytes]) -> None:
    assert other.poll() is None
    start = time.monotonic()
    with pytest.raises(BusyError), exclusive(path, "mine", timeout=0):
        pass
    assert time.monotonic() - start < 1


def test_a_killed_holder_lets_go(path: Path, other: subprocess.Popen[bytes]) -> None:
    def kill(found: Holder) -> None:
        os.kill(found.pid, signal.SIGKILL)

    with exclusive(path, "mine", kill, timeout=10):
        held = holder(path)
        assert held is not None
        assert held.pid == os.getpid()
    assert other.wait() == -signal.SIGKILL


def test_threads_take_turns_too(path: Path) -> None:
    inside = 0
    most = 0

    def work() -> None:
        nonlocal inside, most
        with exclusive(path, "thread"):
            inside += 1
            most = max(most, inside)
            time.sleep(0.01)
            inside -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_a_lock_that_is_not_signed_yet_is_held_by_another_process(path: Path) -> None:
    with exclusive(path, "mine"):
        path.write_bytes(b"torn {")
        assert str(holder(path)) == "another process"


def test_a_place_that_cannot_hold_a_lock_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with (
        pytest.raises(StorageError, match="cannot be used"),
        exclusive(tmp_path / "file" / "x.lock", "mine"),
    ):
        pass
