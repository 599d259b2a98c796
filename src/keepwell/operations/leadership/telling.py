"""Who leads, for people: in `keepwell status`, in `/metrics`, in `/readyz`."""

from dataclasses import dataclass

from keepwell.core.events import Change, acting_as
from keepwell.core.ports import Lease, LeaseStore, MetadataStore
from keepwell.core.references import Ref
from keepwell.operations.leadership.leader import CONTROL
from keepwell.operations.leadership.place import Place

LATE = 60.0
"""Seconds without a renewal after which it is said so. Told only: machines' clocks may differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leader:
    """Who leads.

    Attributes:
        told: Machine, process, address.
        here: Whether that is the process of this folder.
        token: How many leaders there have been.
        since: Since when, Unix seconds.
        quiet: Seconds since it was heard of last.
    """

    told: str
    here: bool
    token: int
    since: float
    quiet: float

    @property
    def late(self) -> bool:
        """Whether it seems to be dead, and nobody has taken over."""
        return self.quiet > LATE

    def __str__(self) -> str:
        heard = f", not heard of for {self.quiet:.0f} s" if self.late else ""
        return ("this one" if self.here else self.told) + heard


def record_leader(metadata: MetadataStore, lease: Lease) -> None:
    """Write down who leads from now on: the audit tells who led when."""
    data = {"told": lease.told, "token": lease.token}
    with acting_as("system"):
        metadata.commit(
            [Change(ref=Ref("leader", lease.name), verb="took over", data=data, why=lease.told)]
        )


def leader_of(leases: LeaseStore, here: Place, now: float) -> Leader | None:
    """Return who leads; None if nobody does."""
    found = leases.read(CONTROL)
    if found is None or not found.owner:
        return None
    return Leader(
        told=found.told,
        here=found.owner == here.key,
        token=found.token,
        since=found.since,
        quiet=max(0.0, now - found.renewed),
    )
