import subprocess
import sys
import time
from pathlib import Path

from keepwell.tracking.spool import Spool

WRITER = """
import sys, time
from pathlib import Path
from keepwell.tracking.spool import Spool
spool = Spool(Path(sys.argv[1]))
spool.add({"op": "points", "n": 1})
spool.add({"op": "blob", "digest": spool.keep_bytes(b"figure")})
Path(sys.argv[2]).touch()
time.sleep(60)
"""


def leave_behind(folder: Path, ready: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(folder), str(ready)]
    with subprocess.Popen(command) as process:
        while not ready.exists():
            assert process.poll() is None
            time.sleep(0.01)
        assert list(Spool(folder).left_behind()) == [], "it is still being written"
        process.kill()


def test_entries_come_back_in_order(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    for number in range(3):
        spool.add({"n": number})
    assert [entry["n"] for entry in spool.entries()] == [0, 1, 2]
    assert len(spool) == 3
    spool.clear()
    assert spool.entries() == []
    assert list((tmp_path / "spool").iterdir()) == []


def test_nothing_is_made_before_it_is_needed(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    assert list(spool.left_behind()) == []
    assert not (tmp_path / "spool").exists()


def test_what_a_killed_process_left_is_found_once(tmp_path: Path) -> None:
    leave_behind(tmp_path / "spool", tmp_path / "ready")
    heir = Spool(tmp_path / "spool")
    found = []
    for entries in heir.left_behind():
        found += entries
        assert heir.bytes_of(entries[1]["digest"]) == b"figure"
    assert [entry["op"] for entry in found] == ["points", "blob"]
    assert list(heir.left_behind()) == []
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "old.jsonl").write_bytes(b'{"n": 1}\n{"n": 2')
    assert list(Spool(tmp_path).left_behind()) == [[{"n": 1}]]


def test_a_disk_that_refuses_leaves_memory(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file where a folder should be")
    spool = Spool(tmp_path / "spool")
    digest = spool.keep_bytes(b"figure")
    spool.add({"digest": digest})
    assert spool.entries() == [{"digest": digest}]
    assert spool.bytes_of(digest) == b"figure"
    spool.clear()
    assert spool.bytes_of(digest) is None
