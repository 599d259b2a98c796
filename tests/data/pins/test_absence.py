"""A source with pinned files that are not here is refused: a run must not learn from the rest in silence."""

from typing import Any

import pytest

from keepwell.core.errors import NotFoundError
from keepwell.data.fingerprint import find_files, fingerprint
from keepwell.data.sources import open_source

FILES = (
    *(
        "data/a.csv",
        "data/b.csv",
        "data/prea.csv",
        "data/old/c.csv",
        "data/old/.d.csv",
        "data/model.bin",
    ),
    *("data/deep/er/old/d.csv", "data/deep/er/e.csv", "photos/x/1.png"),
)
PINS = (
    *("data/b.csv", "data/prea.csv", "data/old", "data/model.bin"),
    *("data/deep/er/old", "data/deep/er/e.csv", "photos"),
)


@pytest.fixture
def fetched(ground: Any) -> Any:
    for name in FILES:
        ground.write(name, "a,b\n1,2\n")
    for name in PINS:
        ground.pin(ground.root / name)
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
        ("data/**/*", "data/old/c.csv", "data/old"),
        ("data/**", "data/old/c.csv", "data/old"),
        ("**/c.csv", "data/old/c.csv", "data/old"),
        ("data/**/d.csv", "data/deep/er/old/d.csv", "data/deep/er/old"),
        ("data/**/e.csv", "data/deep/er/e.csv", "data/deep/er/e.csv"),
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
    fetched.fetch()
    find_files(source, fetched.root)


@pytest.mark.parametrize(
    ("source", "gone"),
    [
        ("data", "data/model.bin"),
        ("data/*.csv", "data/old/c.csv"),
        ("data/**/a.csv", "data/prea.csv"),
        ("data/*/c.csv", "data/deep/er/old/d.csv"),
        ("data/**/*.csv", "data/old/.d.csv"),
        ("data/a.csv", "data/b.csv"),
        ("data/[a]*.csv", "data/b.csv"),
    ],
)
def test_what_the_source_does_not_take_may_be_away(fetched: Any, source: str, gone: str) -> None:
    (fetched.root / gone).unlink()
    assert find_files(source, fetched.root)


def test_what_a_folder_hides_may_be_away(fetched: Any) -> None:
    ground = fetched
    ground.pin(ground.write("data/_raw.csv", "a,b\n"))
    (ground.root / "data" / "_raw.csv").unlink()
    assert len(find_files("data", ground.root)) == 6


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


def test_all_that_is_away_is_fetched_by_one_command(
    fetched: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(fetched.root / "data")
    (fetched.root / "data/b.csv").rename(fetched.root / "b c.csv")
    (fetched.root / "data/b.csv.pin").rename(fetched.root / "data/b c.csv.pin")
    (fetched.root / "data/old/c.csv").unlink()
    with pytest.raises(NotFoundError, match=r"'b c\.csv', 'old' are pinned") as refusal:
        find_files("data", fetched.root)
    assert refusal.value.now == "keepwell data fetch 'b c.csv' old"
    for number in range(20):
        fetched.pin(fetched.write(f"data/{number}.csv", "a\n"))
        (fetched.root / f"data/{number}.csv").unlink()
    with pytest.raises(NotFoundError, match="and 17 more are pinned") as refusal:
        find_files("data", fetched.root)
    assert refusal.value.now == "keepwell data fetch"
