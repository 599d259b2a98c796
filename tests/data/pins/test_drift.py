"""A source whose content is not what its pointer names is refused: Git says which data a commit means."""

import os
from pathlib import Path
from typing import Any

import pytest

from keepwell.core.errors import ConflictError
from keepwell.data.fingerprint import find_files, fingerprint
from keepwell.data.pins.stamps import Stamps
from keepwell.data.sources import open_source


@pytest.fixture
def pinned(ground: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    ground.write("raw.csv", "a,b\n1,2\n")
    ground.write("days/1.csv", "a,b\n1,2\n")
    ground.write("days/2.csv", "a,b\n3,4\n")
    ground.pin(ground.root / "raw.csv")
    ground.pin(ground.root / "days")
    monkeypatch.chdir(ground.root)
    return ground


@pytest.mark.parametrize("content", ["a,b\n1,2\n5,6\n", "a,b\n1,3\n"], ids=["longer", "as long"])
@pytest.mark.parametrize(
    ("source", "changed", "command"),
    [
        ("raw.csv", "raw.csv", "raw.csv"),
        ("*.csv", "raw.csv", "raw.csv"),
        (".", "raw.csv", "raw.csv"),
        ("days", "days/2.csv", "days"),
        ("days/2.csv", "days/2.csv", "days"),
        ("**/2.csv", "days/2.csv", "days"),
    ],
)
def test_other_content_is_refused_with_both_ways_out(
    pinned: Any, source: str, changed: str, command: str, content: str
) -> None:
    find_files(source, pinned.root)
    pinned.write(changed, content)
    with pytest.raises(ConflictError, match="what is here is not what") as refusal:
        fingerprint(source, pinned.root)
    assert f"'{changed}'" in refusal.value.why
    assert refusal.value.now == (
        f"to keep the change: keepwell data pin {command}; "
        f"to go back: keepwell data fetch {command} --force"
    )
    pinned.pin(pinned.root / command)
    find_files(source, pinned.root)


def test_a_pointer_that_came_by_a_pull_is_noticed_though_no_file_changed(pinned: Any) -> None:
    path = pinned.root / "raw.csv"
    before = path.stat()
    older = (pinned.root / "raw.csv.pin").read_bytes()
    path.write_text("a,b\n9,9\n")
    pinned.pin(path)
    newer = (pinned.root / "raw.csv.pin").read_bytes()
    (pinned.root / "raw.csv.pin").write_bytes(older)
    pinned.pins.fetch([path])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    fingerprint("raw.csv", pinned.root)
    (pinned.root / "raw.csv.pin").write_bytes(newer)
    with pytest.raises(ConflictError, match="is pinned"):
        fingerprint("raw.csv", pinned.root)


@pytest.mark.usefixtures("settled")
def test_a_digest_is_calculated_once(pinned: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    find_files("days", pinned.root)
    monkeypatch.setattr(
        "keepwell.data.pins.stamps.digest_of", lambda *_: pytest.fail("it was read")
    )
    assert len(find_files("days", pinned.root)) == 2


def test_what_is_remembered_is_opened_once_for_all_files(
    pinned: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []

    def counted(path: Path) -> Stamps:
        opened.append(path)
        return Stamps(path)

    monkeypatch.setattr("keepwell.data.pins.drift.Stamps", counted)
    find_files("**/*.csv", pinned.root)
    assert opened == [pinned.root / ".keepwell" / "pins.json"]


def test_a_file_that_the_pointer_does_not_name_is_refused(pinned: Any) -> None:
    pinned.write("days/3 new.csv", "a,b\n5,6\n")
    with pytest.raises(ConflictError, match="is pinned") as refusal:
        find_files("days", pinned.root)
    assert "'3 new.csv' is in the folder, and not in the pointer" in refusal.value.why
    assert "mv 'days/3 new.csv' ELSEWHERE" in refusal.value.now
    assert find_files("days/1.csv", pinned.root) == [pinned.root / "days/1.csv"]


@pytest.mark.parametrize("name", ["days/.DS_Store", "days/notes.md", "days/_draft.csv"])
def test_what_the_source_does_not_take_may_lie_beside(pinned: Any, name: str) -> None:
    pinned.write(name, "x")
    assert len(find_files("days", pinned.root)) == 2


def test_a_merge_that_was_not_finished_is_refused(pinned: Any) -> None:
    pinned.write("raw.csv.pin", '{"keepwell": "pin 1",\n<<<<<<< HEAD')
    with pytest.raises(ConflictError, match="is pinned") as refusal:
        find_files("raw.csv", pinned.root)
    assert "git checkout -- raw.csv.pin" in refusal.value.now


def test_pictures_that_a_table_names_are_held_against_their_pointer(pinned: Any) -> None:
    photo = pinned.write("photos/1.png", "one")
    pinned.pin(pinned.root / "photos")
    pinned.write("all.csv", "photo,label\nphotos/1.png,a\n")

    def read(root: Path) -> int:
        return len(open_source("all.csv", root).sample().table)

    assert read(pinned.root) == 1
    photo.write_text("two")
    with pytest.raises(ConflictError, match="'photos' is pinned"):
        read(pinned.root)
    pinned.pin(pinned.root / "photos")
    assert read(pinned.root) == 1
    pinned.write("photos/2.png", "two")
    pinned.write("all.csv", "photo,label\nphotos/2.png,a\n")
    with pytest.raises(ConflictError, match="'photos' is pinned"):
        read(pinned.root)
