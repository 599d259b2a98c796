import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from keepwell.core.errors import StorageError
from keepwell.infrastructure.files import storing, write_atomic


@pytest.mark.parametrize("durable", [True, False])
def test_a_file_is_written_with_its_folders(tmp_path: Path, *, durable: bool) -> None:
    path = tmp_path / "a" / "b" / "file"
    write_atomic(path, b"one", durable=durable)
    write_atomic(path, b"two", durable=durable)
    assert path.read_bytes() == b"two"
    assert [item.name for item in path.parent.iterdir()] == ["file"]


def test_a_file_has_the_permissions_of_any_other(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"")
    write_atomic(tmp_path / "file", b"")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == stat.S_IMODE(
        (tmp_path / "other").stat().st_mode
    )


def test_a_very_long_name_is_written(tmp_path: Path) -> None:
    write_atomic(tmp_path / ("x" * 250), b"data")
    assert (tmp_path / ("x" * 250)).read_bytes() == b"data"


def test_readers_see_the_old_bytes_or_the_new_ones(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomic(path, b"0" * 100_000)
    done = threading.Event()
    seen: set[bytes] = set()

    def read() -> None:
        while not done.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for digit in b"123456789" * 5:
        write_atomic(path, bytes([digit]) * 100_000, durable=False)
    done.set()
    reader.join()
    assert all(len(data) == 100_000 and len(set(data)) == 1 for data in seen)


def test_a_folder_in_the_way_says_so_and_stays(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(StorageError, match=r"file was not written") as refusal:
        write_atomic(tmp_path / "file", b"x")
    assert "Is a directory" in refusal.value.why
    assert [item.name for item in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_says_so_and_keeps_the_old_bytes(small_disk: Path) -> None:
    write_atomic(small_disk / "file", b"old")
    with pytest.raises(StorageError, match="was not written") as refusal:
        write_atomic(small_disk / "file", bytes(8 << 20))
    assert "No space left on device" in refusal.value.why
    assert "free some space" in refusal.value.now
    assert refusal.value.details == {"errno": "ENOSPC"}
    assert [item.name for item in small_disk.iterdir()] == ["file"]
    assert (small_disk / "file").read_bytes() == b"old"


def test_our_own_errors_pass_unchanged() -> None:
    with pytest.raises(StorageError, match=r"^mine$"), storing("theirs"):
        raise StorageError("mine")


def test_killed_writers_leave_the_old_bytes_or_the_new_ones(tmp_path: Path) -> None:
    code = (
        "import sys, itertools; from pathlib import Path\n"
        "from keepwell.infrastructure.files import write_atomic\n"
        "print('ready', flush=True)\n"
        "for n in itertools.count(): write_atomic(Path(sys.argv[1]), bytes([n % 256]) * 300_000)"
    )
    path = tmp_path / "file"
    for _ in range(5):
        writer = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        writer.stdout.readline()
        while not path.exists():
            os.sched_yield()
        writer.kill()
        writer.wait()
        writer.stdout.close()
        data = path.read_bytes()
        assert (len(data), len(set(data))) == (300_000, 1)
