"""Pictures from arrays, and from a table that names their files."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pictures import stripes
from PIL import Image

from keepwell.core.errors import InvalidDataError
from keepwell.core.records import ColumnType
from keepwell.data.inference import infer_columns
from keepwell.data.sources import open_source
from keepwell.features.pictures import picture_pixels


def rows_of(source: Any) -> list[tuple[Any, ...]]:
    import duckdb

    with duckdb.connect(":memory:") as connection:
        return [
            row
            for file in source.files
            for row in connection.sql(f"FROM {file.relation()}").fetchall()
        ]


@pytest.mark.parametrize(
    ("shape", "scale"),
    [((6, 8, 8), 255), ((6, 8, 8, 1), 1.0), ((6, 8, 8, 3), 255), ((6, 3, 8, 8), 1.0)],
)
def test_an_array_of_pictures_is_a_column_of_files(
    tmp_path: Path, shape: tuple[int, ...], scale: float
) -> None:
    values = np.random.default_rng(0).random(shape) * scale
    kind = np.uint8 if scale > 1 else np.float32
    np.savez(tmp_path / "all.npz", image=values.astype(kind), label=np.arange(6) % 2)
    source = open_source("all.npz", tmp_path)
    columns = {column.name: column.type for column in infer_columns(source)}
    assert columns == {"image": ColumnType.IMAGE, "label": ColumnType.INTEGER}
    rows = rows_of(source)
    assert [row[1] for row in rows] == [0, 1, 0, 1, 0, 1]
    seen = picture_pixels(rows[4][0], 8).reshape(3, 8, 8)
    last = values[4] if len(shape) == 3 or shape[1] == 8 else values[4].transpose(1, 2, 0)
    expected = np.broadcast_to(last.reshape(8, 8, -1), (8, 8, 3)).transpose(2, 0, 1)
    assert np.abs(seen - expected / scale).max() < 0.006


def test_parts_of_a_file_are_rows_of_one_table(tmp_path: Path) -> None:
    arrays: dict[str, Any] = {
        "x_train": np.zeros((5, 4, 4), dtype=np.uint8),
        "y_train": np.array(["a", "b", "a", "b", "a"]),
        "x_test": np.zeros((2, 4, 4), dtype=np.uint8),
        "y_test": np.array(["b", "a"]),
    }
    np.savez(tmp_path / "mnist.npz", **arrays)
    source = open_source(str(tmp_path), tmp_path)
    assert source.names == ("x", "y")
    assert [row[1] for row in rows_of(source)] == ["a", "b", "a", "b", "a", "b", "a"]


@pytest.mark.parametrize(
    ("arrays", "complaint"),
    [
        ({"x": np.zeros((3, 4, 4)), "y": np.zeros(2)}, "different lengths"),
        ({"x": np.zeros((3, 4, 4, 2, 2))}, "neither pictures nor a column"),
        ({"x": np.array([object()], dtype=object)}, "cannot be read as arrays"),
        ({}, "holds no rows"),
        ({"x": np.zeros((0, 4, 4))}, "holds no rows"),
    ],
)
def test_says_what_is_wrong_with_arrays(
    tmp_path: Path, arrays: dict[str, Any], complaint: str
) -> None:
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(InvalidDataError, match=complaint):
        open_source("bad.npz", tmp_path)


def test_a_file_that_is_no_array_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.npz").write_text("hello")
    with pytest.raises(InvalidDataError, match="cannot be read as arrays"):
        open_source("bad.npz", tmp_path)


def _write_pictures(folder: Path) -> list[str]:
    (folder / "photos").mkdir(parents=True)
    paths = [f"photos/{number}.png" for number in range(6)]
    for number, path in enumerate(paths):
        pixels = stripes(number % 2 == 0, number).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / path)
    return paths


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_paths_in_a_table_become_the_pictures(tmp_path: Path, kind: str) -> None:
    paths = _write_pictures(tmp_path / "data")
    file = tmp_path / "data" / f"all.{kind}"
    if kind == "csv":
        lines = [f"{path},{at},{at % 2}" for at, path in enumerate(paths)]
        file.write_text("\n".join(["photo,number,label", *lines]))
    else:
        table = {"photo": paths, "number": range(6), "label": [at % 2 for at in range(6)]}
        pq.write_table(pa.table({name: list(cells) for name, cells in table.items()}), file)
    source = open_source(f"data/all.{kind}", tmp_path)
    columns = {column.name: column.type for column in infer_columns(source)}
    assert columns["photo"] is ColumnType.IMAGE
    rows = rows_of(source)
    assert [int(row[1]) for row in rows] == list(range(6))
    for row, path in zip(rows, paths, strict=True):
        with Image.open(tmp_path / "data" / path) as picture:
            expected = np.asarray(picture.convert("L").resize((24, 24))) / 255
        assert np.allclose(picture_pixels(row[0], 24)[: 24 * 24], expected.ravel(), atol=1e-6)


def test_a_picture_that_is_not_there_is_named_with_its_row(tmp_path: Path) -> None:
    paths = _write_pictures(tmp_path)
    (tmp_path / "all.csv").write_text(
        "\n".join(["photo,label", f"{paths[0]},a", "photos/gone.png,b"])
    )
    source = open_source("all.csv", tmp_path)
    with pytest.raises(InvalidDataError, match=r"photos/gone\.png") as missing:
        source.sample()
    assert missing.value.details == {"row": 2}


def test_names_of_files_that_are_nowhere_stay_texts(tmp_path: Path) -> None:
    (tmp_path / "all.csv").write_text("photo,label\na.png,1\nb.png,2\n")
    assert rows_of(open_source("all.csv", tmp_path)) == [("a.png", "1"), ("b.png", "2")]
