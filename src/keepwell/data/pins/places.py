"""Where pinned content may lie: inside the project, and never behind a link."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from keepwell.core.errors import ConflictError, InvalidDataError, NotFoundError, UsageError
from keepwell.data.pins.naming import ARRIVING, find_pointers, is_pointer, pointer_of
from keepwell.data.pins.pointer import complaint_of
from keepwell.data.pins.telling import typed


def place(path: Path, root: Path, *, whole: bool = False) -> Path:
    """Return a path as seen from the current folder, its folders without links.

    Args:
        path: As it was typed.
        root: Of the project.
        whole: Whether the project itself may be named, for all that is in it.

    Raises:
        UsageError: If it is not inside the project, or is the project itself.
    """
    at = Path(os.path.abspath(path.expanduser()))
    found = at.parent.resolve() / at.name
    if whole and found.resolve() == root:
        return root
    if found.resolve() == root:
        raise UsageError(
            f"'{path}' is the project itself",
            why="its code and settings are Git's; pins stand for large files and folders in it",
            now="name a folder in it, or a file",
        )
    if not found.is_relative_to(root):
        raise UsageError(
            f"'{path}' is not inside the project",
            why=f"pins are kept beside their content, below {root}, where Git finds them",
            now="move it there and change `source:` in keepwell.yaml, or name a file or folder there",
        )
    must_be_safe(found, root)
    return found


def must_be_safe(path: Path, root: Path) -> None:
    """Refuse a place that leads out of the project, or to where programs are told what to do.

    Raises:
        InvalidDataError: If it goes through a link, or into `.git` or `.keepwell`.
    """
    complaint = complaint_of(path.relative_to(root).as_posix())
    if complaint:
        raise InvalidDataError(
            f"'{path.relative_to(root)}' is no place for pinned content",
            why=f"it {complaint}",
            now="rename it, or leave it out",
        )
    for at in (path, *path.parents):
        if at == root:
            return
        if at.is_symlink():
            raise InvalidDataError(
                f"'{at.relative_to(root)}' is a link",
                why=f"it leads to {os.readlink(at)}, and a pin stands for content in its own place",
                now="pin what it leads to, if that is inside the project, or put the content in its place",
            )


def files_in(folder: Path, root: Path) -> Iterator[tuple[str, Path]]:
    """Return the files in a folder and below it, with their paths from there, sorted.

    Raises:
        InvalidDataError: If there is a link in it, or something that is neither file nor folder.
    """
    found: list[tuple[str, Path]] = []
    for at, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(at, name)
            must_be_safe(path, root)
        found += [
            (Path(at, name).relative_to(folder).as_posix(), Path(at, name))
            for name in files
            if not name.startswith(ARRIVING)
        ]
    for _, path in found:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise InvalidDataError(
                f"'{path.relative_to(root)}' is not a file",
                why="it is a device, a socket or a pipe, and has no content to keep",
                now="take it out of the folder",
            )
    yield from sorted(found)


def must_be_pinnable(path: Path, root: Path, holder: Path | None) -> None:
    """Refuse what is not there, what another pin holds, and a pointer itself.

    Raises:
        NotFoundError: If nothing is there.
        UsageError: If it is a pointer.
        ConflictError: If a pinned folder holds it, or it holds pinned content.
    """
    shown = path.relative_to(root)
    if not path.exists():
        now = (
            f"keepwell data fetch {typed(path)}" if pointer_of(path).exists() else "check the path"
        )
        raise NotFoundError(
            f"there is no file or folder '{shown}'", why=f"looked for {path}", now=now
        )
    if is_pointer(path):
        raise UsageError(
            f"'{shown}' is a pointer",
            why="pointers are for Git; what is pinned is their content",
            now=f"git add {typed(path)}",
        )
    if holder is not None and holder != path:
        raise ConflictError(
            f"'{shown}' is pinned already",
            why=f"it is part of '{holder.relative_to(root)}', which is pinned as a whole",
            now=f"keepwell data pin {typed(holder)}",
        )
    inner = next(find_pointers(path), None) if path.is_dir() else None
    if inner is not None:
        raise ConflictError(
            f"'{shown}' holds content that is pinned by itself",
            why=f"'{inner.relative_to(root)}' is the pointer of a part of it",
            now=f"rm {typed(inner)}, then pin it; or pin the parts",
        )
