"""Pinned files of a source that are not on this disk: without them a run would learn from the rest.

Standard library only: `keepwell.data.fingerprint` asks on every run.
"""

import fnmatch
import glob
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from keepwell.core.errors import NotFoundError
from keepwell.data.pins.naming import SUFFIX, find_pointers, is_pointer, pinned_by
from keepwell.data.pins.telling import some, typed

Entries = dict[str, tuple[str, int]]
"""Digest and size of each file that a pointer names; a pointer of one file has an empty name for it."""

_GLOB = frozenset("*?[")
_NAMED = 10  # pins that one command fetches by name


def absent(path: Path, counts: Callable[[Path], bool]) -> NotFoundError | None:
    """Return the error for pinned files of a source that are not here; None if there are none.

    Args:
        path: A file, a folder or a glob.
        counts: Tells whether a file in a folder would be taken.
    """
    gone: dict[Path, Path] = {}
    for pointer in pointers_of(path):
        pinned = pinned_by(pointer)
        entries = entries_of(pointer) or {"": ("", 0)}  # whoever fetches it says what is wrong
        for file in (pinned / name if name else pinned for name in entries):
            if _belongs(file, path, counts) and not file.exists():
                gone.setdefault(pinned, file)
                break
    return _error(gone) if gone else None


def pointers_of(path: Path) -> Iterator[Path]:
    """Return the pointers that may name files of a source: a file, a folder or a glob."""
    start = path
    if "**" in path.parts:
        wild = next(at for at, part in enumerate(path.parts) if not _GLOB.isdisjoint(part))
        start = Path(*path.parts[:wild])
    for at in (start, *start.parents):
        beside = f"{at}{SUFFIX}"
        found = [beside] if _GLOB.isdisjoint(beside) else glob.iglob(beside)
        yield from (Path(pointer) for pointer in found if is_pointer(Path(pointer)))
    if start.is_dir():
        yield from find_pointers(start)


def entries_of(pointer: Path) -> Entries | None:
    """Return what a pointer names, unchecked; None if it cannot be read."""
    try:
        found = json.loads(pointer.read_bytes())
        if found["kind"] == "file":
            return {"": (str(found["sha256"]), int(found["size"]))}
        return {
            str(item["path"]): (str(item["sha256"]), int(item["size"])) for item in found["files"]
        }
    except (OSError, ValueError, AttributeError, TypeError, KeyError):
        return None


def _belongs(file: Path, path: Path, counts: Callable[[Path], bool]) -> bool:
    if file == path:
        return True
    if _GLOB.isdisjoint(str(path)):
        return path in file.parents and counts(file)
    return _matches(file.parts, path.parts)


def _matches(parts: Sequence[str], patterns: Sequence[str]) -> bool:
    """Tell whether a glob takes a path, both in parts: as `glob` does, `**` are visible folders.

    >>> [_matches(name.split("/"), ["data", "**", "a.csv"]) for name in ("data/a.csv", "data/x/y/a.csv")]
    [True, True]
    >>> [_matches(name.split("/"), ["data", "**", "a.csv"]) for name in ("data/aa.csv", "data/.x/a.csv")]
    [False, False]
    """
    if not patterns:
        return not parts
    if patterns[0] == "**":
        if len(patterns) == 1:
            return bool(parts) and not any(part.startswith(".") for part in parts)
        if _matches(parts, patterns[1:]):
            return True
        return bool(parts) and not parts[0].startswith(".") and _matches(parts[1:], patterns)
    return bool(parts) and _is_like(parts[0], patterns[0]) and _matches(parts[1:], patterns[1:])


def _is_like(part: str, pattern: str) -> bool:
    if part.startswith(".") and not pattern.startswith("."):
        return False
    return fnmatch.fnmatchcase(part, pattern)


def _error(gone: dict[Path, Path]) -> NotFoundError:
    pins = list(gone)
    if len(pins) > 1:
        which = " ".join(map(typed, pins)) if len(pins) <= _NAMED else ""
        return NotFoundError(
            f"{some([os.path.relpath(pinned) for pinned in pins])} are pinned, and their content is not here",
            why=f"Git keeps only the pointers, PATH{SUFFIX}; the content is in the blob store",
            now=f"keepwell data fetch {which}".strip(),
            details={"pinned": [str(pinned) for pinned in pins]},
        )
    [(pinned, file)] = gone.items()
    shown = os.path.relpath(pinned)
    part = "" if file == pinned else f" ('{os.path.relpath(file, pinned)}' and perhaps more of it)"
    return NotFoundError(
        f"'{shown}' is pinned, and its content is not here{part}",
        why=f"Git keeps only the pointer, {pinned.name}{SUFFIX}; the content is in the blob store",
        now=f"keepwell data fetch {typed(pinned)}",
        details={"pinned": [str(pinned)]},
    )
