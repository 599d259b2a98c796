"""A folder that is there whole, or not at all; and never in place of somebody's own files."""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from keepwell.core.errors import UsageError
from keepwell.infrastructure.files import storing

MANIFEST = "keepwell-export.json"
"""Says what an export is of, and which files belong to it."""

_SHOWN = 3
_LEFT_BY_PYTHON = "__pycache__"


@contextlib.contextmanager
def appearing(folder: Path, *, force: bool = False) -> Iterator[Path]:
    """Give an empty folder to write into; it takes the place of `folder` when the block ends well.

    Args:
        folder: Where the content goes.
        force: It may hold an earlier export, which is replaced as a whole.

    Raises:
        UsageError: If it holds something else, or cannot be replaced.
        StorageError: If the disk refuses; then what was there is there still.
    """
    folder = folder.absolute()
    _must_be_free(folder, force=force)
    mark = os.urandom(4).hex()
    arriving = folder.with_name(f".{folder.name}.{mark}.partial")
    leaving = folder.with_name(f".{folder.name}.{mark}.before")
    with storing(f"{folder} was not written"):
        try:
            arriving.mkdir(parents=True)
            yield arriving
            if folder.exists():
                folder.rename(leaving)
            try:
                arriving.rename(folder)
            except BaseException:
                if leaving.exists():
                    leaving.rename(folder)
                raise
        finally:
            shutil.rmtree(arriving, ignore_errors=True)
            shutil.rmtree(leaving, ignore_errors=True)


def _must_be_free(folder: Path, *, force: bool) -> None:
    if not folder.exists() and not folder.is_symlink():
        return
    if folder.is_symlink() or not folder.is_dir():
        raise UsageError(
            f"{folder} is there already, and is no folder",
            why="an export is a folder of files",
            now="name a folder that is not there yet",
        )
    if folder.samefile(Path.cwd()):
        raise UsageError(
            f"{folder} is the folder that you are in",
            why="an export appears as a whole, in place of what has its name",
            now="name a folder inside it: -o exported",
        )
    if not any(folder.iterdir()):
        return
    if not force:
        raise UsageError(
            f"{folder} is not empty",
            why=f"it holds {_list(sorted(path.name for path in folder.iterdir()))}",
            now="name another folder, or add --force if it holds an earlier export",
        )
    strange = _strangers(folder)
    if strange:
        raise UsageError(
            f"{folder} holds files that no export wrote",
            why=f"replacing it would lose {_list(strange)}",
            now="name another folder, or move those files away first",
        )


def _strangers(folder: Path) -> list[str]:
    """Return the files of a folder that its manifest does not name."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        known = {MANIFEST, *(str(file["name"]) for file in manifest["files"])}
    except (OSError, ValueError, KeyError, TypeError):
        known = set()
    found = (path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir())
    return sorted(
        path.as_posix()
        for path in found
        if path.as_posix() not in known and _LEFT_BY_PYTHON not in path.parts
    )


def _list(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
