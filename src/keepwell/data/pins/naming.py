"""What pointers are called, and where they are. Standard library only."""

import os
from collections.abc import Iterator
from pathlib import Path

SUFFIX = ".pin"
"""How the name of a pointer ends; before it stands the name of what is pinned."""

ARRIVING = ".keepwell-arriving-"
"""How the name of a file begins that is not whole yet."""

SKIPPED = frozenset({".git", ".keepwell", ".venv", "node_modules", "__pycache__"})
"""Folders that hold no pointers."""

_SIGN = b'"keepwell"'
_SIGN_WITHIN = 200


def pointer_of(path: Path) -> Path:
    """Return where the pointer of a path is."""
    return path.with_name(path.name + SUFFIX)


def pinned_by(pointer: Path) -> Path:
    """Return what a pointer pins."""
    return pointer.with_name(pointer.name.removesuffix(SUFFIX))


def is_pointer(path: Path) -> bool:
    """Tell whether a file is a pointer of ours: other programs have files that end with `.pin`, too."""
    if not path.name.endswith(SUFFIX) or not path.is_file():
        return False
    if path.name.removesuffix(SUFFIX) in ("", ".", ".."):
        return False
    with path.open("rb") as file:
        return _SIGN in file.read(_SIGN_WITHIN)


def find_pointers(folder: Path) -> Iterator[Path]:
    """Return the pointers in a folder and below it, sorted; links are not followed."""
    found = []
    for at, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in SKIPPED]
        found += [Path(at, name) for name in files if name.endswith(SUFFIX)]
    yield from (path for path in sorted(found) if is_pointer(path))


def holder_of(path: Path, root: Path) -> Path | None:
    """Return the pinned path that holds this one, or is it; None if it is not pinned."""
    for at in (path, *path.parents):
        if at == root or root not in at.parents:
            return None
        if is_pointer(pointer_of(at)):
            return at
    return None
