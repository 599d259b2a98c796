"""Rows in pieces: no more of a dataset is in memory than what is kept of it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as pa_dataset
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.data import pieces
from keepwell.data.pieces import sampled, taken, weighed

ROWS = 5_000


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Three files of rows that bear their number."""
    folder = tmp_path_factory.mktemp("rows")
    table = pa.table({"at": np.arange(ROWS), "word": [f"w{at % 7}" for at in range(ROWS)]})
    for number, (start, end) in enumerate([(0, 1_000), (1_000, 1_001), (1_001, ROWS)]):
        pq.write_table(table.slice(start, end - start), folder / f"{number}.parquet")
    return pa_dataset.dataset(sorted(map(str, folder.iterdir())))


@given(rows=st.lists(st.integers(0, ROWS - 1), max_size=40))
@settings(max_examples=30)
def test_takes_the_rows_that_the_whole_table_has_there(dataset: Any, rows: list[int]) -> None:
    wanted = np.array(rows, dtype=np.int64)
    assert taken(dataset, ["word", "at"], wanted) == dataset.to_table(["word", "at"]).take(wanted)


def test_there_is_no_row_behind_the_last(dataset: Any) -> None:
    with pytest.raises(IndexError, match="there are 5,000 rows, and row 5,000 was asked for"):
        taken(dataset, ["at"], np.array([1, ROWS]))


@pytest.mark.parametrize("size", [100, 16_384])
def test_a_sample_says_which_rows_it_holds_whatever_the_pieces(
    dataset: Any, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = sampled(dataset, ["at", "word"], 0.2, 1)[1]
    assert len(expected) == pytest.approx(0.2 * ROWS, rel=0.15)
    assert not np.array_equal(expected, sampled(dataset, ["at"], 0.2, 2)[1])
    monkeypatch.setattr(pieces, "PIECE_ROWS", size)
    table, positions = sampled(dataset, ["at", "word"], 0.2, 1)
    assert np.array_equal(positions, expected)
    assert table == dataset.to_table().take(positions)


def test_of_no_rows_there_is_an_empty_sample(dataset: Any) -> None:
    table, positions = sampled(dataset, ["at"], 0.0, 1)
    assert (table.num_rows, len(positions)) == (0, 0)
    assert table.column_names == ["at"]


def test_a_row_weighs_more_as_a_frame_of_objects(dataset: Any) -> None:
    weight = weighed(dataset, ["at", "word"])
    assert 8 < weight.stored < 20
    assert weight.framed > 2 * weight.stored


PEAK = """
import resource, sys
import numpy as np, pyarrow.dataset as ds, pandas
from keepwell.data.pieces import sampled, taken, weighed
data = ds.dataset(sys.argv[1])
names = data.schema.names
weighed(data, names)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
table, rows = sampled(data, names, 0.05, 0)
again = taken(data, names, rows)
assert again == table
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(grown * (1 if sys.platform == "darwin" else 1024), table.nbytes)
"""


def test_reads_a_part_of_what_is_larger_than_the_memory_granted(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    rows, columns, files = 100_000, 12, 6
    for number in range(files):
        part = pa.table({f"c{at}": random.random(rows) for at in range(columns)})
        pq.write_table(
            part, tmp_path / f"{number}.parquet", compression="none", use_dictionary=False
        )
    whole = rows * columns * files * 8
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(tmp_path)], capture_output=True, text=True, check=True
    )
    grown, kept = map(int, done.stdout.split())
    assert kept < 0.06 * whole
    assert grown < 0.6 * whole  # a file at a time, and what is kept of it
