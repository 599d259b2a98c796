"""What the first page shows: every endpoint at a glance, the seven steps, what happened lately."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keepwell.console.charts import LineChart, line_chart, sparkline
from keepwell.console.pulse import Pulse
from keepwell.console.views import activity, health
from keepwell.console.views.checklist import checklist
from keepwell.console.wording import plural, score
from keepwell.core.ports import Point
from keepwell.core.records import Endpoint, Estimate, Incident, ModelVersion
from keepwell.infrastructure.codec import from_plain
from keepwell.monitoring.report import Report

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

SHOWN_EVENTS = 7
RECENT_INCIDENTS = 100
TRAFFIC_POINTS = 60
QUALITY_POINTS = 2000
_GLANCE = ("requests", "latency_p95_ms", "error_rate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One endpoint at a glance."""

    endpoint: Endpoint
    health: health.Health
    version: ModelVersion | None
    metric: str
    chart: LineChart | None
    live: float | None
    resting: str  # what was expected, and how many rows the live value rests on
    traffic: float | None  # rows a second, now
    spark: str
    p95: float | None
    errors: float | None
    troubles: tuple[Incident, ...]
    report: Report | None


def home(workspace: "Workspace", *, pulse: Pulse) -> dict[str, Any]:
    """Return the context of `home.html`."""
    steps = checklist(workspace)
    return {
        "cards": [card(workspace, endpoint, pulse) for endpoint in workspace.endpoints.find()],
        "steps": steps,
        "steps_done": sum(step.state == "done" for step in steps),
        "lines": activity.recent(
            workspace.metadata.events(newest_first=True, limit=200), SHOWN_EVENTS
        ),
    }


def card(workspace: "Workspace", endpoint: Endpoint, pulse: Pulse) -> Card:
    """Return one endpoint at a glance."""
    version = None
    if endpoint.champion is not None:
        version = workspace.registry.get(endpoint.model, endpoint.champion)
    subject = f"endpoint:{endpoint.name}"
    metric = live_metric(workspace, endpoint, version)
    quality = workspace.measurements.series(subject, [f"metric:{metric}"], limit=QUALITY_POINTS)
    points = quality.get(f"metric:{metric}", [])
    series = workspace.measurements.series(subject, _GLANCE, limit=TRAFFIC_POINTS)
    incidents = recent_incidents(workspace, endpoint.name)
    troubles = tuple(item for item in incidents if item.status != "closed")
    promised = version.metrics.get(metric) if version else None
    seen = workspace.report(endpoint.name)
    report = from_plain(Report, seen) if seen else None
    return Card(
        endpoint=endpoint,
        health=health.of_endpoint(endpoint, troubles, len(report.signals) if report else 0),
        version=version,
        metric=metric,
        chart=line_chart(
            points,
            expected=promised.value if promised else None,
            moments=promotions(workspace, endpoint),
            stretches=[(item.opened, item.closed, item.title) for item in incidents],
        ),
        live=points[-1].value if points else None,
        resting=_resting(promised, report),
        traffic=pulse.rate(endpoint.name),
        spark=sparkline([point.value for point in series.get("requests", [])]),
        p95=_newest(series, "latency_p95_ms"),
        errors=_newest(series, "error_rate"),
        troubles=troubles,
        report=report,
    )


def _resting(promised: Estimate | None, report: Report | None) -> str:
    said = [f"expected {score(promised.value)}"] if promised else []
    if report is not None and report.performance is not None:
        said.append(f"on {plural(report.performance.rows, 'row')}")
    return ", ".join(said)


def live_metric(workspace: "Workspace", endpoint: Endpoint, version: ModelVersion | None) -> str:
    """Return the metric to show over time: what the monitor judges by, so that a line and its verdict agree.

    Where it has not judged yet: accuracy if it is measured, else what the model was chosen by.
    """
    judged = (workspace.report(endpoint.name) or {}).get("performance") or {}
    first = [judged["metric"]] if judged else []
    wanted = [*first, "accuracy", *([version.metric] if version else []), "rmse"]
    names = [f"metric:{name}" for name in wanted]
    measured = workspace.measurements.series(f"endpoint:{endpoint.name}", names, limit=1)
    regression = version is not None and not version.signature.classes
    default = version.metric if version and regression else "accuracy"
    return next((name for name in wanted if f"metric:{name}" in measured), default)


def recent_incidents(workspace: "Workspace", endpoint: str = "") -> list[Incident]:
    """Return the incidents that changed last; one that is open is among them."""
    found = workspace.incidents.find(limit=RECENT_INCIDENTS)
    return [item for item in found if endpoint in ("", item.endpoint)]


def promotions(workspace: "Workspace", endpoint: Endpoint) -> list[tuple[float, str]]:
    """Return when the champion of an endpoint's model changed, and to what."""
    moves = workspace.registry.history(endpoint.model)
    return [
        (move.time, f"version {move.version} became champion") for move in moves if move.version
    ]


def _newest(series: Mapping[str, Sequence[Point]], name: str) -> float | None:
    points = series.get(name)
    return points[-1].value if points else None
