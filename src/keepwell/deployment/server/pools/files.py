"""What the control process, the supervisor process and the workers tell each other, in `run/`.

`scale.json`, by the control process: how many workers there are to be. `pools.json`, by the supervisor
process: which workers are in which pool. Standard library only: the supervisor process imports it.
"""

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

MOST_INDEXES = 256
"""Workers that a workspace may have at once, those that are about to end included."""

COUNT_BYTES = 4
"""Of a worker's number of clients in `run/connections`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How many workers there are to be: for all endpoints, and for one alone by its name."""

    workers: int = 1
    pools: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All of them."""
        return self.workers + sum(self.pools.values())


def wish_path(home: Path) -> Path:
    """Return where the wish of a workspace is."""
    return home / "run" / "scale.json"


def roster_path(home: Path) -> Path:
    """Return where it says which workers are in which pool."""
    return home / "run" / "pools.json"


def connections_path(home: Path) -> Path:
    """Return where the general workers tell each other how many clients they have."""
    return home / "run" / "connections"


def socket_path(control: Path, index: int) -> Path:
    """Return where a pool's worker listens: beside the control process, no longer a path than its."""
    return control.with_suffix(f".{index}")


def write_wish(home: Path, wish: Wish) -> None:
    """Say how many workers there are to be."""
    _replace(wish_path(home), {"workers": wish.workers, "pools": dict(wish.pools)})


def read_wish(home: Path) -> Wish | None:
    """Return how many workers there are to be; None if nobody has said."""
    try:
        said = json.loads(wish_path(home).read_bytes())
        return Wish(workers=int(said["workers"]), pools=dict(said["pools"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_roster(home: Path, roster: Mapping[str, Sequence[int]]) -> None:
    """Say which workers are in which pool."""
    _replace(roster_path(home), {name: list(indexes) for name, indexes in roster.items()})


def read_roster(home: Path) -> dict[str, list[int]]:
    """Return the indexes of each pool's workers."""
    try:
        said: dict[str, list[int]] = json.loads(roster_path(home).read_bytes())
    except (OSError, ValueError):
        return {}
    return said


def mark_of(path: Path) -> tuple[int, int] | None:
    """Return what changes with a file; None if it is not there."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_ino


def forget_worker(home: Path, control: Path, index: int) -> None:
    """Take away what a worker that has ended left behind."""
    socket_path(control, index).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        descriptor = os.open(connections_path(home), os.O_WRONLY)
        try:
            os.pwrite(descriptor, bytes(COUNT_BYTES), index * COUNT_BYTES)
        finally:
            os.close(descriptor)


def _replace(path: Path, document: Mapping[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps(document))
    fresh.replace(path)
