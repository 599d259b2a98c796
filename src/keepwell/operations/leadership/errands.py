"""Jobs that a leader sends out, which outlive it: one process at a time works on each, on whatever machine.

A job holds a lease of its own while it works. A leader on another machine sees it beat, and leaves the job
be; if it stands still, the job counts as dead and is started anew, and whatever the old one still tries to
write is refused. On one's own machine the kernel's lock says at once what a lease says after a while.
"""

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

from keepwell.core.errors import KeepwellError, LostLeaseError
from keepwell.core.events import Fence, fenced_by
from keepwell.core.ports import Lease, LeaseStore
from keepwell.operations.leadership.leader import LOOK_EVERY, TTL
from keepwell.operations.leadership.place import Place

_log = logging.getLogger(__name__)


def _end_process() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


@contextlib.contextmanager
def entrusted(
    leases: LeaseStore,
    here: Place,
    name: str,
    *,
    every: float = LOOK_EVERY,
    on_lost: Callable[[], None] = _end_process,
) -> Iterator[None]:
    """Work on `name` alone for the length of the block; what it writes is refused once it is lost.

    Whoever had it counts as dead: who starts a job has seen to that.

    Args:
        leases: Where the lease is.
        here: This process.
        name: The job.
        every: Seconds between two renewals.
        on_lost: Called, in another thread, when somebody else has taken it; ends the process by default.
    """
    lease: Lease | None = None
    while lease is None:
        lease = leases.take(name, here.key, seen=leases.read(name), told=here.told)
    done = threading.Event()
    held = lease

    def beat() -> None:
        while not done.wait(every):
            try:
                leases.renew(held)
            except LostLeaseError as error:
                if not done.is_set():
                    _log.warning("%s is left to another process: %s", name, error.why)
                    on_lost()
                return
            except (
                KeepwellError
            ) as error:  # the record is away; what is written meanwhile fails too
                _log.warning("the lease of %s could not be renewed: %s", name, error)

    thread = threading.Thread(target=beat, name=f"holding {name}", daemon=True)
    thread.start()
    try:
        with fenced_by(Fence(name, lease.token)):
            yield
    finally:
        done.set()
        thread.join()
        with contextlib.suppress(KeepwellError):
            leases.release(held)


class Errands:
    """What other machines work on, seen from here.

    Args:
        leases: Where the leases are.
        here: This process's place.
        ttl: Seconds for which a lease must stand still to count as a dead process's.
        steady: The clock that this is counted by.
    """

    def __init__(
        self,
        leases: LeaseStore,
        here: Place,
        *,
        ttl: float = TTL,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._leases = leases
        self._here = here
        self._ttl = ttl
        self._steady = steady
        self._seen: dict[str, tuple[int, int, float]] = {}

    def elsewhere(self, name: str) -> bool:
        """Tell whether a process on another machine works on a job, as far as is known by now."""
        found = self._leases.read(name)
        if found is None or found.owner in ("", self._here.key):
            self._seen.pop(name, None)
            return False
        now = self._steady()
        seen = self._seen.get(name)
        if seen is None or seen[:2] != (found.token, found.beats):
            seen = self._seen[name] = (found.token, found.beats, now)
        return now - seen[2] < self._ttl

    def recall(self, name: str) -> None:
        """Take a job away from whoever works on it elsewhere: it ends at its next beat."""
        found = self._leases.read(name)
        if found is None or not found.owner:
            return
        taken = self._leases.take(name, self._here.key, seen=found, told=self._here.told)
        if taken is not None:
            self._leases.release(taken)
