"""Pinning, fetching and looking, over one project and its blob store."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from keepwell.core.errors import (
    ConflictError,
    IntegrityError,
    InvalidDataError,
    KeepwellError,
    NotFoundError,
)
from keepwell.core.ports import BlobStore
from keepwell.core.progress import Progress, SilentProgress
from keepwell.core.suggestions import did_you_mean
from keepwell.data.pins import git
from keepwell.data.pins.arriving import Arriving
from keepwell.data.pins.comparing import compare, is_within
from keepwell.data.pins.fetching import Wanted, must_be_free, must_be_stored, restore
from keepwell.data.pins.meter import Meter
from keepwell.data.pins.naming import (
    SUFFIX,
    find_pointers,
    holder_of,
    is_pointer,
    pinned_by,
    pointer_of,
)
from keepwell.data.pins.places import files_in, must_be_pinnable, must_be_safe, place
from keepwell.data.pins.pointer import Content, Pointer, folder_of, read, render
from keepwell.data.pins.stamps import Stamps
from keepwell.data.pins.telling import some, typed
from keepwell.infrastructure.files import storing, write_atomic

_Files = list[tuple[str, Path]]
_Parts = tuple[str, ...]
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """What pinning did.

    Attributes:
        path: As seen from the project's folder.
        pointer: What was written beside it, at `pointer_at`.
        stored: Bytes that were new to the store.
        known: Bytes that it had already.
        ignored: Whether a line was added to `.gitignore`.
        hidden: Whether Git leaves the pointer out, by a line of somebody else's.
        news: Files that Git is to be told of: the pointer, and a `.gitignore` that was changed.
    """

    path: str
    pointer: Pointer
    pointer_at: Path
    stored: int
    known: int
    ignored: bool
    hidden: bool
    news: tuple[Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What fetching did.

    Attributes:
        path: As seen from the project's folder.
        pointer: What Git keeps of it; None if it cannot be read.
        parts: What of a folder was asked for; empty for all of it.
        files: How many were written.
        written: Their bytes.
        more: Files of the folder that no pointer names.
        error: Why it could not be restored, where others were.
    """

    path: str
    pointer: Pointer | None = None
    parts: _Parts = ()
    files: int = 0
    written: int = 0
    more: tuple[str, ...] = ()
    error: KeepwellError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a pinned path is.

    Attributes:
        path: As seen from the project's folder.
        pointer: What Git keeps of it; None if it cannot be read.
        at: Where it is.
        here: `in place`, `in part`, `holds more`, `changed` or `missing`; empty where that cannot be told.
        store: What the blob store has of it: `stored`, `missing` (in part), or `damaged`: of another size.
        changed: Files that differ, are not there, or are not in the pointer.
        more: Those of them that are not in the pointer.
        error: Why nothing can be told.
    """

    path: str
    at: Path | None = None
    pointer: Pointer | None = None
    here: str = ""
    store: str = ""
    changed: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    error: KeepwellError | None = None

    @property
    def well(self) -> bool:
        """Whether it is as its pointer says, here and in the store."""
        return (self.here, self.store) == ("in place", "stored")


@dataclass(frozen=True, slots=True)
class _Errors:
    """What went wrong with single pins: told later where the others go on, else raised at once."""

    go_on: bool
    found: dict[str, KeepwellError] = field(default_factory=dict)

    def attempt(self, shown: str, work: Callable[[], _Made]) -> _Made | None:
        try:
            return work()
        except KeepwellError as error:
            if not self.go_on:
                raise
            self.found[shown] = error
            return None


class Pins:
    """The pinned files of a project.

    Law: a file is restored whole or not at all, and only with the content that its pointer names;
    nothing is written outside the project, nor through a link.

    Args:
        root: The project's folder, resolved.
        blobs: Holds the content.
        url: Where that is, for the reader.
        stamps: A file that remembers digests; beside it lies what is on its way.
    """

    def __init__(self, root: Path, blobs: BlobStore, url: str, stamps: Path) -> None:
        self._root, self._blobs, self._url = root, blobs, url
        self._stamps = Stamps(stamps)
        self._arriving = Arriving(stamps.parent / "arriving")

    def pin(self, paths: Sequence[Path], progress: Progress | None = None) -> list[Pinned]:
        """Store the content of files and folders, and write their pointers beside them.

        Nothing is stored before all paths are known to be such that can be pinned.

        Raises:
            NotFoundError: If there is no such path.
            UsageError: If it is not inside the project.
            InvalidDataError: If it is a link or holds one, or holds no file.
            ConflictError: If Git keeps it, another pin holds it, or it changes meanwhile.
        """
        places = list(dict.fromkeys(self._pinnable(path) for path in paths))
        git.must_be_untracked(places)
        found = {path: self._files_of(path) for path in places}
        for one in found:
            holder = next((at for at in one.parents if at in found), None)
            if holder is not None:
                raise ConflictError(
                    f"'{self._shown(one)}' would be pinned twice",
                    why=f"it is part of '{self._shown(holder)}', which is to be pinned as a whole",
                    now=f"keepwell data pin {typed(holder)}",
                )
        total = sum(_size(at) for files in found.values() for _, at in files)
        meter = Meter(progress or SilentProgress(), 2 * total)
        done: dict[Path, tuple[Pointer, int]] = {}
        try:
            for path, files in found.items():
                done[path] = self._pin(path, files, meter)
        finally:  # what is pinned is no less so where another path could not be
            self._stamps.keep()
            new = git.ignore(done)
        return self._told_of(done, new)

    def fetch(
        self, paths: Sequence[Path], *, force: bool = False, progress: Progress | None = None
    ) -> list[Fetched]:
        """Restore what pointers name: of files, of folders that are pinned or hold pins, or of parts of them.

        Where no paths are given all pins are restored that can be; the others are told with their errors. Of
        paths nothing is written before the store is known to have all of it, and before nothing would be
        written over that would be lost: what the store has whole would not.

        Raises:
            NotFoundError: If a path is not pinned, or its content is not in the store.
            ConflictError: If a file here was changed since it was pinned, unless `force`.
            InvalidDataError: If a pointer is damaged, or names what it may not.
            IntegrityError: If what is stored is not what was pinned.
        """
        self._arriving.sweep()
        errors = _Errors(go_on=not paths)
        chosen = self._chosen(paths) if paths else self._all()
        wanted = self._wanted(chosen, errors, progress)
        if paths:
            self._must_be_ready(wanted, force=force)
        else:
            for one in wanted:
                errors.attempt(one.shown, partial(self._must_be_ready, [one], force=force))
        self._stamps.keep()
        wanted = [one for one in wanted if one.shown not in errors.found]
        meter = Meter(
            progress or SilentProgress(),
            2 * sum(item.size for one in wanted for item in one.contents),
        )
        done = [errors.attempt(one.shown, partial(self._restored, one, meter)) for one in wanted]
        failed = [Fetched(path=shown, error=error) for shown, error in errors.found.items()]
        found = [*(item for item in done if item is not None), *failed]
        return sorted(found, key=lambda item: item.path)

    def look(self, progress: Progress | None = None) -> list[Standing]:
        """Return how each pinned path is, sorted by path."""
        errors = _Errors(go_on=True)
        found = [
            errors.attempt(one.shown, partial(self._standing, one))
            for one in self._wanted(self._all(), errors, progress)
        ]
        self._stamps.keep()
        failed = [Standing(path=shown, error=error) for shown, error in errors.found.items()]
        whole = [*(item for item in found if item is not None), *failed]
        return sorted(whole, key=lambda item: item.path)

    @property
    def url(self) -> str:
        """Where the store is, for the reader."""
        return self._url

    @property
    def own_store(self) -> bool:
        """Whether the store lies in the project's folder, as it does unless said."""
        return "://" not in self._url and Path(self._url).resolve().is_relative_to(self._root)

    # One path

    def _pinnable(self, path: Path) -> Path:
        found = place(path, self._root)
        must_be_pinnable(found, self._root, holder_of(found, self._root))
        return found

    def _files_of(self, found: Path) -> _Files:
        files = list(files_in(found, self._root)) if found.is_dir() else [("", found)]
        if not files:
            raise InvalidDataError(
                f"the folder '{self._shown(found)}' holds no file",
                why="a pin stands for content, and there is none",
                now="put files into it first",
            )
        return files

    def _pin(self, found: Path, files: _Files, meter: Meter) -> tuple[Pointer, int]:
        """Store a file or a folder and write its pointer; also return the bytes that were new."""
        kept = [self._keep(name, at, meter) for name, at in files]
        contents = [content for content, _ in kept]
        pointer = (
            folder_of(contents)
            if found.is_dir()
            else Pointer(kind="file", contents=tuple(contents))
        )
        write_atomic(pointer_of(found), render(pointer))
        return pointer, sum(content.size for content, new in kept if new)

    def _told_of(self, done: dict[Path, tuple[Pointer, int]], new: set[Path]) -> list[Pinned]:
        lists = {path.parent / ".gitignore" for path in new}
        hidden = git.ignored([*map(pointer_of, done), *lists])
        told = []
        for path, (pointer, stored) in done.items():
            news = [pointer_of(path), *([path.parent / ".gitignore"] if path in new else [])]
            told.append(
                Pinned(
                    path=self._shown(path),
                    pointer=pointer,
                    pointer_at=pointer_of(path),
                    stored=stored,
                    known=pointer.size - stored,
                    ignored=path in new,
                    hidden=pointer_of(path) in hidden,
                    news=tuple(at for at in news if at not in hidden),
                )
            )
        return told

    def _must_be_ready(self, wanted: Sequence[Wanted], *, force: bool) -> None:
        must_be_free(wanted, self._is_kept, force=force)
        must_be_stored(wanted, self._blobs, self._url, own=self.own_store)

    def _restored(self, one: Wanted, meter: Meter) -> Fetched:
        return Fetched(
            path=one.shown,
            pointer=one.pointer,
            parts=one.parts,
            files=len(one.contents),
            written=restore(one, self._root, self._blobs, self._arriving, meter),
            more=one.compared.more,
        )

    def _standing(self, one: Wanted) -> Standing:
        compared = one.compared
        differing = [item.path for item in (*compared.changed, *compared.absent)]
        differing += [*compared.more, *compared.blocked]
        return Standing(
            path=one.shown,
            at=one.pinned,
            pointer=one.pointer,
            here=compared.here,
            store=self._in_store(one.pointer),
            changed=tuple(name or one.shown for name in differing),
            more=compared.more,
        )

    def _in_store(self, pointer: Pointer) -> str:
        sizes = {item.sha256: self._blobs.size(item.sha256) for item in pointer.contents}
        if None in sizes.values():
            return "missing"
        whole = all(sizes[item.sha256] == item.size for item in pointer.contents)
        return "stored" if whole else "damaged"

    def _keep(self, name: str, path: Path, meter: Meter) -> tuple[Content, bool]:
        """Store one file; also tell whether its content is new to the store."""
        shown = self._shown(path)
        size = _size(path)
        meter.about(f"reading {shown}")
        digest = written = self._stamps.digest(path, meter.told)
        known = self._blobs.size(digest) == size  # else it is not there, or was cut short
        if known:
            meter.told(size)
        else:
            meter.about(f"storing {shown}")
            written = self._blobs.write(path, meter.told)
        if written != digest or _size(path) != size:
            raise ConflictError(
                f"'{shown}' changed while it was pinned",
                why="its content was another when it was read again to be stored",
                now=f"wait until nobody writes to it, then keepwell data pin {typed(path)}",
            )
        return Content(path=name, sha256=digest, size=size), not known

    def _is_kept(self, path: Path) -> bool:
        """Tell whether a file's content can be had from the store: that is read, not believed."""
        try:
            self._blobs.open(self._stamps.digest(path)).close()
        except (NotFoundError, IntegrityError):
            return False
        return True

    # Which paths

    def _chosen(self, paths: Sequence[Path]) -> dict[Path, _Parts]:
        """Return the pinned paths that these name, each once, with the parts of it that are wanted."""
        parts: dict[Path, set[str]] = {}
        for path in paths:
            found = place(path, self._root, whole=True)
            if is_pointer(found):
                found = pinned_by(found)
            holder = holder_of(found, self._root)
            if holder is not None:
                part = "" if found == holder else found.relative_to(holder).as_posix()
                parts.setdefault(holder, set()).add(part)
                continue
            below = list(find_pointers(found)) if found.is_dir() else []
            if not below:
                raise self._unpinned(found)
            for pointer in below:
                parts.setdefault(pinned_by(pointer), set()).add("")
        return {
            pinned: () if "" in named else tuple(sorted(named)) for pinned, named in parts.items()
        }

    def _unpinned(self, found: Path) -> NotFoundError:
        shown = self._shown(found)
        known = [self._shown(pinned) for pinned in self._all()]
        return NotFoundError(
            f"'{shown}' is not pinned",
            why=f"there is no pointer {shown}{SUFFIX}"
            + (f"; pinned are {some(known)}" if known else ", and no other"),
            now=f"to pin it: keepwell data pin {typed(found)}"
            if found.exists()
            else did_you_mean(shown, known) or "check the path",
        )

    def _all(self) -> dict[Path, _Parts]:
        return {pinned_by(pointer): () for pointer in find_pointers(self._root)}

    def _wanted(
        self, chosen: dict[Path, _Parts], errors: _Errors, progress: Progress | None
    ) -> list[Wanted]:
        pointers: dict[Path, Pointer] = {}
        for pinned in chosen:
            pointer = errors.attempt(
                self._shown(pinned),
                partial(read, pointer_of(pinned)),
            )
            if pointer is not None:
                pointers[pinned] = pointer
        meter = Meter(progress or SilentProgress(), sum(item.size for item in pointers.values()))
        found = [
            errors.attempt(
                self._shown(pinned),
                partial(self._compared, pinned, pointer, chosen[pinned], meter),
            )
            for pinned, pointer in pointers.items()
        ]
        return [one for one in found if one is not None]

    def _compared(self, pinned: Path, pointer: Pointer, parts: _Parts, meter: Meter) -> Wanted:
        must_be_safe(pinned, self._root)
        shown = self._shown(pinned)
        for part in parts:
            if not any(is_within(item.path, [part]) for item in pointer.contents):
                raise NotFoundError(
                    f"'{shown}/{part}' is not pinned",
                    why=f"'{shown}' is, and {shown}{SUFFIX} names no such file",
                    now=f"fetch all of it: keepwell data fetch {typed(pinned)}",
                )
        meter.about(f"comparing {shown}")
        compared = compare(pointer, pinned, self._root, self._stamps, meter.told, parts)
        return Wanted(shown=shown, pinned=pinned, pointer=pointer, parts=parts, compared=compared)

    def _shown(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()


def _size(path: Path) -> int:
    with storing(f"{path} cannot be read"):
        return path.stat().st_size
