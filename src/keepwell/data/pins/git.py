"""What Git must know: that it shall leave pinned content alone, and keep the pointers."""

import os
import re
import subprocess
from pathlib import Path

from keepwell.core.errors import ConflictError, UnavailableError
from keepwell.data.pins.telling import typed
from keepwell.infrastructure.files import write_atomic

_SECONDS = 10.0
_FATAL = 128
_MEANS_MORE = re.compile(r"([\\*?\[\]!#])")


def ignore(path: Path) -> bool:
    """Add a path to the `.gitignore` of its folder; return whether it was not in there yet."""
    file = path.parent / ".gitignore"
    line = _line(path.name)
    before = file.read_bytes() if file.is_file() else b""
    known = {item.removesuffix("\r") for item in before.decode(errors="replace").split("\n")}
    if line in known or f"{line}/" in known:
        return False
    joint = b"" if not before or before.endswith(b"\n") else b"\n"
    write_atomic(file, before + joint + line.encode() + b"\n")
    return True


def must_be_untracked(path: Path) -> None:
    """Refuse what Git keeps itself: it would go on doing so, whatever `.gitignore` says.

    Raises:
        ConflictError: It names the command that lets go of it.
    """
    found = _git(path.parent, "--literal-pathspecs", "ls-files", "-z", "--", path.name)
    if found:
        raise ConflictError(
            f"Git keeps '{path.name}' itself",
            why="pinned content lies in the blob store, and only its pointer in Git",
            now=f"git rm -r --cached -- {typed(path)} (the file stays on the disk), then pin it again",
        )


def ignores(path: Path) -> bool:
    """Tell whether Git would leave a pointer or a `.gitignore` out, because of a line of somebody else's."""
    return bool(_git(path.parent, "check-ignore", "--", f"./{path.name}"))


def _line(name: str) -> str:
    r"""Return the line that stands for one name, whatever is in it.

    >>> _line("raw.csv"), _line("a*b")
    ('/raw.csv', '/a\\*b')
    """
    escaped = _MEANS_MORE.sub(r"\\\1", name)
    spaces = len(escaped) - len(escaped.rstrip(" "))
    return "/" + escaped.rstrip(" ") + "\\ " * spaces


def _git(folder: Path, *arguments: str) -> bytes:
    """Return what Git prints; nothing where it is not installed, or there is no repository.

    Raises:
        UnavailableError: If it does not say.
    """
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            check=False,
            timeout=_SECONDS,
            env={**os.environ, "LC_ALL": "C"},
        )
    except OSError:
        return b""
    except subprocess.TimeoutExpired:
        raise _mute(folder, f"it gave no answer in {_SECONDS:.0f} seconds") from None
    said = done.stderr.decode(errors="replace").strip()
    if done.returncode == _FATAL and "not a git repository" not in said:
        raise _mute(folder, said)
    return done.stdout if done.returncode == 0 else b""


def _mute(folder: Path, why: str) -> UnavailableError:
    return UnavailableError(
        f"Git does not say what it keeps in {folder}",
        why=f"{why}; what it keeps itself must not be pinned",
        now=f"see that this command answers, then pin again: git -C {typed(folder)} status",
    )
