"""Guards hold whatever a path is called, and by whatever name it is reached."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keepwell.core.errors import ConflictError, NotFoundError
from keepwell.data.fingerprint import find_files
from keepwell.data.sources import open_source

ODD = ["p[1]", "what?", "a*b", "[!p]", "**"]


@pytest.fixture(params=ODD)
def odd(request: pytest.FixtureRequest, ground: Any) -> Any:
    """Return a project in a folder whose name would be a pattern."""
    root = ground.root / request.param
    (root / ".keepwell").mkdir(parents=True)
    return replace(ground, root=root)


@pytest.mark.parametrize(
    "source",
    [
        *("data/raw.csv", "data", "data/*.csv", "d*/raw.csv", "**/raw.csv", "data/**", "."),
        *("data/r[a]w.csv", "data/*"),
    ],
)
def test_a_project_may_be_called_like_a_pattern(odd: Any, source: str) -> None:
    path = odd.write("data/raw.csv", "a,b\n1,2\n")
    odd.write("data/other.csv", "a,b\n3,4\n")
    odd.pin(path)
    assert path in find_files(source, odd.root)
    path.write_text("a,b\n9,9\n")
    with pytest.raises(ConflictError, match=r"raw\.csv' is pinned"):
        find_files(source, odd.root)
    path.unlink()
    with pytest.raises(NotFoundError, match=r"raw\.csv' is pinned, and its content is not here"):
        find_files(source, odd.root)


@pytest.mark.parametrize("name", ["a[1].csv", "a?.csv", "a*.csv", "d[1]/a.csv"])
@pytest.mark.parametrize("whole", [True, False], ids=["absolute", "relative"])
def test_a_file_may_be_called_like_a_pattern(ground: Any, name: str, whole: bool) -> None:
    path = ground.write(name, "a,b\n1,2\n")
    ground.pin(ground.root / name.split("/", maxsplit=1)[0])
    source = str(path) if whole else name
    assert find_files(source, ground.root) == [path]
    path.write_text("a,b\n9,9\n")
    with pytest.raises(ConflictError, match="is pinned"):
        find_files(source, ground.root)
    path.unlink()
    with pytest.raises(NotFoundError, match="is pinned"):
        find_files(source, ground.root)


def test_a_folder_may_be_called_like_a_pattern(ground: Any) -> None:
    ground.pin(ground.write("d[1]/a.csv", "a\n1\n").parent)
    ground.write("d[1]/b.csv", "a\n1\n").rename(ground.root / "b.csv")
    (ground.root / "d[1]/a.csv").rename(ground.root / "d[1]/c.csv")
    with pytest.raises(NotFoundError, match="is pinned"):
        find_files("d[1]", ground.root)


def test_a_picture_may_be_called_like_a_pattern(ground: Any) -> None:
    photo = ground.write("photos/1[a].png", "one")
    ground.pin(photo)
    ground.write("all.csv", "photo,label\nphotos/1[a].png,a\n")
    photo.unlink()
    with pytest.raises(NotFoundError, match="is pinned"):
        open_source("all.csv", ground.root)


@pytest.fixture
def linked(ground: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a project in which other names lead to a pinned file and a pinned folder."""
    ground.pin(ground.write("customers.csv", "a,b\n1,2\n"))
    ground.pin(ground.write("days/1.csv", "a,b\n1,2\n").parent)
    (ground.root / "in").mkdir()
    (ground.root / "in" / "latest.csv").symlink_to("../customers.csv")
    ground.write("in/more.csv", "a,b\n3,4\n")
    (ground.root / "now").symlink_to("days")
    (ground.root / "today.csv").symlink_to("now/1.csv")
    monkeypatch.chdir(ground.root)
    return ground


LINKS = [
    *(("in/latest.csv", "customers.csv"), ("in", "customers.csv"), ("in/*.csv", "customers.csv")),
    *(("now/1.csv", "days/1.csv"), ("now", "days/1.csv"), ("now/*.csv", "days/1.csv")),
    ("today.csv", "days/1.csv"),
]


@pytest.mark.parametrize(("source", "target"), LINKS)
def test_what_a_link_leads_to_is_guarded(linked: Any, source: str, target: str) -> None:
    assert find_files(source, linked.root)
    pinned = target.split("/", maxsplit=1)[0]
    linked.write(target, "a,b\n9,9\n")
    with pytest.raises(ConflictError, match=f"'{pinned}' is pinned") as refusal:
        find_files(source, linked.root)
    assert "is a link that leads there" in refusal.value.why
    (linked.root / target).unlink()
    with pytest.raises(NotFoundError, match=f"'{pinned}' is pinned") as absent:
        find_files(source, linked.root)
    assert absent.value.now == f"keepwell data fetch {pinned}"


def test_a_picture_behind_a_link_is_guarded(linked: Any) -> None:
    photo = linked.write("photos/1.png", "one")
    linked.pin(photo.parent)
    (linked.root / "best.png").symlink_to("photos/1.png")
    linked.write("all.csv", "photo,label\nbest.png,a\n")
    assert len(open_source("all.csv", linked.root).sample().table) == 1
    photo.write_text("two")
    with pytest.raises(ConflictError, match="'photos' is pinned"):
        open_source("all.csv", linked.root).sample()
    photo.unlink()
    with pytest.raises(NotFoundError, match="'photos' is pinned"):
        open_source("all.csv", linked.root)


def test_a_project_behind_a_link_names_a_pin_once(ground: Any, tmp_path: Path) -> None:
    path = ground.write("data/raw.csv", "a\n1\n")
    ground.pin(path)
    (tmp_path / "way").symlink_to(ground.root)
    path.unlink()
    for source in (".", "data", "data/*.csv", "data/raw.csv"):
        with pytest.raises(
            NotFoundError, match=r"raw\.csv' is pinned, and its content is not here"
        ):
            find_files(source, tmp_path / "way")


def test_a_link_that_leads_nowhere_is_told_as_such(linked: Any) -> None:
    (linked.root / "old.csv").symlink_to("gone.csv")
    with pytest.raises(
        NotFoundError, match=r"'old\.csv' is a link to 'gone\.csv', which is not here"
    ):
        find_files("old.csv", linked.root)
    (linked.root / "in" / "old.csv").symlink_to("gone.csv")
    assert len(find_files("in", linked.root)) == 2


@pytest.mark.parametrize("source", ["data/*", "data/**"])
def test_a_glob_does_not_take_pointers_for_data(ground: Any, source: str) -> None:
    for name in ("a.csv", "b.csv"):
        ground.pin(ground.write(f"data/{name}", "a,b\n1,2\n"))
    ground.write("data/key.pin", "1234")
    names = [path.name for path in find_files(source, ground.root)]
    assert names == ["a.csv", "b.csv", "key.pin"]
