"""Stable names that answer predictions, and which versions stand behind them: now and at any time."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from keepwell.core.clock import Clock
from keepwell.core.errors import ConflictError, NotFoundError, ServedElsewhereError
from keepwell.core.events import Change
from keepwell.core.ports import MetadataStore
from keepwell.core.records import Endpoint, Flags, Rollout, Route
from keepwell.core.references import Ref
from keepwell.core.suggestions import did_you_mean
from keepwell.deployment.routing import check_weights
from keepwell.infrastructure.codec import from_plain
from keepwell.infrastructure.metadata import Collection


class Endpoints:
    """All endpoints. Changes what is wanted; workers follow once it is published.

    Args:
        metadata: The record.
        clock: Tells when a deployment ended a rollout.
    """

    def __init__(self, metadata: MetadataStore, clock: Clock) -> None:
        self._store = metadata
        self._clock = clock
        self._records = Collection(metadata, "endpoint", Endpoint, name=lambda one: one.name)
        self._rollouts = Collection(metadata, "rollout", Rollout, name=lambda one: one.id)

    def get(self, name: str, at: float | None = None) -> Endpoint | None:
        """Return an endpoint, now or as of a time; None if it did not exist then."""
        return self._records.get(name, at=at)

    def read(self, name: str, at: float | None = None) -> Endpoint:
        """Return an endpoint, now or as of a time.

        Raises:
            NotFoundError: If it did not exist then; a close name is suggested.
        """
        found = self.get(name, at)
        if found is None:
            names = sorted(self.at(at))
            raise NotFoundError(
                f"there is no endpoint called '{name}'" + ("" if at is None else " at that time"),
                why=f"endpoints: {', '.join(names) or 'none'}",
                now=did_you_mean(name, names)
                or (
                    "keepwell run deploys the first version"
                    if at is None
                    else f"ask for a later time; what served when: keepwell rollout at TIME -e {name}"
                ),
            )
        return found

    def find(self) -> list[Endpoint]:
        """Return all endpoints, by name."""
        return sorted(self._records.find(), key=lambda one: one.name)

    def at(self, time: float | None = None) -> dict[str, Endpoint]:
        """Return every endpoint as it was at a time, now if None, by name."""
        return {one.name: one for one in self._records.find(at=time)}

    def deploy(
        self,
        name: str,
        model: str,
        version: int,
        why: str = "",
        key: str = "",
        *,
        external: bool = False,
    ) -> Endpoint:
        """Give a version all traffic of an endpoint, making the endpoint if it is new.

        A rollout in progress ends as `aborted`: it was overtaken.

        Args:
            name: The endpoint.
            model: The registered model.
            version: Its version.
            why: Told in the record.
            key: Column whose value makes a canary sticky; as before if empty.
            external: The model answers somewhere else.

        Raises:
            ConflictError: If somebody else changed the endpoint at the same moment, or a model that is
                served elsewhere would take the place of one that is served here, or the other way round.
        """
        seq = self._records.seq(name)
        before = self.get(name)
        _must_stay(before, external)
        base = before or Endpoint(name=name, model=model)
        wish = replace(
            base,
            model=model,
            routes=(Route(version=version, weight=100.0),),
            key=key or base.key,
            rollout="",
            logs=(),
            previous=_previous(before, version),
            external=external,
        )
        if before == wish:
            return wish
        changes = [self._records.change(wish, "deployed", why, seq)]
        overtaken = self._rollouts.get(before.rollout) if before is not None else None
        if overtaken is not None:
            reason = f"overtaken by a deployment of version {version}"
            ended = replace(overtaken, status="aborted", ended=self._clock.now(), reason=reason)
            changes.append(self._rollouts.change(ended, "aborted", reason))
        self._store.commit(changes)
        return wish

    def set_routes(
        self, name: str, routes: Sequence[Route], why: str = "", rollout: str | None = None
    ) -> Endpoint:
        """Divide an endpoint's traffic anew; `rollout` names the one in progress, empty for none.

        Raises:
            NotFoundError: If there is no such endpoint.
            UsageError: If the weights do not add up to 100.
            ConflictError: If somebody else changed the endpoint at the same moment.
        """
        wish, change = self.routed(name, routes, why, rollout)
        self._store.commit([change])
        return wish

    def routed(
        self,
        name: str,
        routes: Sequence[Route],
        why: str = "",
        rollout: str | None = None,
        logs: tuple[int, ...] | None = None,
    ) -> tuple[Endpoint, Change]:
        """Return what `set_routes` would write, to be committed together with other changes.

        `logs` names versions whose columns are logged with every row; as before if None.
        """
        check_weights(name, routes)
        seq = self._records.seq(name)
        before = self.read(name)
        wish = replace(before, routes=tuple(routes))
        wish = replace(
            wish,
            rollout=before.rollout if rollout is None else rollout,
            logs=before.logs if logs is None else logs,
            previous=_previous(before, wish.champion),
        )
        return wish, self._records.change(wish, "routed", why, seq)

    def switch(self, name: str, flags: Flags, verb: str, why: str = "") -> Endpoint:
        """Set an endpoint's flags; nothing is written if they are set so already.

        Raises:
            NotFoundError: If there is no such endpoint.
            ConflictError: If somebody else changed the endpoint at the same moment.
        """
        seq = self._records.seq(name)
        before = self.read(name)
        must_be_served(before)
        wish = replace(before, flags=flags)
        if wish != before:
            self._records.write(wish, verb, why, seq)
        return wish

    def alter(
        self, name: str, change: Callable[[Endpoint], Endpoint], verb: str, why: str = ""
    ) -> Endpoint:
        """Change an endpoint as it is now; nothing is written if that changes nothing.

        Raises:
            NotFoundError: If there is no such endpoint.
            ConflictError: If somebody else changed the endpoint at the same moment.
        """
        seq = self._records.seq(name)
        before = self.read(name)
        must_be_served(before)
        wish = change(before)
        if wish != before:
            self._records.write(wish, verb, why, seq)
        return wish

    def history(
        self, name: str, limit: int | None = None
    ) -> list[tuple[float, str, str, Endpoint]]:
        """Return what an endpoint was, newest first: since when, by what change, why, and how.

        From its removal on it has no routes.
        """
        events = self._store.events(ref=Ref("endpoint", name), newest_first=True, limit=limit)
        return [
            (
                event.time,
                event.verb,
                event.why,
                Endpoint(name=name, model="")
                if event.data is None
                else from_plain(Endpoint, event.data),
            )
            for event in events
        ]


def must_be_served(endpoint: Endpoint) -> None:
    """Refuse what only makes sense where Keepwell answers itself.

    Raises:
        ServedElsewhereError: If the endpoint's model is served elsewhere.
    """
    if endpoint.external:
        raise ServedElsewhereError.of(endpoint.name)


def _must_stay(before: Endpoint | None, external: bool) -> None:
    if before is None or before.external == external or not before.routes:
        return
    here, there = "answered by this server", "answered somewhere else and only watched here"
    raise ConflictError(
        f"the endpoint '{before.name}' is {there if before.external else here}",
        why=f"its model would be {there if external else here} from now on: who asks would not know",
        now="choose another name",
    )


def _previous(before: Endpoint | None, champion: int | None) -> int:
    """Return the champion before a change that makes `champion` the champion."""
    if before is None or before.champion is None:
        return 0
    return before.previous if before.champion == champion else before.champion
