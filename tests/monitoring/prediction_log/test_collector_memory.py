"""What a collector holds must not depend on how much lies there: the control process lives for months."""

import gc
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from keepwell.core.ports import TableStore
from keepwell.core.records import Prediction
from keepwell.infrastructure.segments import SegmentWriter, encode_prediction, list_segments
from keepwell.infrastructure.tables.maintenance import FILE_BYTES, GROUP_ROWS
from keepwell.monitoring.prediction_log import Collector, collector, tidying
from keepwell.monitoring.prediction_log.schema import prediction_table

Make = Callable[..., Prediction]
SEGMENT_BYTES = 200_000


class NoTable:
    """Takes rows and keeps none: what is measured is the collector alone."""

    def __init__(self) -> None:
        self.rows = 0
        self.largest = 0

    def write(self, table: str, data: pa.Table, **how: Any) -> int:
        """Count."""
        self.rows += data.num_rows
        self.largest = max(self.largest, data.num_rows)
        return 0

    def written(self, table: str, writer: str) -> int:
        """Say that nothing was collected."""
        return -1


def fill(folder: Path, make: Make, count: int, *, segment: int = SEGMENT_BYTES) -> None:
    """Write `count` predictions in many segments."""
    writer = SegmentWriter(folder, "worker-0", rotate_bytes=segment)
    payload = encode_prediction(make())
    for _ in range(count // 100):
        writer.append_all([payload] * 100)
    writer.close()


def peak_of(collect: Callable[[], object]) -> int:
    """Return the bytes of Python that a call had at most at once."""
    gc.collect()
    tracemalloc.start()
    try:
        collect()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def count_parts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets the number of records of each part that is turned into rows."""
    taken: list[int] = []

    def counted(records: Sequence[Prediction]) -> pa.Table:
        taken.append(len(records))
        return prediction_table(records)

    monkeypatch.setattr(collector, "prediction_table", counted)
    return taken


def test_what_is_held_does_not_depend_on_the_backlog(
    tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten times as much lies there, in segments that are ten times as large: the peak is the same."""
    monkeypatch.setattr(collector, "AT_ONCE", 250)
    peaks = []
    for size in (1_000, 10_000):
        folder, table = tmp_path / str(size), NoTable()
        fill(folder, make, size, segment=size * 100)
        collecting = Collector(table, folder)  # type: ignore[arg-type]
        peaks.append(peak_of(collecting.collect))
        assert table.rows == size
    assert peaks[1] < 1.5 * peaks[0], peaks


def test_no_more_records_than_a_part_are_alive_at_once(
    tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector, "AT_ONCE", 300)
    taken = count_parts(monkeypatch)
    fill(tmp_path / "segments", make, 2_000, segment=1 << 20)
    table = NoTable()
    Collector(table, tmp_path / "segments").collect()  # type: ignore[arg-type]
    assert (sum(taken), max(taken)) == (2_000, 300)
    assert table.largest == 2_000, "one commit for a segment all the same"


def test_large_inputs_make_smaller_parts(
    tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector, "BYTES_AT_ONCE", 50_000)
    taken = count_parts(monkeypatch)
    writer = SegmentWriter(tmp_path / "segments", "worker-0")
    writer.append_all([encode_prediction(make(inputs={"text": "x" * 20_000})) for _ in range(10)])
    Collector(NoTable(), tmp_path / "segments").collect()  # type: ignore[arg-type]
    assert (sum(taken), max(taken)) == (10, 3)


def test_rows_keep_their_order_over_parts_and_segments(
    tables: TableStore, segments: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector, "AT_ONCE", 7)
    writer = SegmentWriter(segments, "worker-0", rotate_bytes=8_000)
    sent = [make() for _ in range(120)]
    for one in sent:
        writer.append(encode_prediction(one))
    assert len(list_segments(segments)) > 2
    written = []
    real = tables.write

    def remember(table: str, data: pa.Table, **how: Any) -> int:
        written.extend(data["id"].to_pylist())
        return real(table, data, **how)

    monkeypatch.setattr(tables, "write", remember)
    assert Collector(tables, segments).collect() == 120
    assert written == [one.id for one in sent]


def test_a_long_series_of_collections_does_not_grow(
    tables: TableStore, segments: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a warm-up, 40 collections and 4 tidyings leave no more than 200 kB of Python behind.

    Were the records of each kept, that would be more than 1 MB.
    """
    monkeypatch.setattr(tidying, "EVERY", 10)
    writer = SegmentWriter(segments, "worker-0", rotate_bytes=20_000)
    payload = encode_prediction(make())
    collecting = Collector(tables, segments)

    def collect(times: int) -> int:
        for _ in range(times):
            writer.append_all([payload] * 50)
            assert collecting.collect() == 50
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = collect(12)
        assert collect(40) - before < 200_000
    finally:
        tracemalloc.stop()


def test_merged_files_are_bounded_and_read_in_small_groups(tables: TableStore) -> None:
    """Merging holds a file in memory, and a reader a group of rows."""
    rows = pa.table({"n": pa.array(range(GROUP_ROWS), pa.int64())})
    for _ in range(3):
        tables.write("t", rows)
    tables.maintain("t", 1 / 24)  # type: ignore[attr-defined]
    (merged,) = tables.dataset("t").get_fragments()
    groups = [
        merged.metadata.row_group(at).num_rows for at in range(merged.metadata.num_row_groups)
    ]
    assert sum(groups) == 3 * GROUP_ROWS
    assert max(groups) <= GROUP_ROWS
    assert FILE_BYTES <= 64 << 20
