"""Versions of datasets: whole or not at all, equal content once, rows as they came."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from keepwell.core.errors import (
    ConflictError,
    InvalidDataError,
    NotFoundError,
    StorageError,
    UsageError,
)
from keepwell.core.records import Column, ColumnType
from keepwell.data import chunks
from keepwell.data.datasets import Datasets
from keepwell.infrastructure.blobs import open_blobs
from keepwell.infrastructure.metadata import open_metadata
from keepwell.infrastructure.tables import open_tables

CHILD = """
import sys, time
from pathlib import Path
from keepwell.core.clock import SystemClock
from keepwell.data import chunks
from keepwell.data.datasets import Datasets
from keepwell.infrastructure.blobs import open_blobs
from keepwell.infrastructure.metadata import open_metadata
from keepwell.infrastructure.tables import open_tables

chunks.CHUNK_ROWS = 1024
root, home, stage = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]

def stop():
    print("here", flush=True)
    time.sleep(600)

class Listener:
    def update(self, message, fraction=None, seconds_left=None):
        if message.startswith(stage):
            stop()

datasets = Datasets(open_metadata(f"sqlite:///{home / 'record.db'}"), open_blobs(str(home / "blobs")),
                    open_tables(str(home / "tables")), SystemClock(), home / "staging")
if stage == "recording":
    datasets._records.write = lambda *a, **k: stop()
datasets.ingest("d", "f.csv", root=root, contract=root / "d.yaml", progress=Listener())
"""


class Listener:
    """Remembers what it was told, and acts on the first message that begins with a word."""

    def __init__(self, word: str = "", act: Callable[[], object] = lambda: None) -> None:
        self.told: list[str] = []
        self._word, self._act = word, act

    def update(
        self, message: str, fraction: float | None = None, seconds_left: float | None = None
    ) -> None:
        assert fraction is None or 0 <= fraction <= 1
        self.told.append(message)
        if self._word and message.startswith(self._word):
            self._word = ""
            self._act()


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 1024)


def rows_of(count: int, **changed: str) -> str:
    odd = {int(row.removeprefix("r")): text for row, text in changed.items()}
    body = "".join(odd.get(n, f"{n},{n % 7},v{n % 3}") + "\n" for n in range(count))
    return "id,x,y\n" + body


def staged(world: Any) -> list[Path]:
    return list((world.home / "staging").glob("*.rows"))


def test_keeps_rows_types_and_order(world: Any) -> None:
    world.write("f.csv", rows_of(500))
    version = world.ingest("f.csv")
    assert (version.key, version.rows, version.source) == ("d/1", 500, "f.csv")
    assert world.values(version, "id") == list(range(500))
    table = world.datasets.read(version)
    assert table.column_names == ["id", "x", "y"]
    assert table.schema.types == [pa.int64(), pa.int64(), pa.string()]
    assert world.datasets.scan(version).count_rows() == 500
    assert world.datasets.profile(version).rows == 500
    assert staged(world) == []


def test_equal_content_is_the_same_version(world: Any) -> None:
    world.write("f.csv", rows_of(500))
    first = world.ingest("f.csv")
    os.utime(world.root / "f.csv")
    assert world.ingest("f.csv") == first
    world.write(
        "g.jsonl", "".join(f'{{"id":{n},"x":{n % 7},"y":"v{n % 3}"}}\n' for n in range(500))
    )
    assert world.ingest("g.jsonl") == first
    assert len(world.datasets.versions("d")) == 1


@pytest.mark.usefixtures("small_chunks")
def test_a_changed_row_stores_one_chunk(world: Any) -> None:
    world.write("f.csv", rows_of(5000))
    first = world.ingest("f.csv")
    world.write("f.csv", rows_of(5000, r2000="2000,6,v1"))
    second = world.ingest("f.csv")
    assert second.version == 2
    assert [a == b for a, b in zip(first.chunks, second.chunks, strict=True)] == [
        True, False, True, True, True,
    ]  # fmt: skip
    assert (
        world.datasets.scan(first).count_rows() == world.datasets.scan(second).count_rows() == 5000
    )
    files = list((world.home / "tables").rglob("*.parquet"))
    assert len(files) == 6
    assert world.values(first, "x")[2000] == 2000 % 7
    assert world.values(second, "x")[2000] == 6


@pytest.mark.usefixtures("small_chunks")
def test_equal_chunks_within_a_version_are_stored_once_and_read_twice(world: Any) -> None:
    world.write("f.csv", "x,y\n" + "1,2\n" * 4096)
    version = world.ingest("f.csv")
    assert len(set(version.chunks)) == 1
    assert world.datasets.read(version).num_rows == 4096
    assert len(list((world.home / "tables").rglob("*.parquet"))) == 1


@pytest.mark.usefixtures("small_chunks")
def test_going_back_to_old_content_stores_nothing(world: Any) -> None:
    world.write("f.csv", rows_of(3000))
    first = world.ingest("f.csv")
    world.write("f.csv", rows_of(3000, r5="5,9,v9"))
    world.ingest("f.csv")
    before = len(list((world.home / "tables").rglob("*.parquet")))
    world.write("f.csv", rows_of(3000))
    third = world.ingest("f.csv")
    assert (third.version, third.digest, third.chunks) == (3, first.digest, first.chunks)
    assert len(list((world.home / "tables").rglob("*.parquet"))) == before


def test_old_versions_outlive_the_tidying_of_their_table(world: Any) -> None:
    world.write("f.csv", rows_of(300))
    first = world.ingest("f.csv")
    world.write("f.csv", rows_of(200))
    world.ingest("f.csv")
    tables = open_tables(str(world.home / "tables"))
    tables.maintain(first.table, keep_days=0)
    assert world.values(first, "id") == list(range(300))


def test_another_schema_lives_beside_the_first(world: Any) -> None:
    world.write("f.csv", "a,b\n1,x\n2,y\n")
    first = world.ingest("f.csv", contract=None)
    world.write("f.csv", "a,c\n1.5,x\n2,y\n")
    second = world.ingest("f.csv", contract=None)
    assert world.values(first, "b") == ["x", "y"]
    assert world.values(second, "a") == [1.5, 2.0]
    assert [version.version for version in world.datasets.versions("d")] == [2, 1]


def test_names_that_differ_in_case_alone_are_kept_apart(world: Any) -> None:
    world.write("f.csv", "a,A,a~2\n1,x,q\n2,y,r\n")
    version = world.ingest("f.csv")
    assert world.datasets.read(version, ["A", "a"]).to_pydict() == {"A": ["x", "y"], "a": [1, 2]}
    assert world.values(version, "a~2") == ["q", "r"]


def test_a_type_can_be_set(world: Any) -> None:
    world.write("f.csv", rows_of(100))
    version = world.ingest("f.csv", types={"x": "category"})
    column = version.columns[1]
    assert (column.type, column.reason) == (ColumnType.CATEGORY, "set by `data.types`")
    assert world.values(version, "x")[:2] == ["0", "1"]


@pytest.mark.parametrize(
    ("types", "hint"), [({"x": "categry"}, "category"), ({"xx": "category"}, "did you mean 'x'?")]
)
def test_a_wrong_type_setting_is_refused(world: Any, types: dict[str, str], hint: str) -> None:
    world.write("f.csv", rows_of(100))
    with pytest.raises(UsageError) as caught:
        world.ingest("f.csv", types=types)
    assert hint in str(caught.value)


def test_what_is_not_there_is_named(world: Any) -> None:
    with pytest.raises(NotFoundError, match="no dataset 'd'"):
        world.datasets.get("d")
    world.write("f.csv", rows_of(10))
    version = world.ingest("f.csv")
    with pytest.raises(NotFoundError, match="d/9"):
        world.datasets.get("d", 9)
    with pytest.raises(NotFoundError, match="no column 'X'") as caught:
        world.datasets.read(version, ["X"])
    assert caught.value.now == "did you mean 'x'?"
    assert world.datasets.names() == ["d"]
    assert world.datasets.get("d") == world.datasets.get("d", 1) == version


def test_progress_says_what_goes_on(world: Any) -> None:
    listener = Listener()
    world.write("f.csv", rows_of(100))
    world.ingest("f.csv", progress=listener)
    assert listener.told[0] == "looking at f.csv"
    assert "reading f.csv: 100 rows" in listener.told


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("stage", ["reading", "storing", "recording"])
def test_a_killed_ingest_leaves_nothing_to_be_seen_and_the_rerun_works(
    world: Any, stage: str
) -> None:
    world.write("f.csv", rows_of(6000))
    command = [sys.executable, "-c", CHILD, str(world.root), str(world.home), stage]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "here\n"
        assert len(staged(world)) == 1
        os.kill(child.pid, signal.SIGKILL)
    assert world.datasets.names() == []
    stored = set((world.home / "tables").rglob("*.parquet"))
    version = world.ingest("f.csv")
    assert (version.key, version.rows) == ("d/1", 6000)
    assert world.values(version, "id") == list(range(6000))
    assert staged(world) == []
    if stage == "recording":  # what the killed one stored is used
        assert set((world.home / "tables").rglob("*.parquet")) == stored


@pytest.mark.usefixtures("small_chunks")
def test_the_second_of_two_ingests_waits_and_says_for_whom(world: Any) -> None:
    world.write("f.csv", rows_of(3000))
    command = [sys.executable, "-c", CHILD, str(world.root), str(world.home), "reading"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        child.stdout.readline()
        waits = threading.Event()
        listener = Listener("waiting for", waits.set)
        second = threading.Thread(target=lambda: world.ingest("f.csv", progress=listener))
        second.start()
        assert waits.wait(30)
        assert world.datasets.names() == []
        os.kill(child.pid, signal.SIGKILL)
    second.join(60)
    assert (
        f"ingest of d, process {child.pid}" in listener.told[0]
        or str(child.pid) in listener.told[0]
    )
    assert world.datasets.get("d").rows == 3000


def test_a_file_that_vanishes_is_named(world: Any) -> None:
    path = world.write("f.csv", rows_of(10))
    with pytest.raises(NotFoundError, match=r"f\.csv is gone"):
        world.ingest("f.csv", progress=Listener("looking", path.unlink))
    assert world.datasets.names() == []


def test_a_file_that_changes_while_it_is_read_is_refused(world: Any) -> None:
    path = world.write("f.csv", rows_of(10))
    with pytest.raises(ConflictError, match="changed while it was read"):
        world.ingest("f.csv", progress=Listener("reading", lambda: os.utime(path, (1, 1))))
    assert world.datasets.names() == []


def noise(rows: int) -> pa.Table:
    random = np.random.default_rng(0)
    return pa.table({f"x{n}": random.normal(size=rows) for n in range(8)})


@pytest.mark.parametrize("full", ["staging", "tables"])
def test_a_full_disk_is_told_and_leaves_nothing(world: Any, small_disk: Path, full: str) -> None:
    world.write("big.parquet", noise(100_000))
    world.write("small.parquet", noise(100))
    places = {name: world.home / name for name in ("staging", "tables")}
    places[full] = small_disk / full
    datasets = Datasets(
        open_metadata(f"sqlite:///{world.home / 'record.db'}"),
        open_blobs(str(world.home / "blobs")),
        open_tables(str(places["tables"])),
        chunks_clock(),
        places["staging"],
    )
    with pytest.raises(StorageError, match="No space left"):
        datasets.ingest("d", "big.parquet", root=world.root, contract=world.root / "d.yaml")
    assert datasets.names() == []
    assert not (world.root / "d.yaml").exists()
    assert list(places["staging"].glob("*.rows")) == []
    for left in small_disk.rglob("*.parquet"):
        left.unlink()
    assert datasets.ingest("d", "small.parquet", root=world.root).rows == 100


def chunks_clock() -> Any:
    from keepwell.core.clock import ManualClock

    return ManualClock(1.0)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("cut", [1, 700, 1024, 2500])
def test_appended_rows_make_the_version_that_one_file_would(world: Any, cut: int) -> None:
    world.write("f.csv", rows_of(3000))
    whole = world.ingest("f.csv", "whole")
    table = world.datasets.read(whole)
    columns = whole.columns
    world.datasets.append("d", table.slice(0, cut), origin="live", columns=columns)
    version = world.datasets.append("d", table.slice(cut), origin="live")
    assert (version.version, version.source) == (2, "live")
    assert (version.digest, version.chunks) == (whole.digest, whole.chunks)
    assert world.datasets.read(version).equals(table)
    assert world.datasets.profile(version) == world.datasets.profile(whole)


def test_appended_rows_may_lack_columns_but_not_invent_them(world: Any) -> None:
    world.write("f.csv", rows_of(10))
    world.ingest("f.csv")
    version = world.datasets.append("d", pa.table({"x": [1.0, 2.0]}), origin="live")
    assert world.values(version, "y")[-2:] == [None, None]
    assert world.values(version, "x")[-2:] == [1, 2]
    with pytest.raises(InvalidDataError, match="column 'z'"):
        world.datasets.append("d", pa.table({"z": [1]}), origin="live")
    with pytest.raises(InvalidDataError, match="values of 'x'"):
        world.datasets.append("d", pa.table({"x": [1.5]}), origin="live")


def test_a_dataset_may_begin_with_appended_rows(world: Any) -> None:
    rows = pa.table({"a": [1, 2], "b": ["x", "y"], "c": [True, None]})
    version = world.datasets.append("live", rows, origin="endpoint")
    assert [column.type.value for column in version.columns] == ["integer", "category", "boolean"]
    known = [Column(name="a", type=ColumnType.CATEGORY)]
    other = world.datasets.append("l2", rows.select(["a"]), origin="endpoint", columns=known)
    assert world.values(other, "a") == ["1", "2"]


def test_appending_nothing_is_the_same_version(world: Any) -> None:
    world.write("f.csv", rows_of(10))
    version = world.ingest("f.csv")
    assert (
        world.datasets.append("d", pa.table({"x": pa.array([], pa.int64())}), origin="live")
        == version
    )


def test_files_of_a_set_are_read_in_the_order_of_their_paths(world: Any) -> None:
    world.write("set/b.csv", "y,id\nv,2\n")
    world.write("set/a.csv", "id,y\n1,u\n")
    world.write("set/c.csv.gz", __import__("gzip").compress(b"id,y\n3,w\n"))
    version = world.ingest("set")
    assert world.datasets.read(version).to_pydict() == {"id": [1, 2, 3], "y": ["u", "v", "w"]}


def test_parquet_files_of_a_set_may_differ_in_width(world: Any) -> None:
    world.write("p/a.parquet", pa.table({"x": pa.array([1], pa.int8()), "d": pa.array(["a"])}))
    world.write("p/b.parquet", pa.table({"x": pa.array([1.5]), "d": pa.array([None], pa.string())}))
    version = world.ingest("p")
    assert world.datasets.read(version).to_pydict() == {"x": [1.0, 1.5], "d": ["a", None]}


def test_a_version_written_to_parquet_comes_back_the_same(world: Any) -> None:
    world.write(
        "f.csv",
        "x,y,t,b\n"
        + "".join(f"{n / 7},k{n % 3},2024-01-{n % 28 + 1:02d},true\n" for n in range(99)),
    )
    first = world.ingest("f.csv")
    pq.write_table(world.datasets.read(first), world.root / "g.parquet")
    assert world.ingest("g.parquet") == first
