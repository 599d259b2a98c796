"""What Git must know: that it shall leave pinned content alone, and keep the pointers."""

import re
import subprocess
from pathlib import Path

from keepwell.core.errors import ConflictError
from keepwell.infrastructure.files import write_atomic

_SECONDS = 10.0
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
            now=f"git rm -r --cached -- '{path.name}' (the file stays on the disk), then pin it again",
        )


def ignores(pointer: Path) -> bool:
    """Tell whether Git would leave a pointer out, because of another line of a `.gitignore`."""
    return bool(_git(pointer.parent, "check-ignore", "--", f"./{pointer.name}"))


def _line(name: str) -> str:
    r"""Return the line that stands for one name, whatever is in it.

    >>> _line("raw.csv"), _line("a*b")
    ('/raw.csv', '/a\\*b')
    """
    escaped = _MEANS_MORE.sub(r"\\\1", name)
    spaces = len(escaped) - len(escaped.rstrip(" "))
    return "/" + escaped.rstrip(" ") + "\\ " * spaces


def _git(folder: Path, *arguments: str) -> bytes:
    """Return what Git prints; nothing where it is not installed, or there is no repository."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            check=False,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return b""
    return done.stdout if done.returncode == 0 else b""
