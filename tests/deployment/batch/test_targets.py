"""Outputs of every kind appear whole, and replace nothing by themselves."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from keepwell.core.errors import StorageError, UsageError
from keepwell.deployment.batch import Options, Scored, predict_file, predicting
from keepwell.deployment.scoring import load_scorer

Models = Callable[..., Any]


@pytest.fixture
def score(
    tmp_path: Path, model_of: Models, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Scored]:
    """Return a function that scores between two places in the test's folder, 64 rows at a time."""
    made = model_of()
    pq.write_table(made.table, tmp_path / "in.parquet")
    monkeypatch.setattr(predicting, "ROWS_AT_ONCE", 64)

    def call(source: str, output: str, **options: Any) -> Scored:
        chosen = Options(root=tmp_path, works=tmp_path / "works", version=3, **options)
        scorer = load_scorer(made.files.__getitem__, made.signature)
        return predict_file(scorer, source, output, options=chosen)

    return call


def test_nothing_is_replaced_unasked(tmp_path: Path, score: Callable[..., Scored]) -> None:
    (tmp_path / "out.csv").write_text("precious")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a.txt").write_text("precious")
    for output in ("out.csv", "full/"):
        with pytest.raises(UsageError, match="is there already") as caught:
            score("in.parquet", output)
        assert "--overwrite" in caught.value.now
    assert (tmp_path / "out.csv").read_text() == "precious"
    for output in ("out.csv", "full/"):
        assert score("in.parquet", output, overwrite=True).rows == 400
    assert not (tmp_path / "full" / "a.txt").exists()
    assert (tmp_path / "out.csv").read_text().count("\n") == 401


def test_a_folder_holds_parts_and_a_manifest(tmp_path: Path, score: Callable[..., Scored]) -> None:
    scored = score("in.parquet", "out/")
    manifest = json.loads((tmp_path / "out" / "_manifest.json").read_bytes())
    assert (manifest["rows"], manifest["version"], manifest["id"]) == (400, 3, scored.id)
    assert manifest["predictions"] == scored.predictions
    assert sum(scored.predictions.values()) == 400
    files = [part["file"] for part in manifest["parts"]]
    assert sorted(path.name for path in (tmp_path / "out").glob("part-*")) == files
    assert [part["rows"] for part in manifest["parts"]] == [64] * 6 + [16]
    assert pq.read_table(tmp_path / "out").num_rows == 400  # as others read folders
    score("in.parquet", "lines.csv.gz/")
    assert len(list((tmp_path / "lines.csv.gz").glob("part-*.csv.gz"))) == 7


def test_a_delta_table_takes_each_job_once(tmp_path: Path, score: Callable[..., Scored]) -> None:
    from keepwell.deployment.batch.work import Work

    score("in.parquet", "out.delta")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Work, "remove", lambda self: None)
        score("in.parquet", "out.delta")
    score("in.parquet", "out.delta")  # the last one's commit was its last act
    table = DeltaTable(str(tmp_path / "out.delta")).to_pyarrow_table()
    assert table.num_rows == 800
    assert len(set(table["prediction_id"].to_pylist())) == 800
    other = pa.table({"a": [1]})
    write_deltalake(str(tmp_path / "other.delta"), other)
    with pytest.raises(StorageError, match=r"other\.delta"):
        score("in.parquet", "other.delta")
    assert score("in.parquet", "other.delta", overwrite=True).rows == 400


def test_a_delta_table_is_read_as_it_is_now(
    tmp_path: Path, model_of: Models, score: Callable[..., Scored]
) -> None:
    table = model_of().table.append_column("day", pa.array(["mon", "tue"] * 200))
    address = str(tmp_path / "rows")
    write_deltalake(address, table.slice(0, 300), partition_by=["day"])
    write_deltalake(address, table.slice(300), mode="append")
    DeltaTable(address).delete("visits > 40")
    expected = DeltaTable(address).to_pyarrow_table()
    scored = score("rows", "out.parquet")
    result = pq.read_table(tmp_path / "out.parquet")
    assert scored.rows == expected.num_rows < 400
    assert sorted(result["visits"].to_pylist()) == sorted(expected["visits"].to_pylist())
    assert set(result["day"].to_pylist()) == {"mon", "tue"}


def test_names_that_say_no_format(score: Callable[..., Scored]) -> None:
    for output in ("out", "out.xlsx", "out.parquet.gz", "gs://bucket/out.csv"):
        with pytest.raises(UsageError):
            score("in.parquet", output)


def test_wide_answers_fit_into_csv(tmp_path: Path, score: Callable[..., Scored]) -> None:
    table = pq.read_table(tmp_path / "in.parquet").slice(0, 3)
    nested = pa.array([[1, 2], None, [3]])
    coded = pa.array(["x", "y", "x"]).dictionary_encode()
    pq.write_table(
        table.append_column("nested", nested).append_column("coded", coded), tmp_path / "n.parquet"
    )
    score("n.parquet", "n.csv")
    lines = (tmp_path / "n.csv").read_text().splitlines()
    assert '"[1,2]"' in lines[1]
    assert '"[3]","x",' in lines[3]
