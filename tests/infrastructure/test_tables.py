"""What the Delta adapter promises beyond the laws of the port."""

import datetime
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from keepwell.core.errors import InvalidDataError, NotFoundError, StorageError, UnavailableError
from keepwell.infrastructure.tables import open_tables
from keepwell.infrastructure.tables.store import DeltaTableStore

WRITE = """
import itertools, sys
import pyarrow as pa
from keepwell.infrastructure.tables import open_tables
root, writer, first, last = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
store = open_tables(root)
for n in range(first, last):
    store.write("t", pa.table({"writer": [writer] * 100, "n": [n] * 100}), once=(writer, n))
    print(n, flush=True)
"""


@pytest.fixture
def store(tmp_path: Path) -> DeltaTableStore:
    return open_tables(str(tmp_path / "tables"))


def _writer(store: DeltaTableStore, name: str, first: int, last: int) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-c", WRITE, store.url, name, str(first), str(last)]
    return subprocess.Popen(words, stdout=subprocess.PIPE)


def _rows(*numbers: int) -> pa.Table:
    return pa.table({"n": pa.array(numbers, pa.int64())})


def test_processes_that_make_and_append_to_one_table_lose_nothing(store: DeltaTableStore) -> None:
    writers = [_writer(store, f"w{number // 2}", 0, 6) for number in range(4)]  # two pairs of twins
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    rows = store.read("t")
    counted = rows.group_by(["writer", "n"]).aggregate([([], "count_all")])
    assert set(counted["count_all"].to_pylist()) == {100}
    applied = set(zip(*(counted[name].to_pylist() for name in ("writer", "n")), strict=True))
    assert {("w0", 5), ("w1", 5)} <= applied
    assert store.written("t", "w0") == 5


def test_a_killed_writer_leaves_whole_versions_and_goes_on_where_it_was(
    store: DeltaTableStore,
) -> None:
    told = -1
    for _ in range(3):
        writer = _writer(store, "w", store.written("t", "w") + 1, 1000)
        assert writer.stdout is not None
        for _ in range(4):
            told = int(writer.stdout.readline())
        writer.kill()
        rest = [line for line in writer.stdout.readlines() if line.endswith(b"\n")]
        told = int(rest[-1]) if rest else told
        writer.wait()
        writer.stdout.close()
        done = store.written("t", "w")
        assert done in (told, told + 1)  # confirmed, or not yet told
        rows = sorted(store.read("t")["n"].to_pylist())
        assert rows == [n for n in range(done + 1) for _ in range(100)]


def test_maintenance_merges_files_and_keeps_rows_and_numbers(store: DeltaTableStore) -> None:
    for number in range(12):
        store.write("t", _rows(number), once=("w", number))
    tidied = store.maintain("t", keep_days=0)
    assert (tidied.merged, tidied.into) == (12, 1)
    assert tidied.removed >= 12
    assert sorted(store.read("t")["n"].to_pylist()) == list(range(12))
    assert store.written("t", "w") == 11
    store.write("t", _rows(99), once=("w", 5))
    assert store.read("t").num_rows == 12


def test_maintenance_keeps_the_versions_that_records_name(store: DeltaTableStore) -> None:
    first = store.write("t", _rows(1))
    second = store.write("t", _rows(2), mode="overwrite")
    store.write("t", _rows(3), mode="overwrite")
    store.maintain("t", keep_days=0, keep_versions=[first])
    assert store.read("t", version=first)["n"].to_pylist() == [1]
    with pytest.raises((StorageError, NotFoundError)):
        store.read("t", version=second)
    assert store.read("t")["n"].to_pylist() == [3]


def test_maintenance_lets_readers_of_recent_versions_read_on(store: DeltaTableStore) -> None:
    versions = [store.write("t", _rows(number)) for number in range(3)]
    scan = store.dataset("t", version=versions[1])
    assert store.maintain("t").removed == 0
    assert scan.count_rows() == 2


def test_maintenance_of_nothing_says_so(store: DeltaTableStore) -> None:
    with pytest.raises(NotFoundError, match="no table 't'"):
        store.maintain("t")


def test_a_full_disk_says_so_and_the_table_stays(small_disk: Path) -> None:
    store = open_tables(str(small_disk))
    store.write("t", _rows(1))
    noise = pa.table({"n": pa.array(range(1_500_000), pa.int64())})
    with pytest.raises(StorageError, match="'t'") as refusal:
        store.write("t", noise)
    assert "No space left on device" in refusal.value.why
    assert "free some space" in refusal.value.now
    assert store.read("t")["n"].to_pylist() == [1]


def test_a_full_disk_at_the_first_write_leaves_no_table(small_disk: Path) -> None:
    store = open_tables(str(small_disk))
    with pytest.raises(StorageError):
        store.write("t", pa.table({"n": pa.array(range(1_500_000), pa.int64())}))
    assert store.version("t") is None
    with pytest.raises(NotFoundError):
        store.read("t")


def test_rows_that_do_not_fit_name_the_column(store: DeltaTableStore) -> None:
    store.write("t", pa.table({"age": [1], "when": [datetime.datetime(2026, 1, 1)]}))
    with pytest.raises(InvalidDataError) as refusal:
        store.write("t", pa.table({"agee": [1], "when": [datetime.datetime(2026, 1, 1)]}))
    assert refusal.value.why == "they lack 'age'; the table has no 'agee'"
    assert refusal.value.now == "did you mean 'age'?"
    with pytest.raises(InvalidDataError, match="do not fit") as refusal:
        store.write("t", pa.table({"age": ["old"], "when": [datetime.datetime(2026, 1, 1)]}))
    assert refusal.value.why == "its column 'age' is int64, theirs is string"
    aware = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    with pytest.raises(InvalidDataError):
        store.write("t", pa.table({"age": [1], "when": [aware]}))


def test_kin_types_fit(store: DeltaTableStore) -> None:
    store.write("t", pa.table({"text": ["a"], "n": pa.array([1], pa.int64()), "x": [0.5]}))
    store.write(
        "t",
        pa.table(
            {
                "text": pa.array(["b"]).dictionary_encode(),
                "n": pa.array([2], pa.int32()),
                "x": pa.array([2], pa.int64()),
            }
        ),
    )
    store.write(
        "t",
        pa.table({"text": pa.array(["c"], pa.large_string()), "n": pa.nulls(1), "x": pa.nulls(1)}),
    )
    assert store.read("t").sort_by("text").to_pylist() == [
        {"text": "a", "n": 1, "x": 0.5},
        {"text": "b", "n": 2, "x": 2.0},
        {"text": "c", "n": None, "x": None},
    ]


def test_a_wrong_mode_is_a_programmers_error(store: DeltaTableStore) -> None:
    for how in ({"mode": "upsert"}, {"mode": "append", "where": "n = 1"}):
        with pytest.raises(ValueError, match="mode is one of"):
            store.write("t", _rows(1), **how)  # type: ignore[arg-type]


def test_the_child_of_a_fork_is_refused_in_words(store: DeltaTableStore) -> None:
    store.write("t", _rows(1))
    child = os.fork()
    if child == 0:
        try:
            store.read("t")
        except UnavailableError:
            os._exit(7)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_the_log_forgets_what_can_no_longer_be_read(store: DeltaTableStore) -> None:
    """Commits older than the files they name go: else opening a table costs more each day."""
    for number in range(20):
        store.write("t", _rows(number), once=("w", number))
    store.maintain("t", keep_days=1 / 24)
    log = Path(store.url) / "t" / "_delta_log"
    assert len(list(log.glob("*.json"))) > 20, "young ones stay"
    for commit in log.glob("*.json"):
        os.utime(commit, (0, 0))
    store.write("t", _rows(20), once=("w", 20))
    before = store.version("t")
    store.maintain("t", keep_days=1 / 24)
    assert len(list(log.glob("*.json"))) < 6
    assert store.read("t").num_rows == 21
    assert store.written("t", "w") == 20
    after = store.version("t")
    assert before is not None
    assert after is not None
    assert after - before <= 3, "merged, and looked for old files; not configured anew"
