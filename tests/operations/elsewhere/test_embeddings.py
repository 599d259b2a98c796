"""Embeddings and texts of a model that is served elsewhere are watched, by what it was registered with."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from elsewhere_world import NOW, watching

from keepwell.core.clock import ManualClock
from keepwell.core.errors import InvalidDataError
from keepwell.core.records import ColumnType, ModelVersion, Task
from keepwell.core.spec import DataSpec, LogSpec, ProjectSpec, ServeSpec
from keepwell.monitoring.monitor import look
from keepwell.monitoring.report import Report
from keepwell.operations.elsewhere import register_elsewhere, samples
from keepwell.operations.elsewhere.files import read_table
from keepwell.operations.elsewhere.registering import Reference
from keepwell.operations.elsewhere.samples import SAMPLE_FILE, SAMPLE_ROWS, read_sample
from keepwell.operations.foreign_model import signature_by
from keepwell.operations.serving.history import JOINT_EVERY, History
from keepwell.workspace import Workspace

WIDTH = 6
TOPICS = {
    "bank": ["account", "card", "transfer", "money", "branch", "loan"],
    "trip": ["flight", "hotel", "beach", "ticket", "airport", "luggage"],
}


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with watching(tmp_path / "shop", ManualClock(NOW)) as workspace:
        yield workspace


def asked(rows: int, seed: int, *, moved: float = 0.0, topic: str = "bank") -> list[dict[str, Any]]:
    """Draw what a model of texts was asked, with the embedding that it computed, and what it said."""
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(rows, WIDTH))
    vectors[:, 0] += moved
    return [
        {
            "note": f"about {' '.join(random.choice(TOPICS[topic], 9))} {at}",
            "place": vector.round(4).tolist(),
            "said": "yes" if vector[1] > 0 else "no",
        }
        for at, vector in enumerate(vectors)
    ]


def registered(workspace: Workspace, rows: pa.Table) -> ModelVersion:
    return register_elsewhere(workspace.bench, "notes", Reference(rows=rows, prediction="said"))


def looked(workspace: Workspace, version: ModelVersion, items: list[dict[str, Any]]) -> Report:
    """Hand in what was asked, and look at it twice: the rows are compared when a while has passed."""
    told = [
        {
            "time": NOW - 600 + at / 10,
            "inputs": {k: v for k, v in row.items() if k != "said"},
            "prediction": row["said"],
        }
        for at, row in enumerate(items)
    ]
    workspace.elsewhere.take(workspace.endpoints.read("notes"), told)
    report = look(
        workspace.predictions, endpoint="notes", version=version,
        profile=workspace.registry.profile(version), spec=workspace.spec.monitor, now=NOW,
    )  # fmt: skip
    history = History(workspace.bench)
    history.joined(report, version, workspace.predictions)
    later = replace(report, time=NOW + JOINT_EVERY)
    return history.joined(later, version, workspace.predictions)


def test_an_embedding_is_an_input_of_as_many_numbers(workspace: Workspace) -> None:
    version = registered(workspace, pa.Table.from_pylist(asked(400, 0)))
    kinds = {item.name: (item.type, item.width) for item in version.signature.inputs}
    assert kinds == {"note": (ColumnType.TEXT, 0), "place": (ColumnType.EMBEDDING, WIDTH)}
    sample = read_sample(workspace.blobs, version)
    assert sample is not None
    assert sample.drawn_from == 400
    assert sample.rows["place"][0].as_py() == pytest.approx(asked(400, 0)[0]["place"], abs=1e-6)


def test_embeddings_that_moved_are_told_and_others_are_not(workspace: Workspace) -> None:
    version = registered(workspace, pa.Table.from_pylist(asked(500, 0)))
    assert looked(workspace, version, asked(300, 1)).signals == ()
    seen = looked(workspace, version, asked(300, 2, moved=3.0))
    (signal,) = [one for one in seen.signals if one.column == "place"]
    assert signal.kind == "drift"
    assert signal.message.startswith("embeddings of `place` lie elsewhere than in training")


def test_texts_that_read_otherwise_are_told(workspace: Workspace) -> None:
    version = registered(workspace, pa.Table.from_pylist(asked(500, 0)))
    seen = looked(workspace, version, asked(300, 1, topic="trip"))
    (signal,) = [one for one in seen.signals if one.column == "note"]
    assert "read otherwise than in training" in signal.message


def test_embeddings_of_another_length_are_a_matter_of_quality(workspace: Workspace) -> None:
    version = registered(workspace, pa.Table.from_pylist(asked(400, 0)))
    items = asked(300, 1)
    for item in items:
        item["place"] = [*item["place"], 0.5]
    seen = looked(workspace, version, items)
    wrong = [
        one.message
        for one in seen.signals
        if one.kind == "quality" and "no embedding" in one.message
    ]
    assert wrong == ["`place` holds values that are no embedding in 100% of rows"]


def test_csv_and_json_lines_say_embeddings_too(workspace: Workspace, tmp_path: Path) -> None:
    rows = asked(300, 0)
    texts = pa.Table.from_pylist([{**row, "place": json.dumps(row["place"])} for row in rows])
    pyarrow.csv.write_csv(texts, tmp_path / "rows.csv")
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    for name in ("rows.csv", "rows.jsonl"):
        version = registered(workspace, read_table(tmp_path / name, tmp_path / "temp"))
        assert version.signature.input("place").width == WIDTH  # type: ignore[union-attr]


def test_a_column_that_is_never_written_is_not_in_the_sample(tmp_path: Path) -> None:
    spec = ProjectSpec(
        name="shop",
        root=tmp_path,
        data=DataSpec(source="shop.csv", target="churn"),
        serve=ServeSpec(log=LogSpec(redact=("note",))),
    )
    with Workspace(spec, clock=ManualClock(NOW)) as workspace:
        version = registered(workspace, pa.Table.from_pylist(asked(200, 0)))
        sample = read_sample(workspace.blobs, version)
        assert sample is not None
        assert sample.rows.column_names == ["place"]


def test_a_sample_of_many_rows_is_spread_over_them(workspace: Workspace) -> None:
    count = SAMPLE_ROWS + 500
    rows = pa.table({"at": np.arange(count).astype(float), "said": ["yes", "no"] * (count // 2)})
    version = registered(workspace, rows)
    sample = read_sample(workspace.blobs, version)
    assert sample is not None
    assert (sample.rows.num_rows, sample.drawn_from) == (SAMPLE_ROWS, count)
    assert sample.rows["at"].to_pylist()[-1] == count - 1
    file = workspace.registry.get("notes", 1).bundle.file(SAMPLE_FILE)
    assert file is not None
    assert pq.read_table(io.BytesIO(workspace.blobs.read(file.digest))).num_rows == SAMPLE_ROWS


def test_a_column_as_large_as_pictures_are_is_not_in_the_sample(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "LARGEST", 10_000)
    version = registered(workspace, pa.Table.from_pylist(asked(200, 0)))
    sample = read_sample(workspace.blobs, version)
    assert sample is not None
    assert sample.rows.column_names == ["place"]  # 200 lists of 6 numbers, and texts of 60 letters


@pytest.mark.parametrize(
    ("place", "what"),
    [
        ([[1.0], [1.0, 2.0]], "lists of 1 to 2 numbers"),
        ([[1.0, None], [1.0, 2.0]], "lists without numbers, or with missing ones"),
        ([["a"], ["b"]], "values of the type list<"),
    ],
)
def test_lists_that_are_no_embeddings_are_refused_by_name(
    workspace: Workspace, place: list[Any], what: str
) -> None:
    rows = pa.table({"place": place * 20, "said": ["yes", "no"] * 20})
    with pytest.raises(InvalidDataError, match=what) as raised:
        registered(workspace, rows)
    assert "--drop place" in raised.value.now


def test_a_model_that_is_served_here_takes_no_lists() -> None:
    rows = pa.table({"place": [[1.0, 2.0]] * 4, "said": ["yes", "no"] * 2})
    with pytest.raises(InvalidDataError, match="'place' holds lists"):
        signature_by(rows, "said", Task.BINARY, ["no", "yes"])
