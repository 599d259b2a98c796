"""What Git is asked, and that its silence is not taken for an answer."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from keepwell.core.errors import ConflictError, NotFoundError, UnavailableError
from keepwell.infrastructure.files import write_atomic


def _git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(folder), *words], capture_output=True, check=True)


def test_an_owner_whom_git_does_not_trust_is_no_answer(
    ground: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _git(ground.root, "init", "-q")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    path = ground.write("raw.bin", "x")
    with pytest.raises(UnavailableError, match="Git does not say") as refusal:
        ground.pin(path)
    assert "dubious ownership" in refusal.value.why
    assert ground.stored() == 0


def test_a_git_that_hangs_is_no_answer(ground: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(command: list[str], **_options: object) -> None:
        raise subprocess.TimeoutExpired(command, 10)

    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(UnavailableError, match="Git does not say") as refusal:
        ground.pin(ground.write("raw.bin", "x"))
    assert "no answer in 10 seconds" in refusal.value.why


def test_commands_are_such_that_can_be_typed_where_one_is(
    ground: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _git(ground.root, "init", "-q")
    path = ground.write("the data/raw file.bin", "x")
    _git(ground.root, "add", "the data")
    (ground.root / "elsewhere").mkdir()
    monkeypatch.chdir(ground.root / "elsewhere")
    with pytest.raises(ConflictError) as refusal:
        ground.pin(path)
    assert refusal.value.now.startswith("git rm -r --cached -- '../the data/raw file.bin' ")
    _git(ground.root, "rm", "-q", "--cached", "the data/raw file.bin")
    ground.pin(path)
    path.write_text("y")
    with pytest.raises(ConflictError) as refusal:
        ground.fetch()
    assert "keepwell data pin '../the data/raw file.bin', or" in refusal.value.now
    path.unlink()
    with pytest.raises(NotFoundError) as absent:
        ground.pin(path)
    assert absent.value.now == "keepwell data fetch '../the data/raw file.bin'"


def test_git_is_told_of_what_it_does_not_ignore(ground: Any) -> None:
    _git(ground.root, "init", "-q")
    ground.write(".gitignore", "cache/\n")
    path, hidden = ground.write("raw.bin", "x"), ground.write("cache/raw.bin", "x")
    assert [item.name for item in ground.pin(path).news] == ["raw.bin.pin", ".gitignore"]
    assert ground.pin(hidden).news == ()


def test_many_paths_are_asked_of_and_written_down_once_a_folder(
    ground: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _git(ground.root, "init", "-q")
    ground.write(".gitignore", "/b/3.bin.pin\n")
    paths = [ground.write(f"{folder}/{name}.bin", "x") for folder in "ab" for name in range(20)]
    asked: list[list[str]] = []
    run = subprocess.run
    written: list[Path] = []

    def counted(command: list[str], **options: Any) -> Any:
        asked.append(command)
        return run(command, **options)

    def noted(path: Path, data: bytes) -> None:
        written.append(path)
        write_atomic(path, data)

    monkeypatch.setattr(subprocess, "run", counted)
    monkeypatch.setattr("keepwell.data.pins.git.write_atomic", noted)
    done = ground.pins.pin(paths)
    assert len(asked) == 4
    assert written == [ground.root / "a/.gitignore", ground.root / "b/.gitignore"]
    assert [item.path for item in done if item.hidden] == ["b/3.bin"]
    assert all(item.ignored for item in done)
    lines = (ground.root / "a/.gitignore").read_text().splitlines()
    assert lines == [f"/{name}.bin" for name in range(20)]
    ground.pins.pin(paths)
    assert len(written) == 2


def test_what_was_pinned_before_another_failed_is_left_out_of_git(
    ground: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = ground.write("good.bin", "x"), ground.write("late.bin", "y")
    pins = ground.pins
    digest = pins._stamps.digest

    def changing(at: Path, told: Any) -> str:
        found: str = digest(at, told)
        if at == bad:
            at.write_text("longer")
        return found

    monkeypatch.setattr(pins._stamps, "digest", changing)
    with pytest.raises(ConflictError, match="changed while it was pinned"):
        pins.pin([good, bad])
    assert (ground.root / "good.bin.pin").exists()
    assert (ground.root / ".gitignore").read_text() == "/good.bin\n"


def test_all_that_git_keeps_is_named_at_once(ground: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _git(ground.root, "init", "-q")
    paths = [ground.write(name, "x") for name in ("a.bin", "b.bin", "c.bin", "d/e/1.png")]
    _git(ground.root, "add", "a.bin", "c.bin", "d")
    monkeypatch.chdir(ground.root)
    with pytest.raises(ConflictError, match=r"Git keeps 'a\.bin', 'c\.bin', 'd' itself") as refusal:
        ground.pins.pin([*paths[:3], ground.root / "d"])
    assert refusal.value.now.startswith("git rm -r --cached -- a.bin c.bin d ")
