"""Pinned files of a source that are not on this disk: without them a run would learn from the rest.

Standard library only: `keepwell.data.fingerprint` asks on every run.
"""

import fnmatch
import glob
import json
import os
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

from keepwell.core.errors import NotFoundError
from keepwell.data.pins.naming import SUFFIX, find_pointers, is_pointer, pinned_by

_GLOB = frozenset("*?[")


def absent(path: Path, counts: Callable[[Path], bool]) -> NotFoundError | None:
    """Return the error for a pinned file of a source that is not here; None if there is no such file.

    Args:
        path: A file, a folder or a glob.
        counts: Tells whether a file in a folder would be taken.
    """
    for pointer in _pointers(path):
        for file in _named(pointer):
            if _belongs(file, path, counts) and not file.exists():
                return _error(pinned_by(pointer), file)
    return None


def _pointers(path: Path) -> Iterator[Path]:
    for at in (path, *path.parents):
        beside = f"{at}{SUFFIX}"
        found = [beside] if _GLOB.isdisjoint(beside) else glob.iglob(beside, recursive=True)
        yield from (Path(pointer) for pointer in found if is_pointer(Path(pointer)))
    if path.is_dir():
        yield from find_pointers(path)


def _named(pointer: Path) -> Iterator[Path]:
    """Return the files that a pointer names; whoever fetches them checks it."""
    pinned = pinned_by(pointer)
    try:
        files = json.loads(pointer.read_bytes()).get("files")
        names = [str(item["path"]) for item in files or ()]
    except (OSError, ValueError, AttributeError, TypeError, KeyError):
        names = []
    yield from (pinned / name for name in names) if names else (pinned,)


def _belongs(file: Path, path: Path, counts: Callable[[Path], bool]) -> bool:
    if file == path:
        return True
    if _GLOB.isdisjoint(str(path)):
        return path in file.parents and counts(file)
    if "**" in path.parts:
        return fnmatch.fnmatchcase(str(file), str(path).replace("**/", "*"))
    parts = list(zip(file.parts, path.parts, strict=False))
    return len(file.parts) == len(path.parts) and all(
        fnmatch.fnmatchcase(part, pattern) for part, pattern in parts
    )


def _error(pinned: Path, file: Path) -> NotFoundError:
    shown = os.path.relpath(pinned)
    part = "" if file == pinned else f" ('{os.path.relpath(file, pinned)}' and perhaps more of it)"
    return NotFoundError(
        f"'{shown}' is pinned, and its content is not here{part}",
        why=f"Git keeps only the pointer, {pinned.name}{SUFFIX}; the content is in the blob store",
        now=f"keepwell data fetch {shlex.quote(shown)}",
    )
