"""Columns that are calculated when a source is read are stored with it, and checked apart from it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from keepwell.core.errors import ContractError
from keepwell.core.records import Column, ColumnType
from keepwell.data import chunks
from keepwell.data.deriving import Read


def doubled(columns: Sequence[Column], read: Read) -> Any:
    assert [column.name for column in columns] == ["a", "b"]
    return pa.table({"twice": pc.multiply(pc.cast(read(["a"])["a"], pa.float64()), 2.0)})


def write(path: Path, rows: int, *, odd: int = 0) -> None:
    lines = [f"{at % 1500},{'x' if at % 2 else 'y'}" for at in range(rows)]
    lines += ["9000000,x"] * odd
    path.write_text("\n".join(["a,b", *lines]) + "\n")


def test_they_are_columns_like_any_other(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 1024)
    write(world.root / "f.csv", 3000)
    plain = world.datasets.ingest("d", "f.csv", root=world.root)
    version = world.datasets.ingest("d", "f.csv", root=world.root, derive=doubled)
    assert (plain.version, version.version) == (1, 2)
    assert version.columns[:2] == plain.columns
    assert (version.columns[2].name, version.columns[2].type) == ("twice", ColumnType.NUMBER)
    assert version.given == plain.chunks
    rows = world.datasets.read(version)
    assert rows["twice"].to_pylist() == [2.0 * (at % 1500) for at in range(3000)]
    assert rows.select(["a", "b"]) == world.datasets.read(plain)
    assert world.datasets.profile(version).column("twice").maximum == 2998.0
    again = world.datasets.ingest("d", "f.csv", root=world.root, derive=doubled)
    assert again == version


def test_the_contract_is_about_the_source(world: Any) -> None:
    contract = world.root / "d.yaml"
    write(world.root / "f.csv", 2000)
    world.datasets.ingest("d", "f.csv", root=world.root, contract=contract, derive=doubled)
    assert "twice:" not in contract.read_text()
    # Few beside those that were accepted, many by themselves.
    write(world.root / "f.csv", 2000, odd=100)
    with pytest.raises(ContractError):
        world.datasets.ingest("d", "f.csv", root=world.root, contract=contract, derive=doubled)


def test_a_source_can_be_looked_at_without_keeping_it(world: Any) -> None:
    write(world.root / "f.csv", 10)
    rows, columns = world.datasets.look(
        "e", "f.csv", root=world.root, types={"a": ColumnType.NUMBER}
    )
    assert rows["a"].to_pylist() == [float(at) for at in range(10)]
    assert [column.name for column in columns] == ["a", "b"]
    assert world.datasets.names() == []
