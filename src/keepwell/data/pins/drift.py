"""Pinned files of a source with other content than Git says: a run must not take them in silence.

Sizes are compared, then digests. A digest is calculated once, and remembered while the file stays as it is.
Standard library only: `keepwell.data.fingerprint` asks on every run.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from keepwell.core.errors import ConflictError, StorageError
from keepwell.data.pins.absence import Entries, entries_of
from keepwell.data.pins.naming import SUFFIX, is_pointer, pointer_of
from keepwell.data.pins.stamps import Stamps
from keepwell.data.pins.telling import typed

_DAMAGED = "its pointer cannot be read, so nobody knows what it should be"


def differing(files: Iterable[Path]) -> ConflictError | None:
    """Return the error for the first of these files that is not as its pointer says; None if all are."""
    pins = _Pins()
    known: dict[Path, Stamps] = {}
    try:
        for file in files:
            for held in pins.of(file):
                home = pins.home_of(held)
                if home not in known:
                    known[home] = Stamps(home / "pins.json")
                why = _complaint(held, known[home])
                if why:
                    return _error(held, why, file)
    finally:
        for home, stamps in known.items():
            if home.is_dir():
                with contextlib.suppress(StorageError):  # who cannot write reads again
                    stamps.keep()
    return None


class Promises:
    """What pointers say of single files; each pointer is read once."""

    def __init__(self) -> None:
        self._pins = _Pins()

    def must_be_kept(self, file: Path, data: bytes) -> None:
        """Refuse a file whose content, just read, is not what a pointer says.

        Raises:
            ConflictError: It names the command that restores it.
        """
        for held in self._pins.of(file):
            named = None if held.entries is None else held.entries.get(held.name)
            if named is None:
                raise _error(held, _DAMAGED if held.entries is None else _unnamed(held), file)
            if named[0] != hashlib.sha256(data).hexdigest():
                raise _error(held, f"'{os.path.relpath(held.file)}' has other content", file)


@dataclass(frozen=True, slots=True)
class _Held:
    """A file, the pinned path that it is in or is, where that is on the disk, and what its pointer names."""

    file: Path
    pinned: Path
    real: Path
    entries: Entries | None

    @property
    def name(self) -> str:
        return "" if self.file == self.pinned else self.file.relative_to(self.pinned).as_posix()


class _Pins:
    """Finds the pins that hold files; each pointer is read once."""

    def __init__(self) -> None:
        self._entries: dict[Path, Entries | None] = {}
        self._places: dict[Path, Path] = {}
        self._holders: dict[Path, Path | None] = {}
        self._folders: dict[Path, Path] = {}
        self._homes: dict[Path, Path] = {}

    def of(self, file: Path) -> Iterator[_Held]:
        """Return what holds a file by the name that it has, and where a link leads."""
        found: dict[Path, _Held] = {}  # two names may lead to one pin
        for at in dict.fromkeys((file, self._led_to(file))):
            pinned = self._holder(at)
            if pinned is not None:
                held = _Held(at, pinned, self._places[pinned], self._entries[pinned])
                found.setdefault(held.real, held)
        yield from found.values()

    def home_of(self, held: _Held) -> Path:
        """Return where its project remembers digests."""
        if held.pinned not in self._homes:
            self._homes[held.pinned] = _home(held.real)
        return self._homes[held.pinned]

    def _led_to(self, file: Path) -> Path:
        if file.is_symlink():
            return Path(os.path.realpath(file))
        if file.parent not in self._folders:
            self._folders[file.parent] = Path(os.path.realpath(file.parent))
        return self._folders[file.parent] / file.name

    def _holder(self, file: Path) -> Path | None:
        if self._is_pinned(file):
            return file
        folder = file.parent
        if folder not in self._holders:
            above = (folder, *folder.parents)
            self._holders[folder] = next((at for at in above if self._is_pinned(at)), None)
        return self._holders[folder]

    def _is_pinned(self, at: Path) -> bool:
        if at in self._entries:
            return True
        if not at.name or not is_pointer(pointer_of(at)):
            return False
        self._entries[at] = entries_of(pointer_of(at))
        self._places[at] = Path(os.path.realpath(at.parent), at.name)
        return True


def _complaint(held: _Held, stamps: Stamps) -> str:
    if held.entries is None:
        return _DAMAGED
    named = held.entries.get(held.name)
    if named is None:
        return _unnamed(held)
    digest, size = named
    with contextlib.suppress(FileNotFoundError):  # who reads it says that it is gone
        found = held.file.stat().st_size
        if found != size:
            return f"'{os.path.relpath(held.file)}' has {found:,} bytes; the pointer says {size:,}"
        if stamps.digest(held.real / held.name if held.name else held.real) != digest:
            return f"'{os.path.relpath(held.file)}' has other content, of the same size"
    return ""


def _unnamed(held: _Held) -> str:
    return f"'{held.name}' is in the folder, and not in the pointer"


def _home(real: Path) -> Path:
    """Return where the project remembers digests, as far as can be told: it may be none."""
    homes = (at / ".keepwell" for at in real.parents)
    return next((home for home in homes if home.is_dir()), real.parent / ".keepwell")


def _error(held: _Held, why: str, file: Path) -> ConflictError:
    """Return the error for what is held; `file` is what was asked for, which a link may lead from."""
    pinned = held.pinned
    keep = f"keepwell data pin {typed(pinned)}"
    now = f"to keep the change: {keep}; to go back: keepwell data fetch {typed(pinned)} --force"
    if why == _DAMAGED:
        now = (
            f"git checkout -- {typed(pointer_of(pinned))}, then keepwell data fetch {typed(pinned)}; "
            f"or, to keep what is here: {keep}"
        )
    elif held.name and why == _unnamed(held):
        now = f"take it out of the folder: mv {typed(held.file)} ELSEWHERE; or, to keep it there: {keep}"
    led = "" if held.file == file else f"'{os.path.relpath(file)}' is a link that leads there; "
    return ConflictError(
        f"'{os.path.relpath(pinned)}' is pinned, and what is here is not what {pinned.name}{SUFFIX} names",
        why=led + why,
        now=now,
        details={"pinned": str(pinned), "file": str(held.file)},
    )
