"""What an intervention left in the record: by that it is known what was done, and what was before.

Every change that a playbook makes bears the intervention in its reason. So a second call finds the first,
and taking it back finds the state of before, even if the process died before it could tell.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

from keepwell.core.ports import MetadataStore
from keepwell.core.records import Intervention
from keepwell.core.references import Ref
from keepwell.infrastructure.codec import from_plain

T = TypeVar("T")

_FAR = 2000  # changes back


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Generic[T]):
    """A change that an intervention made: the state that it found, and the one that it left."""

    before: T
    after: T


def because(intervention: Intervention) -> str:
    """Return the reason that a change of an intervention bears."""
    return f"{intervention.reason} ({_mark(intervention)})".strip()


def because_undone(intervention: Intervention) -> str:
    """Return the reason that taking it back bears."""
    return f"{intervention.reason} (undoes {_mark(intervention)})".strip()


def step_of(
    metadata: MetadataStore,
    ref: Ref,
    kind: type[T],
    intervention: Intervention,
    start: T | None = None,
) -> Step[T] | None:
    """Return what an intervention changed at a subject; None if it did nothing, or was taken back.

    Args:
        metadata: The record.
        ref: The subject.
        kind: The class of its record.
        intervention: The intervention.
        start: What the subject is before its first change; None if it is not there.
    """
    events = metadata.events(ref=ref, newest_first=True, limit=_FAR)
    after = None
    for event in events:
        if event.data is None:
            continue
        if event.why.endswith(f"({_mark(intervention)})"):
            after = from_plain(kind, event.data) if after is None else after
        elif after is not None:
            return Step(before=from_plain(kind, event.data), after=after)
        elif event.why.endswith(f"(undoes {_mark(intervention)})"):
            return None
    return None if after is None or start is None else Step(before=start, after=after)


def named(intervention: Intervention) -> str:
    """Return what an intervention is called in the whole workspace: ids are an endpoint's own."""
    return f"{intervention.endpoint}/{intervention.id}"


def _mark(intervention: Intervention) -> str:
    return f"{intervention.playbook} {named(intervention)}"
