"""Joined without decoding, the parts are what they were."""

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.errors import IntegrityError
from keepwell.deployment.batch.parquet_parts import join_parquet
from keepwell.deployment.batch.thrift import Reader, write_struct


def tables(rows: list[int], columns: int) -> list[pa.Table]:
    made = []
    for at, count in enumerate(rows):
        data: dict[str, Any] = {
            f"n{c}": pa.array([None if r % 7 == 3 else r * 1.5 + at for r in range(count)])
            if count
            else pa.array([], pa.float64())
            for c in range(columns)
        }
        data["text"] = pa.array([f"word {r % 5} {at}" for r in range(count)], pa.string())
        data["list"] = pa.array([[r] * (r % 3) for r in range(count)], pa.list_(pa.int64()))
        data["time"] = pa.array([r * 10**6 for r in range(count)], pa.timestamp("us", "UTC"))
        made.append(pa.table(data))
    return made


def footer(path: Path) -> bytes:
    data = path.read_bytes()
    return data[-8 - int.from_bytes(data[-8:-4], "little") : -8]


@settings(max_examples=20, deadline=None)
@given(
    rows=st.lists(st.integers(0, 300), min_size=2, max_size=20),
    columns=st.integers(1, 20),
    options=st.sampled_from(
        [
            {},
            {"compression": "zstd", "row_group_size": 50},
            {"write_page_index": True, "use_dictionary": False},
            {"data_page_version": "2.0", "store_schema": False},
        ]
    ),
)
def test_joined_parts_read_back_everywhere(
    tmp_path_factory: pytest.TempPathFactory, rows: list[int], columns: int, options: dict[str, Any]
) -> None:
    folder = tmp_path_factory.mktemp("parts")
    made = tables(rows, columns)
    for at, table in enumerate(made):
        pq.write_table(table, folder / f"{at}.parquet", **options)
    parts = [folder / f"{at}.parquet" for at in range(len(made))]
    joined = folder / "joined"
    join_parquet(parts, joined)
    expected = pa.concat_tables(pq.read_table(part) for part in parts)
    assert pq.read_table(joined).equals(expected)
    assert pq.read_metadata(joined).num_row_groups == sum(
        pq.read_metadata(part).num_row_groups for part in parts
    )
    with duckdb.connect() as connection:
        relation = connection.sql(f"SELECT n0, text FROM read_parquet('{joined}')")
        assert relation.fetchall() == list(
            zip(expected["n0"].to_pylist(), expected["text"].to_pylist(), strict=True)
        )
        few = connection.sql(f"SELECT count(*) FROM read_parquet('{joined}') WHERE n0 > 100")
        assert few.fetchall() == [(sum((v or 0) > 100 for v in expected["n0"].to_pylist()),)]
    for path in parts:  # what is read is written to the byte
        assert write_struct(Reader(footer(path)).struct()) == footer(path)


def test_parts_that_do_not_belong_together(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "a")
    pq.write_table(pa.table({"a": ["x"]}), tmp_path / "b")
    with pytest.raises(IntegrityError, match="other columns"):
        join_parquet([tmp_path / "a", tmp_path / "b"], tmp_path / "joined")
    (tmp_path / "b").write_bytes((tmp_path / "a").read_bytes()[:-3])
    with pytest.raises(IntegrityError, match="not a whole Parquet file"):
        join_parquet([tmp_path / "a", tmp_path / "b"], tmp_path / "joined")
