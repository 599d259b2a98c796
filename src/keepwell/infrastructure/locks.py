"""Turns between processes: one holds, the others wait and are told for whom.

    with exclusive(home / "run" / "build.lock", "keepwell run", on_wait=say):
        ...

The lock is the kernel's (`flock`), so it ends with its holder, however that ends; the file's text only
tells who it is. The file stays behind: removing it would let two holders in.
"""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from keepwell.core.errors import BusyError
from keepwell.infrastructure.files import storing

_LOOK_EVERY = 0.05  # seconds


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock; all zero and empty in the instant between taking it and signing."""

    pid: int = 0
    purpose: str = ""
    since: float = 0.0

    def __str__(self) -> str:
        if not self.pid:
            return "another process"
        clock = datetime.fromtimestamp(self.since, UTC).astimezone().strftime("%H:%M:%S")
        return f"`{self.purpose}` (process {self.pid}, since {clock})"


@contextlib.contextmanager
def exclusive(
    path: Path,
    purpose: str,
    on_wait: Callable[[Holder], None] | None = None,
    timeout: float | None = None,
) -> Iterator[None]:
    """Hold the lock at `path` for the length of the block.

    Args:
        path: The lock's file; it and its folders are made if they are not there.
        purpose: What it is held for, told to those who wait.
        on_wait: Called once, with the holder, if the lock is not free.
        timeout: Seconds to wait; 0 to give up at once, None to wait for ever.

    Raises:
        BusyError: If the lock was not free in time; the holder is named.
    """
    with storing(f"the lock {path} cannot be used"):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        _take(descriptor, path, on_wait, timeout)
        _sign(descriptor, Holder(os.getpid(), purpose, time.time()))
        try:
            yield
        finally:
            os.ftruncate(descriptor, 0)
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def holder(path: Path) -> Holder | None:
    """Return who holds the lock at `path` at present, None if it is free."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _signature(descriptor)
    else:
        return None
    finally:
        os.close(descriptor)


def _take(
    descriptor: int, path: Path, on_wait: Callable[[Holder], None] | None, timeout: float | None
) -> None:
    end = None if timeout is None else time.monotonic() + timeout
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if on_wait is not None and not told:
                on_wait(_signature(descriptor))
                told = True
            if end is not None and time.monotonic() >= end:
                raise _busy(path, _signature(descriptor)) from None
            time.sleep(_LOOK_EVERY)
        else:
            return


def _sign(descriptor: int, holder: Holder) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(asdict(holder)).encode(), 0)


def _signature(descriptor: int) -> Holder:
    try:
        return Holder(**json.loads(os.pread(descriptor, 4096, 0)))
    except (ValueError, TypeError):
        return Holder()


def _busy(path: Path, holder: Holder) -> BusyError:
    return BusyError(
        f"{holder} is at work here",
        why=f"it holds {path}",
        now="wait until it is done"
        + (f", or stop it: kill {holder.pid}" if holder.pid else ", then try again"),
        details=asdict(holder),
    )
