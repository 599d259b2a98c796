"""From the blob store to the place beside the pointer: whole files or none."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from keepwell.core.errors import ConflictError, IntegrityError, InvalidDataError, NotFoundError
from keepwell.core.ports import BlobStore
from keepwell.data.pins.arriving import Arriving
from keepwell.data.pins.comparing import Comparison, path_of
from keepwell.data.pins.meter import Meter
from keepwell.data.pins.naming import pointer_of
from keepwell.data.pins.places import must_be_safe
from keepwell.data.pins.pointer import Content, Pointer
from keepwell.data.pins.stamps import stamp_at
from keepwell.data.pins.telling import some, typed
from keepwell.infrastructure.files import replacing, storing

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A pinned path, with what is to be written of it."""

    shown: str
    pinned: Path
    pointer: Pointer
    parts: tuple[str, ...]
    compared: Comparison

    @property
    def contents(self) -> tuple[Content, ...]:
        """Return the files to write."""
        return (*self.compared.absent, *self.compared.changed)


def must_be_free(wanted: Sequence[Wanted], kept: Callable[[Path], bool], *, force: bool) -> None:
    """Refuse to write over content that is nowhere else.

    Args:
        wanted: What is to be written.
        kept: Tells whether a file's content is in the store: then writing over it loses nothing.
        force: Whether to write over it all the same.

    Raises:
        ConflictError: If a file was changed, unless `force`, or a folder stands in the place of a file.
    """
    blocked = [name for one in wanted for name in one.compared.blocked]
    if blocked:
        raise ConflictError(
            f"{some(blocked)} cannot be restored",
            why="a folder stands where a file must be, or a file where a folder must be",
            now="move it away, then fetch again",
        )
    changed = [
        (one.pinned, f"{one.shown}/{item.path}" if item.path else one.shown)
        for one in wanted
        for item in one.compared.changed
        if not force and not kept(path_of(one.pinned, item))
    ]
    if changed:
        names = [name for _, name in changed]
        paths = " ".join(dict.fromkeys(typed(pinned) for pinned, _ in changed))
        raise ConflictError(
            f"{some(names)} {'differs' if len(names) == 1 else 'differ'} from what is pinned",
            why="what is here now is not in the blob store; writing over it would lose it, so it was left",
            now=f"keep yours: keepwell data pin {paths}, or move it away; or write over it: "
            f"keepwell data fetch {paths} --force",
            details={"changed": names},
        )


def must_be_stored(wanted: Sequence[Wanted], blobs: BlobStore, url: str, *, own: bool) -> None:
    """Refuse to begin where not all of it can be had.

    Args:
        wanted: What is to be written.
        blobs: Holds the content.
        url: Where that is, for the reader.
        own: Whether no other project has this store, unless somebody says so.

    Raises:
        NotFoundError: It names the store that was asked.
        IntegrityError: If it was cut short in there.
    """
    for one in wanted:
        sizes = {item.sha256: blobs.size(item.sha256) for item in one.contents}
        gone = [item for item in one.contents if sizes[item.sha256] is None]
        if gone:
            what = one.shown if len(gone) == len(one.pointer.contents) else f"{one.shown}, in part,"
            why, now = _other_store(one, wanted, own=own)
            raise NotFoundError(
                f"the content of {what} is not in the blob store",
                why=f"{url} holds nothing under {gone[0].sha256[:12]}…; {why}",
                now=now,
                details={"path": one.shown, "missing": [item.sha256 for item in gone]},
            )
        short = [item for item in one.contents if (sizes[item.sha256] or 0) < item.size]
        if short:
            item = short[0]
            raise IntegrityError(
                f"the content of {one.shown} is not whole in the blob store",
                why=f"{url} holds {sizes[item.sha256]:,} of {item.size:,} bytes under "
                f"{item.sha256[:12]}…: it was cut short",
                now=f"keepwell data pin {typed(one.pinned)}, where it still is: what was cut short is "
                "written anew",
                details={"path": one.shown, "damaged": [item.sha256 for item in short]},
            )


def _other_store(one: Wanted, wanted: Sequence[Wanted], *, own: bool) -> tuple[str, str]:
    """Return why the store lacks a pin, and how to fetch all that was wanted."""
    paths = [each.pinned / part for each in wanted for part in each.parts or ("",)]
    fetch = f"keepwell data fetch {' '.join(map(typed, paths))}"
    pin = f"keepwell data pin {typed(one.pinned)}"
    if own:
        return (
            "this is this project's own store, and what others pin does not come here",
            "set KEEPWELL_BLOBS_URL to a store that both have (s3://…, or OTHER/.keepwell/blobs where it "
            f"was pinned on this disk) on both machines; on the other: {pin}; then here: {fetch}",
        )
    return (
        "it was pinned into another store, or never sent here",
        f"name the store it was pinned into: KEEPWELL_BLOBS_URL=s3://… {fetch}; "
        f"or, where it still is: {pin}",
    )


def restore(one: Wanted, root: Path, blobs: BlobStore, arriving: Arriving, meter: Meter) -> int:
    """Write the files of a pinned path that are not there, and return their bytes.

    Raises:
        IntegrityError: If what is stored is not what was pinned. The file there stays as it is.
        ConflictError: If a file was written there since it was compared.
    """
    for item in one.contents:
        path = path_of(one.pinned, item)
        meter.about(f"fetching {one.shown}/{item.path}" if item.path else f"fetching {one.shown}")
        with storing(f"{path} was not written"), blobs.open(item.sha256, meter.told) as source:
            must_be_safe(path, root)
            path.parent.mkdir(parents=True, exist_ok=True)
            came = arriving.place_for(path)
            with replacing(path, came) as file:
                while piece := source.read(_PIECE):
                    file.write(piece)
                    meter.told(len(piece))
                _must_have(item, file.tell(), one.pinned)
                _must_be_as_compared(path, root, one.compared.seen.get(item.path, []))
                if path.exists():
                    shutil.copymode(path, came)
    return sum(item.size for item in one.contents)


def _must_have(item: Content, size: int, pinned: Path) -> None:
    if size != item.size:
        of_it = f" of '{item.path}'" if item.path else ""
        raise InvalidDataError(
            f"the pointer of {pinned} contradicts itself",
            why=f"it says {item.size:,} bytes{of_it}; the content of its digest has {size:,}",
            now=f"restore the pointer from Git: git checkout -- {typed(pointer_of(pinned))}",
        )


def _must_be_as_compared(path: Path, root: Path, seen: list[int]) -> None:
    must_be_safe(path, root)
    if stamp_at(path) != seen:
        raise ConflictError(
            f"'{path.relative_to(root)}' changed while it was fetched",
            why="somebody wrote to it after it was compared with its pointer; it was left as it is",
            now="wait until nobody writes to it, then fetch again",
        )
