"""A run that was killed is gone on with, and what comes of it is what would have come of it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import batch_victim
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from keepwell.core.errors import BusyError, ConflictError, InvalidDataError, StorageError
from keepwell.core.progress import SilentProgress
from keepwell.deployment.batch import Options, Scored, predict_file, predicting
from keepwell.infrastructure.codec import to_json
from keepwell.infrastructure.locks import exclusive

Models = Callable[..., Any]
SUPPORT = Path(batch_victim.__file__).parent


@pytest.fixture
def place(tmp_path: Path, model_of: Models, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a model's files, `in.parquet` and `in.csv` of 400 rows: 7 pieces."""
    made = model_of()
    for name, data in made.files.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "signature").write_bytes(to_json(made.signature))
    table = made.table.append_column("number", pa.array(range(400)))
    pq.write_table(table, tmp_path / "in.parquet", row_group_size=50)
    pa_csv.write_csv(table, tmp_path / "in.csv")
    monkeypatch.setattr(predicting, "ROWS_AT_ONCE", batch_victim.ROWS)
    return tmp_path


def score(place: Path, source: str, output: str, **options: Any) -> Scored:
    chosen = Options(root=place, works=place / "works", **options)
    return predict_file(batch_victim.scorer_in(place), source, output, options=chosen)


def kill(place: Path, source: str, output: str, parts: int) -> None:
    """Start a run that is killed when so many parts are done."""
    words = [str(SUPPORT / "batch_victim.py"), str(place), source, output, str(parts)]
    child = subprocess.run([sys.executable, *words], check=False, capture_output=True, text=True)
    assert child.returncode == -signal.SIGKILL, child.stderr


def read(path: Path) -> pa.Table:
    if path.is_dir():
        return pa.concat_tables([read(part) for part in sorted(path.glob("part-*"))])
    return pq.read_table(path) if path.suffix == ".parquet" else pa_csv.read_csv(path)


@pytest.mark.parametrize(
    ("source", "output", "parts"),
    [
        ("in.parquet", "out.parquet", 3),
        ("in.csv", "out.csv.gz", 6),
        ("in.parquet", "out/", 0),
    ],
)
def test_a_killed_run_is_gone_on_with(place: Path, source: str, output: str, parts: int) -> None:
    kill(place, source, output, parts)
    assert not (place / output).exists()
    scored = score(place, source, output)
    assert (scored.rows, scored.resumed) == (400, parts * 64)
    whole = f"whole-{output}"
    score(place, source, whole)
    ours, theirs = read(place / output), read(place / whole)
    assert ours["number"].to_pylist() == list(range(400))  # each row once, in order
    without_ids = [name for name in ours.column_names if name != "prediction_id"]
    assert ours.select(without_ids).equals(theirs.select(without_ids))
    ids = ours["prediction_id"].to_pylist()
    assert len(set(ids)) == 400
    assert ids == sorted(ids)
    assert {one[:18] for one in ids} == {scored.id[:18]}
    assert not list(place.glob(".*.keepwell"))


def test_a_source_that_changed_since_is_scored_from_its_start(place: Path) -> None:
    kill(place, "in.csv", "out.csv", 4)
    text = (place / "in.csv").read_text().splitlines()
    (place / "in.csv").write_text("\n".join([text[0], *text[100:]]) + "\n")
    scored = score(place, "in.csv", "out.csv")
    assert (scored.rows, scored.resumed, scored.restarted) == (301, 0, "source")
    assert read(place / "out.csv")["number"].to_pylist() == list(range(99, 400))


def test_another_model_does_not_go_on_with_the_work(place: Path) -> None:
    kill(place, "in.csv", "out.csv", 2)
    scored = score(place, "in.csv", "out.csv", version=2, model="shop/2")
    assert (scored.rows, scored.resumed, scored.restarted) == (400, 0, "model")


def test_a_source_that_changes_while_it_is_read_gives_nothing(place: Path) -> None:
    class Meddler(SilentProgress):
        def update(self, *words: Any) -> None:
            os.utime(place / "in.csv", (1, 1))

    with pytest.raises(ConflictError, match=r"in\.csv changed while it was read"):
        predict_file(
            batch_victim.scorer_in(place),
            "in.csv",
            "out.csv",
            options=Options(root=place),
            progress=Meddler(),
        )
    assert not (place / "out.csv").exists()
    assert not list(place.glob(".*"))


def test_killed_as_the_output_appeared_it_only_tidies(place: Path) -> None:
    from keepwell.deployment.batch.work import Work

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Work, "remove", lambda self: None)
        first = score(place, "in.parquet", "out.parquet")
    again = score(place, "in.parquet", "out.parquet")
    assert (again.id, again.rows, again.resumed) == (first.id, 400, 400)
    assert not list(place.glob(".*.keepwell"))


def test_two_do_not_write_the_same_output(place: Path) -> None:
    with (
        exclusive(place / ".out.csv.keepwell" / "lock", "keepwell predict", timeout=0),
        pytest.raises(BusyError, match="keepwell predict"),
    ):
        score(place, "in.csv", "out.csv")


def test_an_error_in_the_data_leaves_nothing_behind(place: Path) -> None:
    lines = (place / "in.csv").read_text().splitlines()
    lines[301] = lines[301].replace(",", ",lots", 1)
    (place / "in.csv").write_text("\n".join(lines))
    with pytest.raises(InvalidDataError, match="'visits'"):
        score(place, "in.csv", "out.csv")
    assert not list(place.glob("*out*"))
    assert not list(place.glob(".*out*"))


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk")
def test_a_full_disk_keeps_what_is_done(place: Path) -> None:
    small = place / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this machine does not let us mount a disk")
    try:
        with pytest.raises(StorageError, match="was not written") as caught:
            score(place, "in.csv", "small/out.csv")
        assert "No space left" in caught.value.why
        assert "free some space" in caught.value.now
        assert not (small / "out.csv").exists()
        done = json.loads((small / ".out.csv.keepwell" / "000000.json").read_bytes())
        assert done["rows"] == 64
        grown = ["mount", "-o", "remount,size=4m", str(small)]
        subprocess.run(grown, check=True)
        scored = score(place, "in.csv", "small/out.csv")
        assert scored.rows == 400
        assert scored.resumed >= 64
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is refused to root")
def test_a_folder_that_may_not_be_written(place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(StorageError) as caught:
        score(place, "in.csv", "closed/out.csv")
    assert "permissions" in caught.value.now


def test_a_read_only_disk(place: Path) -> None:
    with pytest.raises(StorageError, match="was not written"):
        score(place, "in.csv", "/proc/keepwell/out.csv")
