"""Putting one version behind an endpoint at once, seen to answer."""

from dataclasses import replace
from typing import Any

from keepwell.core.errors import ConflictError, UnavailableError
from keepwell.core.records import Endpoint, Intervention, Route
from keepwell.deployment.probing import disagreement
from keepwell.operations.build import shortcut
from keepwell.operations.insight.papers import demand_papers
from keepwell.operations.playbooks.changing import change, change_of, restore
from keepwell.operations.playbooks.means import Means
from keepwell.operations.playbooks.trail import because

VERB = "deployed"


def must_be_free(record: Endpoint) -> None:
    """Refuse to change who answers while a version is on trial.

    Raises:
        ConflictError: If a rollout is running.
    """
    if record.rollout:
        raise ConflictError(
            f"a rollout of '{record.name}' is running",
            why=f"rollout {record.rollout} decides who serves next, and goes back by itself if it must",
            now="wait for it (keepwell rollout status), or end it: keepwell rollout promote, or abort",
        )


def put(
    means: Means, intervention: Intervention, version: int, **also: Any
) -> dict[str, int | None]:
    """Give a version all traffic, alias and endpoint together, and see that it answers.

    Args:
        means: The parts of the workspace.
        intervention: Why.
        version: The version.
        also: Other parts of the endpoint's record, changed with it.

    Returns:
        Which version `served` now, and which did `before`.

    Raises:
        ConflictError: If a rollout is running.
        GateError: If it did not pass its gate, or a regulated project lacks its papers.
        UnavailableError: If the endpoint was not seen to answer by it; the version before is back then.
    """
    bench = means.bench
    done = change_of(means, intervention)
    if done is not None:
        return {"before": done.before.champion, "served": done.after.champion}
    record, champion = means.served(intervention.endpoint)
    must_be_free(record)
    demand_papers(bench, bench.registry.get(record.model, version))
    bench.registry.point(record.model, "champion", version, why=because(intervention))
    routes = (Route(version=version, weight=100.0),)

    def wish(now: Endpoint) -> Endpoint:
        return replace(now, routes=routes, previous=champion.version, logs=(), **also)

    step = change(means, intervention, wish, VERB)
    shortcut.forget(bench.spec.root)
    wrong = disagreement(step.after, means.probe) if means.probe is not None else ""
    if wrong:
        restore(means, intervention, VERB)
        raise UnavailableError(
            f"version {version} was not seen to answer at '{record.name}'",
            why=wrong,
            now=f"version {champion.version} answers again; see the workers' logs in .keepwell/logs",
        )
    return {"before": champion.version, "served": version}
