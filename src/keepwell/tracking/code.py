"""Which code ran: commit, branch, and what was not committed yet."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from keepwell.core.records import CodeVersion

SECONDS = 10.0
"""A repository that takes longer to look at is left alone: no run waits for its bookkeeping."""

NEW_FILE_BYTES = 256 * 1024
NEW_FILES = 100
DIFF_BYTES = 32 * 1024 * 1024

_DIFF = ("diff", "--binary", "--no-ext-diff", "--no-textconv", "--no-color")
_QUIET = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def capture(root: Path, keep: Callable[[bytes], str]) -> CodeVersion:
    """Return the Git state of the repository that holds `root`; empty where there is none.

    The diff goes to `keep`, which returns its digest (`blobs.write`). It holds every change to tracked
    files, and new files that are not ignored up to 256 kB each, so `git checkout COMMIT && git apply
    DIFF` brings the code back.
    """
    status = _git(root, "status", "--porcelain=v2", "--branch", "--untracked-files=all", "-z")
    if status is None:
        return CodeVersion()
    commit, branch, changed, fresh = _parse(status.decode(errors="replace"))
    if not commit:
        return CodeVersion(branch=branch, dirty=bool(changed or fresh))
    if not (changed or fresh):
        return CodeVersion(commit=commit, branch=branch)
    diff = _diff(root, fresh)
    return CodeVersion(commit=commit, branch=branch, dirty=True, diff=keep(diff) if diff else "")


def _parse(status: str) -> tuple[str, str, int, list[str]]:
    """Read `git status` into commit, branch, number of changed files and names of new ones."""
    commit = branch = ""
    changed, fresh = 0, []
    for line in status.split("\0"):
        if line.startswith("# branch.oid "):
            commit = line.removeprefix("# branch.oid ").replace("(initial)", "")
        elif line.startswith("# branch.head "):
            branch = line.removeprefix("# branch.head ").replace("(detached)", "")
        elif line.startswith("? "):
            fresh.append(line[2:])
        elif line[:2] in ("1 ", "2 ", "u "):
            changed += 1
    return commit, branch, changed, fresh


def _diff(root: Path, fresh: list[str]) -> bytes:
    top = _git(root, "rev-parse", "--show-toplevel")
    base = Path(os.fsdecode(top.removesuffix(b"\n"))) if top else root
    parts = [_git(base, *_DIFF, "HEAD") or b""]
    for name in fresh[:NEW_FILES]:
        if _size(base / name) <= NEW_FILE_BYTES:
            parts.append(_git(base, *_DIFF, "--no-index", "--", "/dev/null", name) or b"")
    return b"".join(parts)[:DIFF_BYTES]


def _size(path: Path) -> float:
    try:
        return path.stat().st_size if path.is_file() else float("inf")
    except OSError:
        return float("inf")


def _git(folder: Path, *arguments: str) -> bytes | None:
    """Return what git prints; None where git is missing, slow, or says that this is no repository."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            check=False,
            timeout=SECONDS,
            env={**os.environ, **_QUIET},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    differs = arguments[0] == "diff" and done.returncode == 1  # how --no-index says "not equal"
    return done.stdout if done.returncode == 0 or differs else None
