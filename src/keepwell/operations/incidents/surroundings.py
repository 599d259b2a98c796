"""What changed around an incident: read from the one log of events, and from what was measured.

Everything is looked up when it is asked for, so incidents of any age have it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from keepwell.core.events import Event
from keepwell.core.ports import MeasurementStore, MetadataStore
from keepwell.core.records import Decision, Entry, Incident, Intervention
from keepwell.core.references import Ref
from keepwell.operations.loop.incidents import Incidents

BEFORE_SECONDS = 6 * 3600.0
"""How long before the first affected row a change may lie."""
_EVENTS = 300
_KINDS = {
    "endpoint": "deployment",
    "dataset_version": "data",
    "scale": "host",
    "alert": "alert",
}
_DEPLOYED = frozenset({"deployed", "created", "routed"})
_QUIET = frozenset({"probed", "followed", "told", "acted", "removed", "attached"})
_TRAFFIC = 0.5
"""Share by which the traffic must have moved to be told."""
_ACTED = {"retrain", "start_rollout", "advance", "promote", "abort", "reject", "scale"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """An action of an incident, and what was measured before and after it."""

    time: float
    action: str
    reason: str
    outcome: str
    metric: str = ""
    before: float | None = None
    after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What belongs to an incident without being part of its record.

    Attributes:
        changes: What changed, oldest first; `kind` is deployment, data, schema, configuration, host,
            traffic or alert.
        effects: What was done, with what it did.
        endpoints: The endpoints that are affected.
        slices: Columns and groups that are affected.
    """

    changes: tuple[Entry, ...] = ()
    effects: tuple[Effect, ...] = ()
    endpoints: tuple[str, ...] = ()
    slices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Surveyor:
    """Looks around incidents."""

    metadata: MetadataStore
    measurements: MeasurementStore
    incidents: Incidents
    endpoints: Any = field(default=None)

    def around(self, incident: Incident, now: float) -> Surroundings:
        """Return what surrounds an incident."""
        since = (incident.detected or incident.opened) - BEFORE_SECONDS
        until = incident.closed or now
        changes = [*self._events(incident, since, until), *self._traffic(incident)]
        return Surroundings(
            changes=tuple(sorted(changes, key=lambda one: one.time)),
            effects=tuple(self._effects(incident)),
            endpoints=self._affected(incident),
            slices=_slices(incident),
        )

    def _events(self, incident: Incident, since: float, until: float) -> Iterable[Entry]:
        for kind, word in _KINDS.items():
            for event in self.metadata.events(kind=kind, newest_first=True, limit=_EVENTS):
                if event.time < since:
                    break
                if event.time <= until and not _unrelated(event, incident):
                    schema = kind == "dataset_version" and self._reshaped(event)
                    told = "schema" if schema else _word(event, word)
                    yield Entry(time=event.time, kind=told, text=_told(event))

    def _reshaped(self, event: Event) -> bool:
        """Tell whether a version of a dataset came with another contract than the one before it."""
        name, _, number = event.ref.name.rpartition("/")
        if not number.isdigit():
            return False
        before = self.metadata.read(Ref("dataset_version", f"{name}/{int(number) - 1}"))
        contracts = {
            (event.data or {}).get("contract"),
            before.data.get("contract") if before else "",
        }
        return len(contracts) > 1 and all(contracts)

    def _traffic(self, incident: Incident) -> Iterable[Entry]:
        if not incident.endpoint or not incident.detected:
            return
        subject, began = f"endpoint:{incident.endpoint}", incident.detected
        span = max(incident.opened - began, 600.0)
        line = self.measurements.series(subject, ["requests"], since=began - span).get(
            "requests", []
        )
        before = [point.value for point in line if point.time < began]
        during = [point.value for point in line if began <= point.time < began + span]
        if not before or not during:
            return
        was, is_ = fmean(before), fmean(during)
        if abs(is_ - was) > _TRAFFIC * max(was, 1e-9) and max(was, is_) > 0:
            how = "rose" if is_ > was else "fell"
            text = f"traffic {how} from {was:.3g} to {is_:.3g} requests a second"
            yield Entry(time=began, kind="traffic", text=text)

    def _effects(self, incident: Incident) -> Iterable[Effect]:
        decided = self.incidents.decisions(incident=incident.id, limit=None)
        found = [self._effect(incident, one) for one in decided if one.action in _ACTED]
        if incident.endpoint:
            done = self.incidents.interventions(incident.endpoint)
            found += [_intervened(one) for one in done if one.incident == incident.id and one.began]
        yield from sorted(found, key=lambda one: one.time)

    def _effect(self, incident: Incident, decision: Decision) -> Effect:
        found = (decision.evidence.get(name) for name in ("live", "comparison"))
        named = (one.get("metric") for one in found if isinstance(one, dict))
        metric = str(next(filter(None, named), ""))
        before = after = None
        if metric and incident.endpoint:
            span = 1800.0
            line = self.measurements.series(
                f"endpoint:{incident.endpoint}",
                [f"metric:{metric}"],
                since=decision.time - span,
            ).get(f"metric:{metric}", [])
            before = next((p.value for p in reversed(line) if p.time <= decision.time), None)
            end = decision.time + span
            after = next((p.value for p in reversed(line) if decision.time < p.time <= end), None)
        return Effect(
            time=decision.time,
            action=decision.action,
            reason=decision.reason,
            outcome=decision.outcome,
            metric=metric,
            before=before,
            after=after,
        )

    def _affected(self, incident: Incident) -> tuple[str, ...]:
        own = [incident.endpoint] if incident.endpoint else []
        until = incident.closed or float("inf")
        columns = {cause.column for cause in incident.causes if cause.column}
        for other in self.incidents.find():
            overlaps = other.opened <= until and (other.closed or until) >= incident.opened
            shared = columns & {cause.column for cause in other.causes}
            if other.endpoint and overlaps and shared and other.endpoint not in own:
                own.append(other.endpoint)
        if not own and self.endpoints is not None:  # the machine's trouble is everybody's
            own = [one.name for one in self.endpoints.find()]
        return tuple(own)


def _intervened(one: Intervention) -> Effect:
    """Return what a playbook did: measured with the intervention, if need be after the incident."""
    return Effect(
        time=one.began or one.decided,
        action=one.playbook,
        reason=one.reason,
        outcome=f"{one.status}: {one.outcome}" if one.outcome else one.status,
        metric=one.measured.measure.removeprefix("metric:"),
        before=one.measured.before,
        after=one.measured.after,
    )


def _slices(incident: Incident) -> tuple[str, ...]:
    columns = [one.column for one in incident.signals if one.column and one.kind != "alert"]
    return tuple(dict.fromkeys(columns))


def _unrelated(event: Event, incident: Incident) -> bool:
    if event.verb in _QUIET:
        return True
    if event.ref.kind == "endpoint":
        return bool(incident.endpoint) and event.ref.name != incident.endpoint
    if event.ref.kind == "alert":
        data = event.data or {}
        about = incident.endpoint or incident.subject
        return about not in (data.get("endpoint"), data.get("cause"))
    return event.ref.kind == "dataset_version" and ".live/" in event.ref.name


def _word(event: Event, word: str) -> str:
    """Return what kind of change an event is."""
    if event.ref.kind == "endpoint" and event.verb not in _DEPLOYED:
        return "configuration"
    return word


def _told(event: Event) -> str:
    data = event.data or {}
    if event.ref.kind == "alert":
        return f"alert {event.verb}: {data.get('title', '')}"
    if event.ref.kind == "scale":
        return f"workers {event.verb}: {data.get('workers')}" + (
            f", {event.why}" if event.why else ""
        )
    name = event.ref.name
    if event.ref.kind == "dataset_version":
        name = f"dataset {name.replace('/', ' v')}"
    elif event.verb in _DEPLOYED:
        served = [
            route.get("version") for route in data.get("routes", ()) if isinstance(route, dict)
        ]
        name = f"endpoint {name} now serves " + ", ".join(f"v{one}" for one in served)
        return name + (f": {event.why}" if event.why else "")
    return f"{name} {event.verb.replace('_', ' ')}" + (f": {event.why}" if event.why else "")


def timeline_of(incident: Incident, surroundings: Surroundings) -> list[Entry]:
    """Return the incident's own timeline and what changed around it, in the order of time."""
    people = [
        Entry(time=note.time, kind="note", text=f"{note.by}: {note.text}")
        for note in incident.notes
    ]
    if incident.acknowledged is not None:
        text = f"taken on by {incident.acknowledged_by}"
        people.append(Entry(time=incident.acknowledged, kind="note", text=text))
    return sorted((*incident.timeline, *surroundings.changes, *people), key=lambda one: one.time)
