"""Events as sentences, with a link to what they are about."""

from collections.abc import Iterable
from dataclasses import dataclass

from keepwell.console.rendering import segment
from keepwell.core.events import Event
from keepwell.core.references import Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One event for people."""

    seq: int
    time: float
    actor: str
    subject: str
    url: str
    verb: str
    why: str
    kind: str
    hash: str


_NOUNS = {
    "dataset_version": "Dataset",
    "run": "Run",
    "model_version": "Model",
    "alias": "Alias",
    "endpoint": "Endpoint",
    "rollout": "Rollout",
    "incident": "Incident",
    "alert": "Alert",
    "silence": "Silence",
    "care": "Incident",
    "delivery": "Message",
    "decision": "Decision",
    "project": "Project",
    "scale": "Number of",
    "intervention": "Rule",
}
_QUIET_KINDS = {"decision", "project", "step", "retraining", "delivery", "alert", "leader"}
"""Kinds that a short list leaves out: the same is told there by what was done."""

_QUIET_VERBS = {"attached", "completed", "probed", "routed", "pointed", "removed"}
"""Verbs that a short list leaves out: steps on the way to something that is told."""


def line(event: Event, *, titles: bool = False) -> Line:
    """Return an event as a line; with `titles` an incident is called by its title, not its id."""
    title = (event.data or {}).get("title") if titles and event.ref.kind == "incident" else None
    return Line(
        seq=event.seq,
        time=event.time,
        actor=event.actor,
        subject=f"“{title}”" if title else _subject(event.ref),
        url=url_of(event.ref) or _incident_url(event),
        verb=event.verb.replace("_", " "),
        why=event.why,
        kind=event.ref.kind,
        hash=event.hash,
    )


def recent(events: Iterable[Event], limit: int, *, every: bool = False) -> list[Line]:
    """Return the newest lines worth telling, or all if `every`; `events` come newest first.

    Of several changes of one subject in a row, or for one reason, only the last is told.
    """
    lines: list[Line] = []
    before: tuple[Ref | None, str] = (None, "")
    for event in events:
        quiet = event.ref.kind in _QUIET_KINDS or event.verb in _QUIET_VERBS
        if (
            (quiet and not every)
            or event.ref == before[0]
            or (event.why and event.why == before[1])
        ):
            continue
        before = (event.ref, event.why)
        lines.append(line(event, titles=True))
        if len(lines) == limit:
            break
    return lines


def _subject(ref: Ref) -> str:
    noun = _NOUNS.get(ref.kind, ref.kind.replace("_", " ").capitalize())
    head, _, tail = ref.name.rpartition("/")
    if ref.kind in {"dataset_version", "model_version"} and head:
        return f"{noun} {head} v{tail}"
    if ref.kind == "alias" and head:
        return f"{tail.capitalize()} of {head}"
    if ref.kind == "intervention" and head:
        return f"{noun} {tail.rpartition('-')[0] or tail} at {head}"
    if ref.kind in {
        "run",
        "incident",
        "rollout",
        "decision",
        "retraining",
        "alert",
        "silence",
        "care",
    }:
        return f"{noun} {ref.name[-8:]}"
    return f"{noun} {ref.name}"


def _incident_url(event: Event) -> str:
    """Return the page of the incident that a decision or a rollout is about; empty if none is."""
    incident = (event.data or {}).get("incident")
    return f"/incidents/{segment(incident)}" if incident else ""


def url_of(ref: Ref) -> str:
    """Return the page about a subject; empty if it has none."""
    head, _, tail = ref.name.rpartition("/")
    match ref.kind:
        case "dataset_version":
            return f"/datasets/{segment(head)}/{tail}"
        case "model_version":
            return f"/models/{segment(head)}/{tail}"
        case "alias":
            return f"/models/{segment(head)}"
        case "run":
            return f"/runs/{segment(ref.name)}"
        case "intervention" | "alert" | "silence":
            return "/loop" if ref.kind == "intervention" else "/alerts"
        case "endpoint":
            return f"/endpoints/{segment(ref.name)}"
        case "incident" | "care":
            return f"/incidents/{segment(ref.name)}"
        case _:
            return ""
