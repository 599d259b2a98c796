"""What Git is asked, and that its silence is not taken for an answer."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from keepwell.core.errors import ConflictError, NotFoundError, UnavailableError


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
