"""Pinned files of a source with other content than Git says: a run must not take them in silence.

Sizes are compared, then digests. A digest is calculated once, and remembered while the file stays as it is.
Standard library only: `keepwell.data.fingerprint` asks on every run.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from keepwell.core.errors import ConflictError, StorageError
from keepwell.data.pins.absence import Entries, entries_of, pointers_of
from keepwell.data.pins.naming import SUFFIX, is_pointer, pinned_by, pointer_of
from keepwell.data.pins.stamps import Stamps
from keepwell.data.pins.telling import typed

_DAMAGED = "its pointer cannot be read, so nobody knows what it should be"


def differing(path: Path, files: Iterable[Path]) -> ConflictError | None:
    """Return the error for the first file of a source that is not as its pointer says; None if all are.

    Args:
        path: The source: a file, a folder or a glob.
        files: Those that it consists of.
    """
    pins = {pinned_by(pointer): entries_of(pointer) for pointer in pointers_of(path)}
    if not pins:
        return None
    real: dict[Path, Path] = {}  # by which digests are remembered
    homes: dict[Path, Path] = {}
    known: dict[Path, Stamps] = {}
    try:
        for file in files:
            pinned = next((at for at in (file, *file.parents) if at in pins), None)
            if pinned is None:
                continue
            if pinned not in real:
                real[pinned] = Path(os.path.realpath(pinned.parent), pinned.name)
                homes[pinned] = _home(real[pinned])
            home = homes[pinned]
            if home not in known:
                known[home] = Stamps(home / "pins.json")
            why = _complaint(file, pinned, pins[pinned], real[pinned], known[home])
            if why:
                return _error(file, pinned, why)
    finally:
        for home, stamps in known.items():
            if home.is_dir():
                with contextlib.suppress(StorageError):  # who cannot write reads again
                    stamps.keep()
    return None


class Promises:
    """What pointers say of single files; each pointer is read once."""

    def __init__(self) -> None:
        self._pins: dict[Path, Entries | None] = {}
        self._free: set[Path] = set()

    def must_be_kept(self, file: Path, data: bytes) -> None:
        """Refuse a file whose content, just read, is not what a pointer says.

        Raises:
            ConflictError: It names the command that restores it.
        """
        pinned = next((at for at in (file, *file.parents) if self._is_pinned(at)), None)
        if pinned is None:
            return
        entries = self._pins[pinned]
        named = None if entries is None else entries.get(_name(file, pinned))
        if named is None:
            raise _error(file, pinned, _DAMAGED if entries is None else _unnamed(file, pinned))
        if named[0] != hashlib.sha256(data).hexdigest():
            raise _error(file, pinned, f"'{os.path.relpath(file)}' has other content")

    def _is_pinned(self, at: Path) -> bool:
        if at in self._pins:
            return True
        if at in self._free or not at.name or not is_pointer(pointer_of(at)):
            self._free.add(at)
            return False
        self._pins[at] = entries_of(pointer_of(at))
        return True


def _complaint(
    file: Path, pinned: Path, entries: Entries | None, real: Path, stamps: Stamps
) -> str:
    if entries is None:
        return _DAMAGED
    name = _name(file, pinned)
    named = entries.get(name)
    if named is None:
        return _unnamed(file, pinned)
    digest, size = named
    with contextlib.suppress(FileNotFoundError):  # who reads it says that it is gone
        found = file.stat().st_size
        if found != size:
            return f"'{os.path.relpath(file)}' has {found:,} bytes; the pointer says {size:,}"
        if stamps.digest(real / name if name else real) != digest:
            return f"'{os.path.relpath(file)}' has other content, of the same size"
    return ""


def _name(file: Path, pinned: Path) -> str:
    return "" if file == pinned else file.relative_to(pinned).as_posix()


def _unnamed(file: Path, pinned: Path) -> str:
    return f"'{file.relative_to(pinned).as_posix()}' is in the folder, and not in the pointer"


def _home(real: Path) -> Path:
    """Return where the project remembers digests, as far as can be told: it may be none."""
    homes = (at / ".keepwell" for at in real.parents)
    return next((home for home in homes if home.is_dir()), real.parent / ".keepwell")


def _error(file: Path, pinned: Path, why: str) -> ConflictError:
    now = f"keepwell data fetch {typed(pinned)}"
    if why == _DAMAGED:
        now = (
            f"git checkout -- {typed(pointer_of(pinned))}, then keepwell data fetch {typed(pinned)}"
        )
    elif file != pinned and why == _unnamed(file, pinned):
        now = f"take it out of the folder: mv {typed(file)} ELSEWHERE"
    return ConflictError(
        f"'{os.path.relpath(pinned)}' is pinned, and what is here is not what {pinned.name}{SUFFIX} names",
        why=why,
        now=f"{now}; or, if the change was meant: keepwell data pin {typed(pinned)}",
        details={"pinned": str(pinned), "file": str(file)},
    )
