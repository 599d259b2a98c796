"""Takes the lead where nobody has it, keeps it while this process is well, and gives it back.

    leadership = Leadership(store.leases, Place.here(home))
    leadership.look()                        # again and again, in a thread of its own
    every_five_seconds(leadership.only(keeper.look))

No time of day decides anything. A follower counts, by its monotonic clock, for how long the lease stood
still; that clock stands while the machine sleeps, so a sleeper does not take a sleeper for dead. The
leader counts since it began its last renewal, by a clock that goes on in its sleep, and trusts itself for
two thirds of the time that a follower waits. Each errs on the side of not acting. Should they err all the
same (a process paused between looking and acting), the record refuses: see `core.events.Fence`.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from keepwell.core.errors import KeepwellError, LostLeaseError
from keepwell.core.events import Fence, fenced_by
from keepwell.core.ports import Lease, LeaseStore
from keepwell.operations.leadership.place import Place

CONTROL = "control"
"""The lease of a workspace's control process."""

TTL = 15.0
"""Seconds for which a lease must stand still to count as a dead process's."""

LOOK_EVERY = 3.0
_TRUSTED = 2 / 3

_log = logging.getLogger(__name__)


def awake() -> float:
    """Return seconds by a clock that cannot be set and goes on while the machine sleeps."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    lease: Lease
    until: float  # by `awake`


class Leadership:
    """This process's part in who leads.

    Args:
        leases: Where the lease is.
        place: This process.
        name: The lease's name.
        ttl: Seconds after which a leader that does not renew is taken for dead.
        steady: The clock that a follower counts by; stands while the machine sleeps.
        running: The clock that the leader counts by; goes on while the machine sleeps.
        announce: Told of the lease when this process has taken it; what it writes depends on that.

    Attributes:
        on_taken: Called before this process begins to lead: what it knew from an earlier time is out of date.
    """

    def __init__(
        self,
        leases: LeaseStore,
        place: Place,
        *,
        name: str = CONTROL,
        ttl: float = TTL,
        steady: Callable[[], float] = time.monotonic,
        running: Callable[[], float] = awake,
        announce: Callable[[Lease], object] = lambda lease: None,
    ) -> None:
        self._leases = leases
        self._place = place
        self._name = name
        self._ttl = ttl
        self._steady = steady
        self._running = running
        self._announce = announce
        self._held: _Held | None = None
        self._led = False
        self._seen: tuple[Lease, float] | None = None
        self._turn = threading.Lock()
        self.on_taken: list[Callable[[], object]] = []

    @property
    def leading(self) -> bool:
        """Whether this process leads, as far as it can know without asking."""
        held = self._held
        return held is not None and self._running() < held.until

    def look(self) -> bool:
        """Renew the lease, or see whether it is free; return whether this process leads.

        An error of the record is raised; the lead is then kept for as long as it can be trusted.
        """
        with self._turn:
            if self._held is not None:
                self._renew(self._held.lease)
            if self._held is None:
                self._watch()
        return self.leading

    def fence(self) -> Fence:
        """Return what makes a write depend on the lead.

        Raises:
            LostLeaseError: If this process does not lead.
        """
        held = self._held
        if held is None or self._running() >= held.until:
            raise self._not_leading("it was not renewed in time")
        return Fence(held.lease.name, held.lease.token)

    def check(self) -> None:
        """Look into the record whether this process leads: before what cannot be refused afterwards.

        Raises:
            LostLeaseError: If it does not.
        """
        fence = self.fence()
        found = self._leases.read(self._name)
        if found is None or found.token != fence.token or not found.owner:
            self._lose()
            raise self._not_leading(f"{found.told or 'somebody'} has taken over" if found else "")

    def only(self, work: Callable[[], object]) -> Callable[[], object]:
        """Return work that is done while this process leads, and whose writes are refused if it does not."""

        def led() -> object:
            if not self.leading:
                return None
            try:
                with fenced_by(self.fence()):
                    return work()
            except LostLeaseError as error:
                _log.warning("left to the process that leads now: %s", error.why or error.what)
                return None

        return led

    def close(self) -> None:
        """Give the lead back: who follows need not wait."""
        with self._turn:
            held, self._held = self._held, None
            if held is not None:
                try:
                    self._leases.release(held.lease)
                except KeepwellError as error:
                    _log.warning("the lead could not be given back: %s", error)

    def _renew(self, lease: Lease) -> None:
        began = self._running()
        try:
            renewed = self._leases.renew(lease)
        except LostLeaseError as error:
            self._lose()
            _log.warning("this process leads no longer: %s", error.why)
            return
        self._held = _Held(lease=renewed, until=began + self._ttl * _TRUSTED)

    def _watch(self) -> None:
        found = self._leases.read(self._name)
        if not self._free(found):
            return
        began = self._running()
        lease = self._leases.take(self._name, self._place.key, seen=found, told=self._place.told)
        self._seen = None
        if lease is None:
            return
        for forget in self.on_taken:
            forget()
        self._held = _Held(lease=lease, until=began + self._ttl * _TRUSTED)
        self._led = True
        _log.info("this process leads now: %s", self._place.told)
        with fenced_by(Fence(lease.name, lease.token)):
            self._announce(lease)

    def _free(self, found: Lease | None) -> bool:
        if found is None or not found.owner:
            return True
        if found.owner == self._place.key and not self._led:  # of a dead process: we have its lock
            return True
        now = self._steady()
        if self._seen is None or _changed(self._seen[0], found):
            self._seen = (found, now)
        return now - self._seen[1] >= self._ttl

    def _lose(self) -> None:
        self._held = self._seen = None

    def _not_leading(self, why: str) -> LostLeaseError:
        return LostLeaseError(
            "this process does not lead the workspace",
            why=why,
            now="keepwell status says which one does",
            details={"lease": self._name},
        )


def _changed(before: Lease, after: Lease) -> bool:
    return (before.token, before.beats) != (after.token, after.beats)
