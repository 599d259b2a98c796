import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from keepwell.core.errors import FormatError
from keepwell.core.ports import TableStore
from keepwell.core.records import Prediction
from keepwell.infrastructure.files import mark_beside
from keepwell.infrastructure.segments import SegmentWriter, encode_prediction, list_segments
from keepwell.infrastructure.tables import open_tables
from keepwell.monitoring.prediction_log import Collector, PredictionLog

Make = Callable[..., Prediction]
Write = Callable[..., None]


def ids(tables: TableStore) -> list[str]:
    found: list[str] = tables.read("predictions", columns=["id"])["id"].to_pylist()
    return found


def test_what_was_written_arrives_as_it_was(
    collector: Collector, log: PredictionLog, make: Make, write: Write
) -> None:
    sent = [make(key="7590-VHVEG", caller="token:ana"), make(probabilities=(), prediction="3.5")]
    write(*sent)
    assert collector.collect() == 2
    assert [log.find(one.id) for one in sent] == sent


def test_each_is_moved_once(
    collector: Collector, tables: TableStore, segments: Path, make: Make
) -> None:
    writer = SegmentWriter(segments, "worker-0")
    sent = []
    for _ in range(5):
        one = make()
        sent.append(one.id)
        writer.append(encode_prediction(one))
        assert collector.collect() == 1
        assert collector.collect() == 0
        assert Collector(tables, segments).collect() == 0, "a new process knows as much"
    assert sorted(ids(tables)) == sorted(sent)


def test_a_clock_that_was_set_back_loses_nothing(
    collector: Collector,
    tables: TableStore,
    segments: Path,
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent = []
    for now in (2_000_000_000.0, 1_900_000_000.0, 1_900_000_100.0):  # years, and it stays so
        monkeypatch.setattr("keepwell.infrastructure.segments.time.time", lambda now=now: now)
        writer = SegmentWriter(segments, "worker-0")
        sent.append(make())
        writer.append(encode_prediction(sent[-1]))
        writer.close()
        assert collector.collect() == 1
    assert sorted(ids(tables)) == sorted(one.id for one in sent)


def test_two_machines_with_one_table_do_not_hide_each_other(
    tables: TableStore, tmp_path: Path, make: Make
) -> None:
    sent = []
    for machine in ("one", "other"):
        folder = tmp_path / machine
        writer = SegmentWriter(folder, "worker-0")
        collector = Collector(tables, folder, place=mark_beside(folder, str(tmp_path / "tables")))
        for _ in range(2):
            sent.append(make())
            writer.append(encode_prediction(sent[-1]))
            assert collector.collect() == 1
        assert mark_beside(folder, str(folder / "tables")) == "", "its own are nobody else's"
        writer.close()
    assert sorted(ids(tables)) == sorted(one.id for one in sent)


def test_no_folder_is_nothing_to_collect(tables: TableStore, tmp_path: Path) -> None:
    assert Collector(tables, tmp_path / "none").collect() == 0
    assert tables.version("predictions") is None


def test_slots_do_not_disturb_each_other(
    collector: Collector, tables: TableStore, make: Make, write: Write
) -> None:
    first, second = make(), make()
    write(first, slot="worker-0")
    write(second, slot="worker-1")
    assert collector.collect() == 2
    assert sorted(ids(tables)) == sorted([first.id, second.id])


def test_a_torn_tail_is_left_until_it_is_whole(
    collector: Collector, tables: TableStore, segments: Path, make: Make, write: Write
) -> None:
    write(make())
    path = list_segments(segments)[0].path
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    assert collector.collect() == 0
    path.write_bytes(whole)
    assert collector.collect() == 1
    assert len(ids(tables)) == 1


def test_finished_segments_are_removed_the_newest_stays(
    collector: Collector, tables: TableStore, segments: Path, make: Make
) -> None:
    writer = SegmentWriter(segments, "worker-0", rotate_bytes=2_000)
    for _ in range(30):
        writer.append(encode_prediction(make()))
    newest = list_segments(segments)[-1]
    assert len(list_segments(segments)) > 3
    assert collector.collect() == 30
    assert list_segments(segments) == [newest]
    writer.append(encode_prediction(make()))
    assert collector.collect() == 1
    assert len(ids(tables)) == 31


def test_what_cannot_be_read_is_kept_for_people(
    collector: Collector, segments: Path, make: Make, write: Write
) -> None:
    write(make(), make())
    first = list_segments(segments)[0].path
    first.write_bytes(first.read_bytes()[:-10])
    write(make())
    assert collector.collect() == 2
    assert [path.name for path in segments.glob("*.torn")] == [first.with_suffix(".torn").name]


def test_a_file_of_another_kind_is_named(collector: Collector, segments: Path) -> None:
    segments.mkdir()
    (segments / "worker-0-0000000001.seg").write_bytes(b"something else")
    with pytest.raises(FormatError, match=r"worker-0-0000000001\.seg"):
        collector.collect()


WORKER = """
import sys, time, json
from pathlib import Path
from keepwell.core.identifiers import new_id
from keepwell.core.records import Prediction
from keepwell.infrastructure.files import mark_beside
from keepwell.infrastructure.segments import SegmentWriter, encode_prediction
writer = SegmentWriter.claim(Path(sys.argv[1]), sys.argv[2])
writer._rotate_bytes = 3_000
while True:
    one = Prediction(id=new_id(), time=time.time(), endpoint="churn", model="churn", version=1,
        role="champion", request="", key="", inputs="{}", prediction="1")
    writer.append(encode_prediction(one))
    print(one.id, flush=True)
    time.sleep(0.001)
"""

COLLECTOR = """
import sys
from pathlib import Path
from keepwell.infrastructure.tables import open_tables
from keepwell.monitoring.prediction_log import Collector
collector = Collector(open_tables(sys.argv[2]), Path(sys.argv[1]))
while True:
    collector.collect()
"""


def test_kill_at_any_point_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Two workers answer, two collectors collect; all are killed again and again."""
    folder, place = tmp_path / "segments", str(tmp_path / "tables")
    answered: list[str] = []
    random.seed(7)

    def start(code: str, *arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", code, *arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def listen(worker: "subprocess.Popen[str]") -> threading.Thread:
        def read() -> None:
            assert worker.stdout is not None
            answered.extend(line.strip() for line in worker.stdout if line.endswith("\n"))

        thread = threading.Thread(target=read)
        thread.start()
        return thread

    for _ in range(3):
        workers = [start(WORKER, str(folder), f"worker-{number}") for number in range(2)]
        collectors = [start(COLLECTOR, str(folder), place) for _ in range(2)]
        listeners = [listen(worker) for worker in workers]
        time.sleep(random.uniform(1.0, 1.5))
        for process in random.sample([*workers, *collectors], 4):
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            time.sleep(random.uniform(0, 0.05))
        for listener in listeners:
            listener.join()
        for process in (*workers, *collectors):
            assert process.stdout is not None
            process.stdout.close()

    tables = open_tables(place)
    Collector(tables, folder).collect()
    stored = ids(tables)
    assert len(answered) > 100
    assert len(stored) == len(set(stored)), "a row was doubled"
    assert set(answered) <= set(stored), "an answered row was lost"
    # a row that was written when its worker died, before it was answered, may be there too: one a kill
    assert len(stored) - len(answered) <= 8
