"""A source with pinned files that are not here is refused: a run must not learn from the rest in silence."""

from pathlib import Path
from typing import Any

import pytest

from keepwell.core.errors import NotFoundError
from keepwell.data.fingerprint import find_files, fingerprint
from keepwell.data.sources import open_source


@pytest.fixture
def fetched(ground: Any) -> Any:
    for name in ("data/a.csv", "data/b.csv", "data/old/c.csv", "data/model.bin", "photos/x/1.png"):
        ground.write(name, "a,b\n1,2\n")
    for name in ("data/b.csv", "data/old", "data/model.bin", "photos"):
        ground.pins.pin(ground.root / name)
    return ground


@pytest.mark.parametrize(
    ("source", "gone", "command"),
    [
        ("data/b.csv", "data/b.csv", "data/b.csv"),
        ("data/old/c.csv", "data/old/c.csv", "data/old"),
        ("data", "data/b.csv", "data/b.csv"),
        ("data", "data/old/c.csv", "data/old"),
        ("data/*.csv", "data/b.csv", "data/b.csv"),
        ("data/o*/*.csv", "data/old/c.csv", "data/old"),
        ("data/**/*.csv", "data/old/c.csv", "data/old"),
        ("photos", "photos/x/1.png", "photos"),
        ("photos/x", "photos/x/1.png", "photos"),
    ],
)
def test_the_command_that_fetches_it_is_named(
    fetched: Any, monkeypatch: pytest.MonkeyPatch, source: str, gone: str, command: str
) -> None:
    monkeypatch.chdir(fetched.root)
    find_files(source, fetched.root)
    (fetched.root / gone).unlink()
    with pytest.raises(NotFoundError, match="is pinned, and its content is not here") as refusal:
        fingerprint(source, fetched.root)
    assert refusal.value.now == f"keepwell data fetch {command}"
    fetched.pins.fetch([])
    find_files(source, fetched.root)


@pytest.mark.parametrize(
    ("source", "gone"),
    [
        ("data", "data/model.bin"),
        ("data/*.csv", "data/old/c.csv"),
        ("data/a.csv", "data/b.csv"),
        ("data/[a]*.csv", "data/b.csv"),
    ],
)
def test_what_the_source_does_not_take_may_be_away(fetched: Any, source: str, gone: str) -> None:
    (fetched.root / gone).unlink()
    assert Path(fetched.root, "data/a.csv") in find_files(source, fetched.root)


def test_what_a_folder_hides_may_be_away(fetched: Any) -> None:
    ground = fetched
    ground.pins.pin(ground.write("data/_raw.csv", "a,b\n"))
    (ground.root / "data" / "_raw.csv").unlink()
    assert len(find_files("data", ground.root)) == 3


def test_a_damaged_pointer_still_tells_that_something_is_away(fetched: Any) -> None:
    (fetched.root / "data" / "b.csv").unlink()
    (fetched.root / "data" / "b.csv.pin").write_text('{"keepwell": "pin 1",\n<<<<<<< HEAD')
    with pytest.raises(NotFoundError, match="is pinned"):
        find_files("data", fetched.root)


def test_pictures_of_a_table_that_are_away_are_told(fetched: Any) -> None:
    fetched.write("all.csv", "photo,label\nphotos/x/1.png,a\nphotos/x/2.png,b\n")
    (fetched.root / "photos" / "x" / "1.png").unlink()
    with pytest.raises(NotFoundError, match="photos' is pinned"):
        open_source("all.csv", fetched.root)
