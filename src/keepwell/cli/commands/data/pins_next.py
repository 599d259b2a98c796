"""What to do about pins that are not as their pointers say, here or in the store."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from keepwell.data.pins.telling import typed

if TYPE_CHECKING:
    from keepwell.data.pins.pins import Standing

_NAMED = 5  # paths that one line names


def next_steps(found: "list[Standing]", url: str) -> Iterator[str]:
    """Return a line for each kind of trouble, with commands that can be typed; none where all is well.

    Args:
        found: How each pin is.
        url: Where the store is.
    """
    known = [item for item in found if item.error is None and not item.well]
    there = [item for item in known if item.store == "stored"]
    gone = [item for item in known if item.store != "stored"]
    away = ("missing", "in part")

    fetched = [item for item in there if item.here in away]
    if fetched:
        yield f"keepwell data fetch {_paths(fetched)}".rstrip()
    changed = [item for item in there if item.here == "changed"]
    if changed:
        paths = _paths(changed) or "PATH…"
        yield (
            f"keepwell data pin {paths} keeps what changed; keepwell data fetch {paths} --force goes back"
        )
    for item in [item for item in known if item.here == "holds more"][:_NAMED]:
        yield (
            f"mv {_more(item)} ELSEWHERE takes out what the pointer of {item.path} does not name; "
            f"keepwell data pin {_paths([item])} keeps it there"
        )
    lost = [item for item in gone if item.here in away]
    if lost:
        yield (
            f"name the store that has it whole, for {url} does not: "
            f"KEEPWELL_BLOBS_URL=s3://… keepwell data fetch {_paths(lost)}".rstrip()
        )
    unsent = [item for item in gone if item.here in ("in place", "changed")]
    if unsent:
        yield f"keepwell data pin {_paths(unsent) or 'PATH…'} sends what is here to {url}"


def _paths(items: "list[Standing]") -> str:
    """Return paths as they can be typed; nothing where they are too many to name."""
    named = [typed(item.at) for item in items if item.at is not None]
    return " ".join(named) if len(named) <= _NAMED else ""


def _more(item: "Standing") -> str:
    paths = [typed(item.at / name) for name in item.more[:_NAMED] if item.at is not None]
    return " ".join(paths) + (" …" if len(item.more) > _NAMED else "")
