import os
import subprocess
from pathlib import Path

import pytest

from keepwell.core.records import CodeVersion
from keepwell.infrastructure.blobs import open_blobs
from keepwell.tracking.code import capture

IDENTITY = {
    "GIT_AUTHOR_NAME": "Ana",
    "GIT_AUTHOR_EMAIL": "ana@example.org",
    "GIT_COMMITTER_NAME": "Ana",
    "GIT_COMMITTER_EMAIL": "ana@example.org",
    "GIT_CONFIG_GLOBAL": "/dev/null",
}


def git(folder: Path, *arguments: str, stdin: bytes = b"") -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        check=True,
        capture_output=True,
        input=stdin,
        env={**os.environ, **IDENTITY},
    )
    return done.stdout.decode().strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "répo with spaces"
    root.mkdir()
    git(root, "init", "-q", "-b", "work")
    (root / "model.py").write_text("depth = 3\n")
    (root / "sub").mkdir()
    (root / "sub" / "keepwell.yaml").write_text("project: churn\n")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "start")
    return root


def never(data: bytes) -> str:
    raise AssertionError(f"nothing is to be kept, got {data!r}")


def test_a_clean_repository_is_its_commit_and_branch(repository: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    assert capture(repository / "sub", never) == CodeVersion(commit=head, branch="work")


def test_the_diff_brings_the_code_back(repository: Path, tmp_path: Path) -> None:
    blobs = open_blobs(str(tmp_path / "blobs"))
    (repository / "model.py").write_text("depth = 9\n")
    (repository / "sub" / "new näme.py").write_text("x = 1\n")
    (repository / ".gitignore").write_text("*.log\n")
    (repository / "noise.log").write_text("no")
    code = capture(repository / "sub", blobs.write)
    assert code.dirty
    assert code.branch == "work"

    other = tmp_path / "elsewhere"
    git(tmp_path, "clone", "-q", str(repository), str(other))
    git(other, "apply", "--index", "-", stdin=blobs.read(code.diff))
    assert (other / "model.py").read_text() == "depth = 9\n"
    assert (other / "sub" / "new näme.py").read_text() == "x = 1\n"
    assert not (other / "noise.log").exists()


def test_a_large_new_file_is_left_out(repository: Path) -> None:
    (repository / "data.csv").write_bytes(b"1,2\n" * 100_000)
    code = capture(repository, never)
    assert code.dirty
    assert code.diff == ""


def test_a_detached_head_has_no_branch(repository: Path) -> None:
    git(repository, "checkout", "-q", "--detach")
    assert capture(repository, never).branch == ""


def test_a_repository_without_a_commit_is_dirty_code(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "work")
    (tmp_path / "a.py").write_text("1")
    assert capture(tmp_path, never) == CodeVersion(branch="work", dirty=True)


def test_no_repository_is_no_code(tmp_path: Path) -> None:
    assert capture(tmp_path, never) == CodeVersion()


def test_no_git_is_no_code(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert capture(repository, never) == CodeVersion()
