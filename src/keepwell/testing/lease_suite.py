"""The laws of `LeaseStore`, and of writing on a lease; `make(clock)` opens the record at one fresh place."""

# ruff: noqa: D103 (a law's name is its sentence)

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from keepwell.core.clock import Clock, ManualClock
from keepwell.core.errors import LostLeaseError
from keepwell.core.events import Change, Event, Fence, State, fenced_by
from keepwell.core.ports import Lease, LeaseStore
from keepwell.core.references import Ref
from keepwell.testing.laws import refused

NAME = "control"


class LeasedRecord(Protocol):
    """A record with leases beside it."""

    @property
    def leases(self) -> LeaseStore:
        """The leases."""
        ...

    def commit(self, changes: Sequence[Change]) -> list[Event]:
        """Write changes."""
        ...

    def read(self, ref: Ref, *, at: float | None = None) -> State | None:
        """Return a state."""
        ...

    def close(self) -> None:
        """Let go."""
        ...


Make = Callable[[Clock], LeasedRecord]


def _taken(store: LeasedRecord, owner: str) -> Lease:
    lease = store.leases.take(NAME, owner, seen=store.leases.read(NAME), told=f"the {owner}")
    assert lease is not None
    return lease


def _write(store: LeasedRecord, lease: Lease, name: str) -> None:
    with fenced_by(Fence(lease.name, lease.token)):
        store.commit([Change(ref=Ref("thing", name), verb="made", data={})])


def a_lease_that_nobody_took_is_not_there(make: Make) -> None:
    store = make(ManualClock())
    assert store.leases.read(NAME) is None
    store.close()


def what_is_taken_is_read_by_everybody(make: Make) -> None:
    store, other = make(ManualClock(7.0)), make(ManualClock(9.0))
    lease = _taken(store, "a")
    assert (lease.token, lease.owner, lease.told, lease.since) == (1, "a", "the a", 7.0)
    assert other.leases.read(NAME) == lease
    store.close()
    other.close()


def only_who_saw_it_as_it_stands_takes_it(make: Make) -> None:
    store = make(ManualClock())
    first = _taken(store, "a")
    assert store.leases.take(NAME, "b", seen=None) is None
    renewed = store.leases.renew(first)
    assert store.leases.take(NAME, "b", seen=first) is None
    second = store.leases.take(NAME, "b", seen=renewed)
    assert second is not None
    assert second.token == first.token + 1
    store.close()


def one_of_many_that_saw_the_same_takes_it(make: Make) -> None:
    stores = [make(ManualClock()) for _ in range(4)]
    seen = _taken(stores[0], "dead")
    with ThreadPoolExecutor(8) as pool:
        tries = pool.map(
            lambda number: stores[number % 4].leases.take(NAME, f"{number}", seen=seen), range(16)
        )
        won = [lease for lease in tries if lease is not None]
    assert len(won) == 1
    assert stores[0].leases.read(NAME) == won[0]
    for store in stores:
        store.close()


def a_renewal_is_seen_and_keeps_the_token(make: Make) -> None:
    clock = ManualClock(5.0)
    store = make(clock)
    lease = _taken(store, "a")
    clock.advance(3.0)
    renewed = store.leases.renew(lease)
    assert (renewed.token, renewed.beats, renewed.renewed) == (lease.token, 1, 8.0)
    assert store.leases.renew(lease).beats == 2  # noqa: PLR2004 (its own earlier copy will do)
    store.close()


def who_lost_a_lease_is_told_so(make: Make) -> None:
    store = make(ManualClock())
    lost = _taken(store, "a")
    _taken(store, "b")
    with refused(LostLeaseError):
        store.leases.renew(lost)
    store.leases.release(lost)
    present = store.leases.read(NAME)
    assert present is not None
    assert present.owner == "b"
    store.close()


def a_lease_given_back_is_free_and_its_token_is_spent(make: Make) -> None:
    store = make(ManualClock())
    first = _taken(store, "a")
    store.leases.release(first)
    present = store.leases.read(NAME)
    assert present is not None
    assert (present.owner, present.token) == ("", first.token)
    with refused(LostLeaseError):
        store.leases.renew(first)
    assert _taken(store, "a").token == first.token + 1
    store.close()


def what_is_written_on_a_lease_is_refused_once_it_is_lost(make: Make) -> None:
    store = make(ManualClock())
    first = _taken(store, "a")
    _write(store, first, "one")
    second = _taken(store, "b")
    with refused(LostLeaseError):
        _write(store, first, "two")
    assert store.read(Ref("thing", "two")) is None
    _write(store, second, "three")
    store.leases.release(second)
    with refused(LostLeaseError):
        _write(store, second, "four")
    store.commit([Change(ref=Ref("thing", "five"), verb="made", data={})])  # on nobody's authority
    assert store.read(Ref("thing", "five")) is not None
    store.close()


def a_refusal_leaves_what_is_written_beside_it_alone(make: Make) -> None:
    store = make(ManualClock())
    lost = _taken(store, "a")
    held = _taken(store, "b")

    def write(number: int) -> bool:
        try:
            _write(store, lost if number % 2 else held, f"{number}")
        except LostLeaseError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(write, range(16)))
    assert said == [number % 2 == 0 for number in range(16)]
    store.close()
