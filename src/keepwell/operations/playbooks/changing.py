"""One change of an endpoint's record by an intervention, and taking exactly that back."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from keepwell.core.errors import ConflictError
from keepwell.core.records import Endpoint, Intervention
from keepwell.core.references import Ref
from keepwell.operations.build import shortcut
from keepwell.operations.playbooks.means import Means
from keepwell.operations.playbooks.trail import Step, because, because_undone, step_of

_ROUTES = ("routes", "previous", "logs")
"""Who answers: one thing, whatever it consists of."""


def change_of(means: Means, intervention: Intervention) -> Step[Endpoint] | None:
    """Return what an intervention has changed at its endpoint; None if nothing, or if it was undone."""
    ref = Ref("endpoint", intervention.endpoint)
    return step_of(means.bench.metadata, ref, Endpoint, intervention)


def change(
    means: Means, intervention: Intervention, wish: Callable[[Endpoint], Endpoint], verb: str
) -> Step[Endpoint]:
    """Change an endpoint once, and return what was before and what is after.

    Raises:
        ConflictError: If there is nothing to change.
    """
    done = change_of(means, intervention)
    if done is not None:
        return done
    before = means.bench.endpoints.read(intervention.endpoint)
    after = means.bench.endpoints.alter(intervention.endpoint, wish, verb, because(intervention))
    if after == before:
        raise ConflictError(
            f"'{intervention.endpoint}' is so already",
            why="somebody else did the same meanwhile",
            now="nothing has to be done",
        )
    return Step(before=before, after=after)


def restore(means: Means, intervention: Intervention, verb: str) -> None:
    """Take back what an intervention changed, as far as nobody else changed it meanwhile."""
    done = change_of(means, intervention)
    if done is None:
        return
    bench, why = means.bench, because_undone(intervention)
    current = bench.endpoints.read(intervention.endpoint)
    wish = _restored(current, done)
    if wish == current:
        return
    champion = wish.champion
    if wish.routes != current.routes and champion is not None:
        bench.registry.point(wish.model, "champion", champion, why=why, force=True)
    bench.endpoints.alter(intervention.endpoint, lambda now: _restored(now, done), verb, why)
    shortcut.forget(bench.spec.root)


def _restored(now: Endpoint, done: Step[Endpoint]) -> Endpoint:
    before, after = done.before, done.after
    values: dict[str, Any] = {}
    if before.routes != after.routes and not now.rollout and _same(now, after, _ROUTES):
        values |= {name: getattr(before, name) for name in _ROUTES}
    for field in fields(Endpoint):
        name = field.name
        if name in (*_ROUTES, "quarantined") or getattr(before, name) == getattr(after, name):
            continue
        if _same(now, after, (name,)):
            values[name] = getattr(before, name)
    if before.quarantined != after.quarantined:
        ours = [one for one in after.quarantined if one not in before.quarantined]
        values["quarantined"] = tuple(one for one in now.quarantined if one not in ours)
    return replace(now, **values)


def _same(now: Endpoint, after: Endpoint, names: tuple[str, ...]) -> bool:
    return all(getattr(now, name) == getattr(after, name) for name in names)
