"""Real stores in a temporary folder, and files written in one line."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.records import Column, DatasetVersion
from keepwell.data.datasets import Datasets
from keepwell.infrastructure.blobs import open_blobs
from keepwell.infrastructure.metadata import open_metadata
from keepwell.infrastructure.tables import open_tables

Write = Callable[[str, Any], Path]


@dataclass
class World:
    """A folder of files, and the datasets made of them."""

    root: Path
    home: Path
    datasets: Datasets

    def write(self, name: str, content: str | bytes | pa.Table) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, pa.Table):
            pq.write_table(content, path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def ingest(self, source: str, name: str = "d", **options: Any) -> DatasetVersion:
        options.setdefault("contract", self.root / f"{name}.yaml")
        return self.datasets.ingest(name, source, root=self.root, **options)

    def column(self, source: str, name: str, dataset: str = "d", **options: Any) -> Column:
        found = self.ingest(source, dataset, **options).columns
        return next(column for column in found if column.name == name)

    def values(self, version: DatasetVersion, column: str) -> list[Any]:
        values: list[Any] = self.datasets.read(version, [column])[column].to_pylist()
        return values


def open_datasets(home: Path) -> Datasets:
    home.mkdir(parents=True, exist_ok=True)
    return Datasets(
        open_metadata(f"sqlite:///{home / 'record.db'}"),
        open_blobs(str(home / "blobs")),
        open_tables(str(home / "tables")),
        ManualClock(1000.0),
        home / "staging",
    )


@pytest.fixture(scope="session")
def new_record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a record that was just made; a copy of it spares each test the making."""
    path = tmp_path_factory.mktemp("record") / "record.db"
    open_metadata(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def world(tmp_path: Path, new_record: Path) -> World:
    root, home = tmp_path / "files", tmp_path / "home"
    root.mkdir()
    home.mkdir()
    shutil.copy(new_record, home / "record.db")
    return World(root, home, open_datasets(home))


def lines(header: str, rows: Iterator[str] | list[str]) -> str:
    return header + "\n" + "".join(f"{row}\n" for row in rows)
