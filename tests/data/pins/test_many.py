"""Several pins at once: paths named together are done together; one bad pin does not stop the rest."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keepwell.core.errors import ConflictError, InvalidDataError, NotFoundError
from keepwell.data.pins.naming import is_pointer


@pytest.fixture
def other(ground: Any, clone: Callable[[], Any]) -> Any:
    """Return a clone of a project with pinned files and folders, of which nothing is there yet."""
    for name in ("raw.bin", "data/a.bin", "data/sub/b.bin", "photos/cat/1.png", "photos/dog/2.png"):
        ground.write(name, name)
    for name in ("raw.bin", "data/a.bin", "data/sub/b.bin", "photos"):
        ground.pin(ground.root / name)
    return clone()


def _files(ground: Any) -> set[str]:
    files = (path.relative_to(ground.root) for path in ground.root.rglob("*") if path.is_file())
    return {
        path.as_posix() for path in files if path.suffix != ".pin" and path.parts[0] != ".keepwell"
    }


def test_a_folder_stands_for_the_pins_below_it(other: Any) -> None:
    assert [item.path for item in other.fetch("data")] == ["data/a.bin", "data/sub/b.bin"]
    assert _files(other) == {"data/a.bin", "data/sub/b.bin"}


def test_the_project_stands_for_all_pins_and_each_is_fetched_once(other: Any) -> None:
    found = other.fetch("", "data", "photos/cat", "raw.bin.pin")
    assert [item.path for item in found] == ["data/a.bin", "data/sub/b.bin", "photos", "raw.bin"]
    assert len(_files(other)) == 5


def test_a_part_of_a_pinned_folder_is_fetched_alone(other: Any) -> None:
    other.write("photos/new.png", "new")
    [done] = other.fetch("photos/cat")
    assert (done.path, done.parts, done.files, done.more) == ("photos", ("cat",), 1, ())
    assert _files(other) == {"photos/cat/1.png", "photos/new.png"}
    [done] = other.fetch("photos/cat", "photos/dog/2.png")
    assert (done.parts, done.files) == (("cat", "dog/2.png"), 1)
    with pytest.raises(NotFoundError, match="'photos/bird' is not pinned"):
        other.fetch("photos/bird")


def test_a_bad_pin_is_told_in_its_row(other: Any) -> None:
    other.write("raw.bin.pin", '{"keepwell": "pin 1",\n<<<<<<< HEAD')
    other.write("data/a.bin", "mine")
    (other.root / "data/sub/c.bin").symlink_to(other.root)
    (other.root / "data/sub/c.bin.pin").write_bytes((other.root / "data/a.bin.pin").read_bytes())
    stood = {item.path: item for item in other.pins.look()}
    assert isinstance(stood["raw.bin"].error, InvalidDataError)
    assert [stood[name].here for name in ("photos", "data/a.bin")] == ["missing", "changed"]
    done = {item.path: type(item.error) for item in other.pins.fetch([])}
    assert done == {
        "data/a.bin": ConflictError,
        "data/sub/b.bin": type(None),
        "data/sub/c.bin": InvalidDataError,
        "photos": type(None),
        "raw.bin": InvalidDataError,
    }
    assert (other.root / "data/a.bin").read_text() == "mine"
    assert (other.root / "photos/dog/2.png").read_text() == "photos/dog/2.png"


def test_content_that_is_damaged_in_the_store_is_told_of_its_pin_alone(
    ground: Any, other: Any
) -> None:
    for path in ground.store.rglob("*"):
        if path.is_file() and path.read_text() == "raw.bin":
            path.write_text("Raw.bin")
    done = other.pins.fetch([])
    assert [item.path for item in done if item.error] == ["raw.bin"]
    assert len(_files(other)) == 4


def test_nothing_is_pinned_where_one_of_them_cannot_be(ground: Any) -> None:
    good = ground.write("good.bin", "x")
    with pytest.raises(NotFoundError, match=r"no file or folder 'gone\.bin'"):
        ground.pins.pin([good, ground.root / "gone.bin"])
    inner = ground.write("photos/1.png", "x")
    with pytest.raises(ConflictError, match="would be pinned twice"):
        ground.pins.pin([good, inner, ground.root / "photos"])
    assert ground.stored() == 0
    assert ground.pins.look() == []
    assert len(ground.pins.pin([good, good])) == 1


@pytest.mark.parametrize("name", [".pin", "..pin", "...pin"])
def test_a_name_that_leads_elsewhere_is_no_pointer(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text('{"keepwell": "pin 1"}')
    assert not is_pointer(path)
    assert is_pointer(path.rename(tmp_path / "x.pin"))
