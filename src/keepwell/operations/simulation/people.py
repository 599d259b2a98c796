"""What people did to an endpoint, repeated where a policy has taken over what the loop did.

A version that was deployed by hand was deployed whatever the policy: only what the real loop,
and the rollouts that it began, changed in the endpoint's record belongs to the real policy.
"""

from dataclasses import fields, replace
from typing import Any

from keepwell.core.events import Change, Event, acting_as
from keepwell.core.ports import MetadataStore
from keepwell.core.records import Endpoint
from keepwell.core.references import Ref
from keepwell.deployment.endpoints import Endpoints
from keepwell.infrastructure.codec import from_plain
from keepwell.tracking.registry import Registry

_MACHINES = ("loop", "rollouts")
_WHO_ANSWERS = ("name", "model", "routes", "previous", "logs", "rollout", "external")


class ByPeople:
    """Repeats what people changed in an endpoint's record, on top of what a policy made of it.

    Args:
        base: The workspace's record.
        own: The simulation's.
        registry: Its versions.
        endpoints: Its endpoints.
        endpoint: Whose past.
        since: From when on the policy has taken over.

    Attributes:
        since: Likewise.
    """

    def __init__(
        self,
        base: MetadataStore,
        own: MetadataStore,
        registry: Registry,
        endpoints: Endpoints,
        *,
        endpoint: str,
        since: float,
    ) -> None:
        self._base = base
        self._own = own
        self._registry = registry
        self._endpoints = endpoints
        self._endpoint = endpoint
        self.since = since
        self._steps = self._found()

    def __contains__(self, event: Event) -> bool:
        """Tell whether people did that."""
        return event.seq in self._steps

    def repeat(self, event: Event) -> None:
        """Do it again, here and now."""
        before, after = self._steps[event.seq]
        if self._endpoints.get(self._endpoint) is None:
            return
        with acting_as(event.actor):
            if after.champion is not None and after.champion != before.champion:
                self._deploy(after, event)
            values = {
                field.name: getattr(after, field.name)
                for field in fields(Endpoint)
                if field.name not in _WHO_ANSWERS
                and getattr(before, field.name) != getattr(after, field.name)
            }
            if values:
                self._endpoints.alter(
                    self._endpoint, lambda now: replace(now, **values), event.verb, event.why
                )

    def _deploy(self, after: Endpoint, event: Event) -> None:
        number = after.champion or 0
        self._copy(Ref("model_version", f"{after.model}/{number}"), event.time)
        self._registry.point(after.model, "champion", number, why=event.why, force=True)
        self._endpoints.deploy(self._endpoint, after.model, number, event.why)

    def _copy(self, ref: Ref, time: float) -> None:
        """Copy a version as it was then, with the run that it came from."""
        state = self._base.read(ref, at=time)
        if state is None or state.data is None:
            return
        changes = [Change(ref=ref, verb="registered", data=state.data)]
        run = self._base.read(Ref("run", str(state.data["run"])), at=time)
        if run is not None:
            changes.append(Change(ref=run.ref, verb="finished", data=run.data))
        self._own.commit(changes)

    def _found(self) -> dict[int, tuple[Endpoint, Endpoint]]:
        found: dict[int, tuple[Endpoint, Endpoint]] = {}
        before: Endpoint | None = None
        put = 0  # the version that people put there last
        for event in self._base.events(ref=Ref("endpoint", self._endpoint)):
            if event.data is None:
                before = None
                continue
            after = from_plain(Endpoint, event.data)
            later = before is not None and event.time > self.since and before.model == after.model
            if before is not None and later and self._theirs(event, before, put):
                found[event.seq] = (before, after)
                put = after.champion or 0
            before = after
        return found

    def _theirs(self, event: Event, before: Endpoint, put: int) -> bool:
        """Tell whether people did that, themselves or by a rollout that they began."""
        if event.actor not in _MACHINES:
            return True
        if not before.rollout:  # a watch that ended badly takes back what was put there
            return event.actor == "rollouts" and put != 0 and before.champion == put
        begun: list[Any] = self._base.events(ref=Ref("rollout", before.rollout), limit=1)
        return bool(begun) and begun[0].actor not in _MACHINES


def highest(base: MetadataStore, model: str) -> int:
    """Return the highest number that a version of a model ever had; 0 if there is none."""
    names = (event.ref.name for event in base.events(kind="model_version"))
    return max(
        (int(name.rpartition("/")[2]) for name in names if name.startswith(f"{model}/")), default=0
    )
