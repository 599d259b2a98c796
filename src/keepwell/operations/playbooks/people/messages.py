"""Messages of the loop to people: kept before they are sent, and sent by the alerts' courier."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from keepwell.core.errors import NotFoundError
from keepwell.core.records import Delivery, Effect, Hit, Intervention
from keepwell.infrastructure.metadata import Collection
from keepwell.operations.alerts.channels.opening import find_channel
from keepwell.operations.alerts.store import AlertStore
from keepwell.operations.alerts.telling import channels_of
from keepwell.operations.playbooks.means import Means
from keepwell.operations.playbooks.trail import named

KIND = "ask"
_NUMBER = "{:.4g}"


def channels_for(means: Means, endpoint: str, named: Sequence[str] | None) -> tuple[str, ...]:
    """Return the channels that are named, else those that are told of a warning about an endpoint.

    Raises:
        NotFoundError: If there is no such channel.
    """
    spec = means.bench.spec.alerts
    if named:
        return tuple(find_channel(spec.channels, name).name for name in named)
    hit = Hit(rule="loop", subject=f"endpoint:{endpoint}", message="", endpoint=endpoint)
    return channels_of([hit], spec)


def post(
    means: Means,
    intervention: Intervention,
    channels: Iterable[str],
    title: str,
    lines: Iterable[str],
    kind: str = KIND,
) -> list[str]:
    """Keep a message for each channel, once; return their ids."""
    bench = means.bench
    store, now = AlertStore(bench.metadata, bench.clock), bench.clock.now()
    link = (
        f"{means.link}/incidents/{intervention.incident}" if intervention.incident else means.link
    )
    body = "\n".join(filter(None, (*lines, link if means.link else "")))
    posted = []
    for channel in channels:
        identifier = f"{named(intervention)}/{kind}/{channel}"
        posted.append(identifier)
        try:
            store.delivery(identifier)
        except NotFoundError:
            store.post(
                Delivery(
                    id=identifier,
                    alert="",
                    channel=channel,
                    kind=kind,
                    title=title,
                    body=body,
                    severity="warning",
                    created=now,
                    due=now,
                    endpoint=intervention.endpoint,
                    incident=intervention.incident,
                    link=link if means.link else "",
                )
            )
    return posted


def withdraw(means: Means, intervention: Intervention, kind: str = KIND) -> None:
    """Send what still waits no more; what was taken is told already."""
    bench = means.bench
    store = AlertStore(bench.metadata, bench.clock)
    for message in store.waiting():
        if message.id.startswith(f"{named(intervention)}/{kind}/"):
            store.withdraw(replace(message, status="given_up"), "the reason is gone")


def effect_words(effect: Effect) -> str:
    """Return an expected effect in a line; empty where nothing is said of one."""
    if effect.before is not None and effect.after is not None:
        numbers = f"{_NUMBER.format(effect.before)} → {_NUMBER.format(effect.after)}"
        return f"Expected: {effect.measure} {numbers}. {effect.reason}".strip()
    return f"Expected: {effect.reason}" if effect.reason else ""


def propose(means: Means, intervention: Intervention) -> list[str]:
    """Tell people what is proposed, and how to agree; once."""
    name = intervention.endpoint
    title = f"[proposed] {name}: {intervention.playbook}, {intervention.reason}"
    lines = (
        intervention.reason,
        *(f"- {step}" for step in intervention.steps),
        effect_words(intervention.predicted),
        f"It waits for somebody with the role '{intervention.approval}'."
        if intervention.approval
        else "",
        f"Agree: keepwell loop approve {intervention.id}",
        f"Refuse: keepwell loop refuse {intervention.id}",
    )
    return post(means, intervention, channels_for(means, name, None), title, lines, "propose")


def tell_of_proposals(means: Means, endpoint: str) -> None:
    """Tell people of everything that waits for them at an endpoint, each once."""
    kept = Collection(
        means.bench.metadata,
        "intervention",
        Intervention,
        name=lambda one: f"{one.endpoint}/{one.id}",
    )
    for one in kept.find(f"{endpoint}/"):
        if one.status == "proposed":
            propose(means, one)
