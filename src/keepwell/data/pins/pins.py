"""Pinning, fetching and looking, over one project and its blob store."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from keepwell.core.errors import ConflictError, IntegrityError, InvalidDataError, NotFoundError
from keepwell.core.ports import BlobStore
from keepwell.core.progress import Progress, SilentProgress
from keepwell.core.suggestions import did_you_mean
from keepwell.data.pins import git
from keepwell.data.pins.comparing import compare
from keepwell.data.pins.fetching import Wanted, must_be_free, must_be_stored, restore
from keepwell.data.pins.meter import Meter
from keepwell.data.pins.naming import SUFFIX, find_pointers, holder_of, pinned_by, pointer_of
from keepwell.data.pins.places import files_in, must_be_pinnable, must_be_safe, place
from keepwell.data.pins.pointer import Content, Pointer, folder_of, read, render
from keepwell.data.pins.stamps import Stamps
from keepwell.infrastructure.files import write_atomic


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """What pinning did.

    Attributes:
        path: As seen from the project's folder.
        pointer: What was written beside it.
        stored: Bytes that were new to the store.
        known: Bytes that it had already.
        ignored: Whether a line was added to `.gitignore`.
        hidden: Whether Git leaves the pointer out, by a line of somebody else's.
    """

    path: str
    pointer: Pointer
    stored: int
    known: int
    ignored: bool
    hidden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What fetching did: `written` bytes in `files` files; `more` are files that no pointer names."""

    path: str
    pointer: Pointer
    files: int
    written: int
    more: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a pinned path is.

    Attributes:
        path: As seen from the project's folder.
        pointer: What Git keeps of it.
        here: `in place`, `changed` or `missing`.
        store: What the blob store has of it: `stored`, `missing` (in part), or `damaged`: of another size.
        changed: Files that differ, are not there, or are not in the pointer.
    """

    path: str
    pointer: Pointer
    here: str
    store: str
    changed: tuple[str, ...]


class Pins:
    """The pinned files of a project.

    Law: a file is restored whole or not at all, and only with the content that its pointer names;
    nothing is written outside the project, nor through a link.

    Args:
        root: The project's folder, resolved.
        blobs: Holds the content.
        url: Where that is, for the reader.
        stamps: A file that remembers digests.
    """

    def __init__(self, root: Path, blobs: BlobStore, url: str, stamps: Path) -> None:
        self._root, self._blobs, self._url = root, blobs, url
        self._stamps = Stamps(stamps)

    def pin(self, path: Path, progress: Progress | None = None) -> Pinned:
        """Store a file's or a folder's content, and write its pointer beside it.

        Raises:
            NotFoundError: If there is no such path.
            UsageError: If it is not inside the project.
            InvalidDataError: If it is a link or holds one, or holds no file.
            ConflictError: If Git keeps it, another pin holds it, or it changes meanwhile.
        """
        found = place(path, self._root)
        shown = found.relative_to(self._root).as_posix()
        must_be_pinnable(found, self._root, holder_of(found, self._root))
        git.must_be_untracked(found)
        files = list(files_in(found, self._root)) if found.is_dir() else [("", found)]
        if not files:
            raise InvalidDataError(
                f"the folder '{shown}' holds no file",
                why="a pin stands for content, and there is none",
                now="put files into it first",
            )
        meter = Meter(progress or SilentProgress(), 2 * sum(at.stat().st_size for _, at in files))
        kept = [self._keep(name, at, meter) for name, at in files]
        self._stamps.keep()
        contents = [content for content, _ in kept]
        pointer = (
            folder_of(contents)
            if found.is_dir()
            else Pointer(kind="file", contents=tuple(contents))
        )
        write_atomic(pointer_of(found), render(pointer))
        stored = sum(content.size for content, new in kept if new)
        return Pinned(
            path=shown,
            pointer=pointer,
            stored=stored,
            known=pointer.size - stored,
            ignored=git.ignore(found),
            hidden=git.ignores(pointer_of(found)),
        )

    def fetch(
        self, paths: Sequence[Path], *, force: bool = False, progress: Progress | None = None
    ) -> list[Fetched]:
        """Restore what pointers name, all of them unless paths are given.

        Nothing is written before all of it is known to be there, and to write over nothing that would be
        lost: content that was pinned before is in the store.

        Raises:
            NotFoundError: If a path is not pinned, or its content is not in the store.
            ConflictError: If a file here was changed since it was pinned, unless `force`.
            InvalidDataError: If a pointer is damaged, or names what it may not.
            IntegrityError: If what is stored is not what was pinned.
        """
        chosen = [self._chosen(path) for path in paths] or self._all()
        meter = Meter(progress or SilentProgress(), sum(item.size for _, item in chosen))
        wanted = [self._compared(pinned, pointer, meter) for pinned, pointer in chosen]
        must_be_free(wanted, self._is_kept, force=force)
        self._stamps.keep()
        must_be_stored(wanted, self._blobs, self._url)
        total = sum(item.size for one in wanted for item in one.contents)
        meter = Meter(progress or SilentProgress(), 2 * total)
        return [
            Fetched(
                path=one.shown,
                pointer=one.pointer,
                files=len(one.contents),
                written=restore(one, self._blobs, meter),
                more=one.compared.more,
            )
            for one in wanted
        ]

    def look(self, progress: Progress | None = None) -> list[Standing]:
        """Return how each pinned path is, sorted by path."""
        chosen = self._all()
        meter = Meter(progress or SilentProgress(), sum(item.size for _, item in chosen))
        found = []
        for pinned, pointer in chosen:
            one = self._compared(pinned, pointer, meter)
            differing = [item.path for item in (*one.compared.changed, *one.compared.absent)]
            differing += [*one.compared.more, *one.compared.blocked]
            found.append(
                Standing(
                    path=one.shown,
                    pointer=pointer,
                    here=one.compared.here,
                    store=self._in_store(pointer),
                    changed=tuple(name or one.shown for name in differing),
                )
            )
        self._stamps.keep()
        return found

    def _in_store(self, pointer: Pointer) -> str:
        sizes = {item.sha256: self._blobs.size(item.sha256) for item in pointer.contents}
        if None in sizes.values():
            return "missing"
        whole = all(sizes[item.sha256] == item.size for item in pointer.contents)
        return "stored" if whole else "damaged"

    def _keep(self, name: str, path: Path, meter: Meter) -> tuple[Content, bool]:
        """Store one file; also tell whether its content is new to the store."""
        shown = path.relative_to(self._root)
        size = path.stat().st_size
        meter.about(f"reading {shown}")
        digest = written = self._stamps.digest(path, meter.told)
        known = self._blobs.size(digest) == size  # else it is not there, or was cut short
        if known:
            meter.told(size)
        else:
            meter.about(f"storing {shown}")
            written = self._blobs.write(path, meter.told)
        if written != digest or path.stat().st_size != size:
            raise ConflictError(
                f"'{shown}' changed while it was pinned",
                why="its content was another when it was read again to be stored",
                now="wait until nobody writes to it, then pin it again",
            )
        return Content(path=name, sha256=digest, size=size), not known

    def _is_kept(self, path: Path) -> bool:
        """Tell whether a file's content can be had from the store: that is read, not believed."""
        try:
            self._blobs.open(self._stamps.digest(path)).close()
        except (NotFoundError, IntegrityError):
            return False
        return True

    def _chosen(self, path: Path) -> tuple[Path, Pointer]:
        found = place(path, self._root)
        if found.name.endswith(SUFFIX) and found.is_file():
            found = pinned_by(found)
        holder = holder_of(found, self._root)
        if holder is None:
            known = [at.relative_to(self._root).as_posix() for at, _ in self._all()]
            shown = found.relative_to(self._root).as_posix()
            raise NotFoundError(
                f"'{shown}' is not pinned",
                why=f"there is no pointer {shown}{SUFFIX}"
                + (f"; pinned are {', '.join(known[:10])}" if known else ", and no other"),
                now=did_you_mean(shown, known) or f"pin it where it is: keepwell data pin {shown}",
            )
        return holder, read(pointer_of(holder))

    def _all(self) -> list[tuple[Path, Pointer]]:
        return [(pinned_by(path), read(path)) for path in find_pointers(self._root)]

    def _compared(self, pinned: Path, pointer: Pointer, meter: Meter) -> Wanted:
        must_be_safe(pinned, self._root)
        shown = pinned.relative_to(self._root).as_posix()
        meter.about(f"comparing {shown}")
        compared = compare(pointer, pinned, self._root, self._stamps, meter.told)
        return Wanted(shown=shown, pinned=pinned, pointer=pointer, compared=compared)
