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


def absent(
    path: Path, counts: Callable[[Path], bool], root: Path | None = None
) -> NotFoundError | None:
    """Return the error for pinned files of a source that are not here; None if there are none.

    Args:
        path: A file, a folder or a glob.
        counts: Tells whether a file in a folder would be taken, by its path from there.
        root: What the source is below; only what comes after it may be a glob. Without it nothing is.
    """
    gone: dict[
        str, tuple[Path, Path]
    ] = {}  # by where it is, for links lead to one place by two names
    for at, below in _seen_from(path, root or path):
        pattern = pattern_of(at, below)
        for pointer in pointers_of(at, below):
            pinned = pinned_by(pointer)
            entries = entries_of(pointer) or {"": ("", 0)}  # whoever fetches it says what is wrong
            for file in (pinned / name if name else pinned for name in entries):
                if _belongs(file, at, pattern, counts) and not file.exists():
                    gone.setdefault(os.path.realpath(pinned), (pinned, file))
                    break
    return _error(dict(gone.values())) if gone else None


def pointers_of(path: Path, root: Path) -> Iterator[Path]:
    """Return the pointers that may name files of a source: a file, a folder or a glob below `root`."""
    start = path
    inner = _inner(path, root).parts
    if "**" in inner:
        wild = next(at for at, part in enumerate(inner) if not _GLOB.isdisjoint(part))
        start = Path(*path.parts[: len(path.parts) - len(inner) + wild])
    for at in (start, *start.parents):
        beside = Path(f"{at}{SUFFIX}")
        if is_pointer(beside):
            yield beside
        if not _GLOB.isdisjoint(str(_inner(at, root))):
            found = map(Path, glob.iglob(f"{pattern_of(at, root)}{SUFFIX}"))
            yield from (pointer for pointer in found if pointer != beside and is_pointer(pointer))
    if start.is_dir():
        yield from find_pointers(start)


def pattern_of(path: Path, root: Path) -> Path:
    """Return a glob in which a folder stands for itself, whatever its name holds.

    >>> pattern_of(Path("/shop [1]/data/*.csv"), Path("/shop [1]")).as_posix()
    '/shop [[]1]/data/*.csv'
    """
    if not path.is_relative_to(root):
        return path
    return Path(glob.escape(str(root)), path.relative_to(root))


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


def _seen_from(path: Path, root: Path) -> Iterator[tuple[Path, Path]]:
    """Return a source and its root as they are named, and as links lead to them."""
    yield path, root
    real, above = Path(os.path.realpath(path)), Path(os.path.realpath(root))
    plain = above / path.relative_to(root) if path.is_relative_to(root) else path
    if real != plain or root == path != real:
        yield real, above


def _inner(path: Path, root: Path) -> Path:
    """Return the part of a path that may be a glob; above a root nothing is."""
    if path.is_relative_to(root):
        return path.relative_to(root)
    return Path() if root.is_relative_to(path) else path


def _belongs(file: Path, path: Path, pattern: Path, counts: Callable[[Path], bool]) -> bool:
    if file == path:
        return True
    if path in file.parents and counts(file.relative_to(path)):
        return True
    return _matches(file.parts, pattern.parts)


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
