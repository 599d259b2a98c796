"""A pointer held against what is on the disk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from keepwell.data.pins.naming import ARRIVING
from keepwell.data.pins.places import must_be_safe
from keepwell.data.pins.pointer import Content, Pointer
from keepwell.data.pins.stamps import Stamps, stamp_at
from keepwell.infrastructure.blobs.digests import Told, unheard


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What of a pinned path is as its pointer says.

    Attributes:
        same: Files that are.
        changed: Files with other content.
        absent: Files that are not there.
        blocked: Paths where a folder stands in the place of a file, or a file in that of a folder.
        more: Files of the folder that the pointer does not name.
        seen: By path: what tells that a file which differs was written to since.
    """

    same: tuple[Content, ...] = ()
    changed: tuple[Content, ...] = ()
    absent: tuple[Content, ...] = ()
    blocked: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    seen: Mapping[str, list[int]] = field(default_factory=dict)

    @property
    def here(self) -> str:
        """Return how it is.

        `in place`; `missing`: not a single file is there; `in part`: some are; `holds more`: all are, and
        others; else `changed`.
        """
        if self.changed or self.blocked or (self.absent and self.more):
            return "changed"
        if self.absent:
            return "in part" if self.same else "missing"
        return "holds more" if self.more else "in place"


def compare(
    pointer: Pointer,
    pinned: Path,
    root: Path,
    stamps: Stamps,
    told: Told = unheard,
    parts: Sequence[str] = (),
) -> Comparison:
    """Return how far a pinned path is as its pointer says; links are refused, not followed.

    Args:
        pointer: What Git says.
        pinned: What it pins.
        root: Of the project.
        stamps: Remembers digests.
        told: Hears how far it is.
        parts: Files and folders of a pinned folder that alone are compared; all unless said.

    Raises:
        InvalidDataError: If it lies behind a link, or is one.
    """
    same, changed, absent, blocked = [], [], [], []
    seen: dict[str, list[int]] = {}
    for item in pointer.contents:
        if not is_within(item.path, parts):
            continue
        path = path_of(pinned, item)
        must_be_safe(path, root)
        seen[item.path] = stamp_at(path)
        if (path.exists() and not path.is_file()) or _blocked(path, pinned):
            blocked.append(path.relative_to(root).as_posix())
        elif not path.exists():
            absent.append(item)
        elif path.stat().st_size == item.size and stamps.digest(path, told) == item.sha256:
            same.append(item)
        else:
            changed.append(item)
    return Comparison(
        same=tuple(same),
        changed=tuple(changed),
        absent=tuple(absent),
        blocked=tuple(blocked),
        more=tuple(name for name in _more(pointer, pinned) if is_within(name, parts)),
        seen=seen,
    )


def is_within(name: str, parts: Sequence[str]) -> bool:
    """Tell whether a file of a pinned folder is one of these files, or in one of these folders.

    >>> [is_within("cat/1.png", parts) for parts in ((), ("cat",), ("cat/1.png",), ("ca",))]
    [True, True, True, False]
    """
    return not parts or any(name == part or name.startswith(f"{part}/") for part in parts)


def path_of(pinned: Path, item: Content) -> Path:
    """Return where a pinned file is."""
    return pinned / item.path if item.path else pinned


def _blocked(path: Path, pinned: Path) -> bool:
    """Tell whether a file stands where a folder must be."""
    return any(at.is_file() for at in path.parents if at == pinned or pinned in at.parents)


def _more(pointer: Pointer, pinned: Path) -> tuple[str, ...]:
    if pointer.kind == "file" or not pinned.is_dir():
        return ()
    named = {item.path for item in pointer.contents}
    found = (
        path
        for path in pinned.rglob("*")
        if not path.name.startswith(ARRIVING) and not path.is_dir()
    )
    names = (path.relative_to(pinned).as_posix() for path in found)
    return tuple(sorted(name for name in names if name not in named))
