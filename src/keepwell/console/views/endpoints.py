"""One endpoint: who answers, how well, how fast, and how far its inputs are from training."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from keepwell.console.pulse import Pulse
from keepwell.console.views import activity, health
from keepwell.console.views.drift import drifts_of, of_column
from keepwell.console.views.home import card
from keepwell.console.views.predictions import rows
from keepwell.core.records import ColumnType, Endpoint, Estimate, Field, ModelVersion, Route
from keepwell.core.references import Ref
from keepwell.operations.serving.capacity import present

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

LATEST = 8
SHOWN_COLUMNS = 11
SHOWN_EVENTS = 5
SHOWN_ROLLOUTS = 4
SHOWN_INPUTS = 40
"""Inputs of the form; a model with more is better asked by a program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """A version behind an endpoint: what it promised, and what it keeps."""

    route: Route
    version: ModelVersion
    promised: Estimate | None
    live: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerers:
    """How many workers answer for an endpoint, and whether they are its own."""

    answering: int
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One input of the form: `kind` is `choice`, `number`, `date`, `datetime-local`, `text` or `long`."""

    field: Field
    kind: str
    choices: tuple[str, ...]
    value: str
    hint: str


def endpoint(
    workspace: "Workspace", name: str, *, pulse: Pulse, columns: str = ""
) -> dict[str, Any]:
    """Return the context of `endpoint.html`; `columns="all"` shows the drift of every column."""
    found = workspace.endpoints.read(name)
    glance = card(workspace, found, pulse)
    report = glance.report
    drifts = drifts_of(report) if report else []
    shown = drifts if columns == "all" else drifts[:SHOWN_COLUMNS]
    rollouts = workspace.rollouts.find(name, limit=SHOWN_ROLLOUTS)
    inputs = glance.version.signature.asked if glance.version else ()
    return {
        "endpoint": found,
        "card": glance,
        "answering": [_answering(workspace, found, route, glance.metric) for route in found.routes],
        "rollouts": [(item, health.of_rollout(item.status)) for item in rollouts],
        "report": report,
        "drifts": shown,
        "compared": any(item.column.detector for item in drifts),
        "more_drifts": len(drifts) - len(shown),
        "over": sum(item.column.drifted for item in drifts),
        "answers": of_column(report.prediction) if report and report.prediction else None,
        "controls": [_control(item) for item in inputs[:SHOWN_INPUTS]],
        "more_inputs": max(0, len(inputs) - SHOWN_INPUTS),
        "secured": workspace.spec.serve.tokens == "required",
        "history": _history(workspace, found),
        "workers": _answerers(workspace, found.name),
    }


def latest(workspace: "Workspace", name: str) -> dict[str, Any]:
    """Return the context of `_predictions.html`: the newest answers."""
    found = workspace.endpoints.read(name)
    return {"rows": rows(workspace, workspace.predictions.recent(found.name, LATEST))}


def _answerers(workspace: "Workspace", name: str) -> Answerers | None:
    """Return the workers that answer for an endpoint: its own where it has some; None if none is up."""
    capacity = present(workspace.scaling.read(), workspace.home)
    own = capacity.pools.get(name)
    if not capacity.processes:
        return None
    if own is None or not own.wanted:
        return Answerers(answering=capacity.workers.answering, note="for all endpoints")
    others = capacity.workers.answering
    missing = "" if own.answering == own.wanted else f" of {own.wanted}"
    return Answerers(answering=own.answering, note=f"{missing} its own, {others} for all".strip())


def _answering(workspace: "Workspace", found: Endpoint, route: Route, metric: str) -> Answering:
    version = workspace.registry.get(found.model, route.version)
    subject = f"endpoint:{found.name}/v{route.version}"
    live = workspace.measurements.series(subject, [f"metric:{metric}"], limit=1)
    points = live.get(f"metric:{metric}", [])
    return Answering(
        route=route,
        version=version,
        promised=version.metrics.get(metric),
        live=points[-1].value if points else None,
    )


def _control(item: Field) -> Control:
    value = "" if item.example is None else str(item.example)
    choices: tuple[str, ...] = ()
    kind = "text"
    if item.type is ColumnType.BOOLEAN:
        kind, choices, value = "choice", ("true", "false"), value.lower()
    elif item.categories:
        kind, choices = "choice", item.categories
    elif item.type in (ColumnType.NUMBER, ColumnType.INTEGER):
        kind = "number"
    elif item.type in (ColumnType.TEXT, ColumnType.IMAGE):
        kind = "long"
    elif item.type is ColumnType.DATETIME:
        kind, value = _moment(value)
    return Control(field=item, kind=kind, choices=choices, value=value, hint=str(item.type))


def _moment(value: str) -> tuple[str, str]:
    """Return the kind of input that can hold a date or time, and its value as that input writes it."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return "datetime-local", ""
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)  # what says no zone is taken for UTC
    if len(value) == len("2026-01-31"):
        return "date", moment.date().isoformat()
    return "datetime-local", moment.isoformat(timespec="seconds")


def _history(workspace: "Workspace", found: Endpoint) -> list[activity.Line]:
    """Return what happened to the endpoint and its champion, newest first."""
    refs = (Ref("endpoint", found.name), Ref("alias", f"{found.model}/champion"))
    events = [
        event
        for ref in refs
        for event in workspace.metadata.events(ref=ref, newest_first=True, limit=SHOWN_EVENTS)
    ]
    return activity.recent(sorted(events, key=lambda event: -event.seq), SHOWN_EVENTS, every=True)
