"""The record as it was at a time that moves on.

Events hold whole states, so the past is what their copies up to a time say. They are copied into a record
apart, each at its own time; whatever is built on a record (registry, endpoints, rollouts, datasets) sees that
time and nothing later, and may write there what never happened.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from keepwell.core.clock import ManualClock
from keepwell.core.events import Change, Event, acting_as
from keepwell.core.ports import MetadataStore
from keepwell.core.records import Endpoint
from keepwell.core.references import Ref
from keepwell.infrastructure.codec import from_plain
from keepwell.operations.simulation.people import ByPeople
from keepwell.operations.simulation.stores import THEN

DECIDED = ("endpoint", "rollout", "alias", "model_version")
"""Kinds that a policy changes: from where it takes over, what really became of them does not count."""

KINDS = (*DECIDED, "dataset_version", "notice")
"""Kinds that looks at an endpoint read."""

_DEPLOYED = ("created", "deployed")


class PastRecord:
    """Copies events into a record apart as time moves on.

    Law: after `follow(t)`, that record holds no copy of an event after t.

    Args:
        base: The workspace's record.
        own: The record apart; stamps by `clock`.
        clock: Moved on to each event's time.
        endpoint: Whose past.
        model: The model that it serves.
        live: The dataset that outcomes of the endpoint are kept in.
        people: Repeats what people did to the endpoint since a policy has taken over: from then on the kinds
            of `DECIDED` are the policy's. None to follow what really became of them to the end.
    """

    def __init__(
        self,
        base: MetadataStore,
        own: MetadataStore,
        clock: ManualClock,
        *,
        endpoint: str,
        model: str,
        live: str,
        people: ByPeople | None,
    ) -> None:
        self._base = base
        self._own = own
        self._clock = clock
        self._endpoint = endpoint
        self._model = model
        self._live = live
        self._takeover = None if people is None else people.since
        self._people = people
        self._known: set[Ref] = set()
        self._waiting = deque(self._wanted())

    def begin(self, at: float) -> None:
        """Copy what there was at a time: the last event of each subject, and the last deployment."""
        before = [event for event in self._waiting if event.time <= at]
        last = {event.ref: event.seq for event in before}
        deployed = [e.seq for e in before if e.ref.kind == "endpoint" and e.verb in _DEPLOYED]
        kept = {*last.values(), *deployed[-1:]}
        after = list(self._waiting)[len(before) :]
        self._waiting = deque(event for event in before if event.seq in kept)
        self._copy_runs(before, at)
        self.follow(at)
        self._waiting = deque(after)

    def follow(self, until: float) -> None:
        """Copy what happened up to a time, and move the clock there."""
        while self._waiting and self._waiting[0].time <= until:
            event = self._waiting.popleft()
            self._move(event.time)
            self._copy(event)
        self._move(until)

    def stops(self, until: float) -> list[float]:
        """Return when, up to a time, people changed what the endpoint answers."""
        waiting = (event for event in self._waiting if event.time <= until)
        return [event.time for event in waiting if self._is_by_people(event)]

    def _wanted(self) -> Iterable[Event]:
        events = [event for kind in KINDS for event in self._base.events(kind=kind)]
        for event in sorted(events, key=lambda one: (one.time, one.seq)):
            taken = self._takeover is not None and event.time > self._takeover
            policys = taken and (event.ref.kind in DECIDED or self._is_live(event.ref.name))
            if self._concerns(event) and (not policys or self._is_by_people(event)):
                yield event

    def _is_by_people(self, event: Event) -> bool:
        return self._people is not None and event in self._people

    def _concerns(self, event: Event) -> bool:
        match event.ref.kind:
            case "endpoint":
                return event.ref.name == self._endpoint
            case "model_version" | "alias":
                return event.ref.name.startswith(f"{self._model}/")
            case "rollout":
                return event.data is None or event.data.get("endpoint") == self._endpoint
            case _:
                return True

    def _is_live(self, dataset: str) -> bool:
        return dataset.startswith(f"{self._live}/")

    def _copy(self, event: Event) -> None:
        if self._people is not None and event in self._people:
            self._people.repeat(event)
            return
        if event.data is None and event.ref not in self._known:
            return
        ref, data = event.ref, event.data
        if data is not None and ref.kind == "dataset_version":
            data = {**data, "table": f"{THEN}{data['table']}"}
        if self._takeover is not None and data is not None:
            ref, data = self._renamed(ref, data)
        self._known.add(event.ref)
        with acting_as(event.actor):
            self._own.commit([Change(ref=ref, verb=event.verb, data=data, why=event.why)])

    def _renamed(self, ref: Ref, data: Mapping[str, Any]) -> tuple[Ref, Mapping[str, Any]]:
        """Give past outcomes another name: a policy that trains keeps those that it sees under theirs."""
        old, new = f"{self._live}/", f"{self._live}.then/"
        if ref.kind == "dataset_version" and self._is_live(ref.name):
            named = {**data, "name": f"{self._live}.then"}
            return replace(ref, name=new + ref.name.removeprefix(old)), named
        if ref.kind == "model_version" and str(data.get("dataset", "")).startswith(old):
            return ref, {**data, "dataset": new + str(data["dataset"]).removeprefix(old)}
        return ref, data

    def _copy_runs(self, before: Iterable[Event], at: float) -> None:
        """Copy the runs that the versions came from: what they left is read by judges and searches."""
        runs = {
            str(event.data["run"])
            for event in before
            if event.ref.kind == "model_version" and event.data is not None
        }
        changes = []
        for run in sorted(runs):
            state = self._base.read(Ref("run", run), at=at)
            if state is not None:
                changes.append(Change(ref=state.ref, verb="finished", data=state.data))
        self._own.commit(changes)

    def _move(self, until: float) -> None:
        self._clock.advance(max(0.0, until - self._clock.now()))


def champion_since(base: MetadataStore, endpoint: str) -> float | None:
    """Return since when an endpoint has had a champion; None if it never had one."""
    for event in base.events(ref=Ref("endpoint", endpoint)):
        if event.data is not None and from_plain(Endpoint, event.data).champion is not None:
            return event.time
    return None
