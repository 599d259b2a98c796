"""What is sent at one time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from keepwell.core.events import Event
from keepwell.core.records import Prediction
from keepwell.monitoring.traces import Span
from keepwell.operations.outbound.samples import Sample

_LONGEST = 500  # characters of a text that is sent along


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What is sent at one time.

    Attributes:
        project: Whose.
        version: Of Keepwell.
        time: When, Unix seconds.
        started: Since when counters count.
        samples: The numbers of `/metrics`.
        events: What changed: incidents, decisions, deployments, and what else is in the record.
        answered: Requests that bore a trace, a row of each; without inputs.
        stages: Those whose stages were measured, and the stages.
    """

    project: str
    version: str
    time: float
    started: float
    samples: tuple[Sample, ...] = ()
    events: tuple[Event, ...] = ()
    answered: tuple[Prediction, ...] = ()
    stages: tuple[Span, ...] = ()


class Receiver(Protocol):
    """Somebody who is told.

    Law: `send` returns once the bundle has been taken, and raises if it was not; it is then called again with
    what there is at that time. It takes at most a few seconds.
    """

    def send(self, bundle: Bundle) -> None:
        """Send one bundle."""
        ...


def severity_of(event: Event) -> str:
    """Return how much an event matters: `warning` or `info`."""
    return "warning" if event.ref.kind == "incident" and event.verb == "opened" else "info"


def message_of(event: Event) -> str:
    """Return an event in one sentence."""
    kind = event.ref.kind.replace("_", " ")
    title = title_of(event)
    named = f"{kind} {event.ref.name} {event.verb}" + (f": {title}" if title else "")
    return f"{named} ({event.why})" if event.why else named


def title_of(event: Event) -> str:
    """Return the title of what an event is about; empty if it has none."""
    return str((event.data or {}).get("title") or "")


def facts_of(event: Event) -> Mapping[str, Any]:
    """Return what of an event's state is plain: numbers, flags and short texts."""
    found: dict[str, Any] = {}
    if event.ref.kind == "token":  # nothing of a secret leaves, not even its digest
        return found
    for name, value in (event.data or {}).items():
        if isinstance(value, bool | int | float) or (
            isinstance(value, str) and 0 < len(value) < _LONGEST
        ):
            found[name] = value
    return found
