"""What Git must know: that it shall leave pinned content alone, and keep the pointers."""

import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from keepwell.core.errors import ConflictError, UnavailableError
from keepwell.data.pins.telling import some, typed
from keepwell.infrastructure.files import write_atomic

_SECONDS = 10.0
_FATAL = 128
_MEANS_MORE = re.compile(r"([\\*?\[\]!#])")


def ignore(paths: Iterable[Path]) -> set[Path]:
    """Add paths to the `.gitignore` of their folders; return those that were not in there yet."""
    added: set[Path] = set()
    for folder, inside in _by_folder(paths).items():
        file = folder / ".gitignore"
        before = file.read_bytes() if file.is_file() else b""
        known = {item.removesuffix("\r") for item in before.decode(errors="replace").split("\n")}
        lines = {path: _line(path.name) for path in inside}
        new = [path for path, line in lines.items() if not {line, f"{line}/"} & known]
        if new:
            joint = b"" if not before or before.endswith(b"\n") else b"\n"
            more = "".join(f"{lines[path]}\n" for path in new)
            write_atomic(file, before + joint + more.encode())
            added.update(new)
    return added


def must_be_untracked(paths: Iterable[Path]) -> None:
    """Refuse what Git keeps itself: it would go on doing so, whatever `.gitignore` says.

    Raises:
        ConflictError: It names the command that lets go of it.
    """
    for folder, inside in _by_folder(paths).items():
        kept = {name.split(b"/", 1)[0] for name in _git(folder, "ls-files", "-z").split(b"\0")}
        found = [path for path in inside if os.fsencode(path.name) in kept]
        if found:
            which = " ".join(map(typed, found))
            raise ConflictError(
                f"Git keeps {some([path.name for path in found])} itself",
                why="pinned content lies in the blob store, and only its pointer in Git",
                now=f"git rm -r --cached -- {which} (what is on the disk stays), then pin it again",
            )


def ignored(paths: Iterable[Path]) -> set[Path]:
    """Return the pointers and `.gitignore`s that Git would leave out, by a line of somebody else's."""
    found: set[Path] = set()
    for folder, inside in _by_folder(paths).items():
        asked = {b"./" + os.fsencode(path.name): path for path in inside}
        said = _git(folder, "check-ignore", "-z", "--stdin", asked=b"\0".join(asked))
        found.update(asked[name] for name in said.split(b"\0") if name)
    return found


def _by_folder(paths: Iterable[Path]) -> dict[Path, list[Path]]:
    found: dict[Path, list[Path]] = {}
    for path in paths:
        found.setdefault(path.parent, []).append(path)
    return found


def _line(name: str) -> str:
    r"""Return the line that stands for one name, whatever is in it.

    >>> _line("raw.csv"), _line("a*b")
    ('/raw.csv', '/a\\*b')
    """
    escaped = _MEANS_MORE.sub(r"\\\1", name)
    spaces = len(escaped) - len(escaped.rstrip(" "))
    return "/" + escaped.rstrip(" ") + "\\ " * spaces


def _git(folder: Path, *arguments: str, asked: bytes = b"") -> bytes:
    """Return what Git prints; nothing where it is not installed, or there is no repository.

    Raises:
        UnavailableError: If it does not say.
    """
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            input=asked,
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
