"""What Prometheus scrapes, gathered anew for each scrape from the heartbeats and the record.

Counters are kept by worker, because each starts at 0 with its process: Prometheus sees a worker that was
started again as what it is.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from prometheus_client import (
    CollectorRegistry,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from keepwell import __version__
from keepwell.api.routes.health import Workers
from keepwell.core.ports import Point
from keepwell.deployment.server.heartbeat import BUCKETS_MS, Traffic, WorkerState, read_heartbeats
from keepwell.operations.leadership import Leader, Place, leader_of
from keepwell.operations.outbound import read_states

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

_PER_SECOND = 1000.0
_SERIES = {
    "requests": ("keepwell_endpoint_requests_per_second", "Requests a second, by the last look."),
    "error_rate": (
        "keepwell_endpoint_error_ratio",
        "Share of requests that failed, by the last look.",
    ),
    "rows": ("keepwell_endpoint_window_rows", "Rows that the last look rests on."),
}
_QUANTILES = {"latency_p50_ms": "0.5", "latency_p95_ms": "0.95", "latency_p99_ms": "0.99"}


def gather(workspace: "Workspace", supervisor: Workers | None, loop: object) -> list[Metric]:
    """Return everything that is known at present."""
    return list(_families(workspace, supervisor, loop))


def expose(workspace: "Workspace", supervisor: Workers | None, loop: object) -> bytes:
    """Return everything as Prometheus text."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    registry.register(_Gathered(lambda: _families(workspace, supervisor, loop)))
    return generate_latest(registry)


class _Gathered(Collector):
    """Hands a registry what a function gathers."""

    def __init__(self, gather: Any) -> None:
        self._gather = gather

    def describe(self) -> Iterable[Metric]:
        """Return nothing: the names are known when they are gathered."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Return the families of one scrape."""
        return list(self._gather())


def _families(workspace: "Workspace", supervisor: Workers | None, loop: object) -> Iterator[Metric]:
    yield InfoMetricFamily("keepwell", "The program.", value={"version": __version__})
    states = supervisor.workers() if supervisor else read_heartbeats(workspace.home)
    yield from _workers(states)
    yield from _models(states)
    yield from _traffic(states, _models_of(workspace))
    yield from _routes(workspace)
    yield from _watched(workspace)
    yield from _troubles(workspace)
    yield from _told(workspace)
    yield _firing(workspace)
    yield _traced(workspace)
    yield from _loop(workspace, running=loop is not None)


def _loop(workspace: "Workspace", *, running: bool) -> Iterator[Metric]:
    leader = leader_of(workspace.metadata.leases, Place.here(workspace.home), workspace.clock.now())
    leads = leader is None or leader.here
    states = {
        "enabled": ("Whether the project lets the loop act.", workspace.spec.loop.enabled),
        "running": ("Whether the loop is at work in this process.", running and leads),
    }
    for name, (text, value) in states.items():
        yield GaugeMetricFamily(f"keepwell_loop_{name}", text, value=float(value))
    if leader is not None:
        yield from _leader(leader)
    newest = workspace.metadata.events(kind="decision", newest_first=True, limit=1)
    if newest:
        name, text = "keepwell_loop_last_decision_timestamp_seconds", "When the loop decided."
        yield GaugeMetricFamily(name, text, value=newest[0].time)


def _leader(leader: Leader) -> Iterator[Metric]:
    text = "Whether this control process leads the workspace."
    yield GaugeMetricFamily("keepwell_leader", text, value=float(leader.here))
    text = "How often the lead was taken."
    yield CounterMetricFamily("keepwell_leader_changes", text, value=float(leader.token))
    text = "Seconds since the leader was heard of."
    yield GaugeMetricFamily("keepwell_leader_quiet_seconds", text, value=leader.quiet)


def _workers(states: Sequence[WorkerState]) -> Iterator[Metric]:
    families = {
        "generation": "Generation of the routes that a worker answers by.",
        "in_flight": "Requests being answered.",
        "rss": "Bytes of memory of a worker.",
        "beat": "Unix time of a worker's last heartbeat.",
    }
    names = {"rss": "memory_bytes", "beat": "heartbeat_timestamp_seconds"}
    for field, text in families.items():
        name = f"keepwell_worker_{names.get(field, field)}"
        family = GaugeMetricFamily(name, text, labels=["worker"])
        for state in states:
            family.add_metric([str(state.index)], float(getattr(state, field)))
        yield family


def _models(states: Sequence[WorkerState]) -> Iterator[Metric]:
    loaded = GaugeMetricFamily(
        "keepwell_models_loaded", "Models in a worker's memory.", labels=["worker"]
    )
    size = GaugeMetricFamily(
        "keepwell_models_memory_bytes", "What they take, where some may go.", labels=["worker"]
    )
    labels = ["worker", "reason"]
    loads = CounterMetricFamily("keepwell_model_loads", "Models loaded, by reason.", labels=labels)
    unloads = CounterMetricFamily(
        "keepwell_model_unloads", "Models unloaded, by reason.", labels=labels
    )
    for state in states:
        worker, models = str(state.index), state.models
        loaded.add_metric([worker], float(models.loaded))
        size.add_metric([worker], float(models.bytes))
        for family, counts in ((loads, models.loads), (unloads, models.unloads)):
            for reason, count in sorted(counts.items()):
                family.add_metric([worker, reason], float(count))
    yield from (loaded, size, loads, unloads)


def _models_of(workspace: "Workspace") -> dict[str, str]:
    return {endpoint.name: endpoint.model for endpoint in workspace.endpoints.find()}


def _traffic(states: Sequence[WorkerState], models: Mapping[str, str]) -> Iterator[Metric]:
    labels = ["endpoint", "model", "version", "worker"]
    rows = CounterMetricFamily("keepwell_predictions", "Rows answered.", labels=labels)
    unlogged = CounterMetricFamily(
        "keepwell_predictions_unlogged", "Rows answered without an entry in the log.", labels=labels
    )
    requests = CounterMetricFamily(
        "keepwell_requests", "Prediction requests by HTTP status.", labels=[*labels, "status"]
    )
    latency = HistogramMetricFamily(
        "keepwell_request_duration_seconds", "Time to answer a request.", labels=labels
    )
    for (endpoint, version, worker), traffic in _each(states):
        place = [endpoint, models.get(endpoint, ""), version, worker]
        rows.add_metric(place, float(traffic.rows))
        unlogged.add_metric(place, float(traffic.unlogged))
        for status, count in sorted(traffic.statuses.items()):
            requests.add_metric([*place, status], float(count))
        latency.add_metric(place, _buckets(traffic), traffic.latency_sum_ms / _PER_SECOND)
    yield from (rows, unlogged, requests, latency)


def _each(states: Sequence[WorkerState]) -> Iterator[tuple[list[str], Traffic]]:
    for state in states:
        for endpoint, versions in sorted(state.traffic.items()):
            for version, traffic in sorted(versions.items()):
                yield [endpoint, version, str(state.index)], traffic


def _buckets(traffic: Traffic) -> list[tuple[str, float]]:
    """Return cumulative counts by upper limit in seconds, as Prometheus wants them."""
    limits = [*(str(limit / _PER_SECOND) for limit in BUCKETS_MS), "+Inf"]
    total, result = 0, []
    for limit, count in zip(limits, traffic.latency, strict=True):
        total += count
        result.append((limit, float(total)))
    return result


def _routes(workspace: "Workspace") -> Iterator[Metric]:
    champion = GaugeMetricFamily(
        "keepwell_champion_version", "Version that is champion.", labels=["endpoint", "model"]
    )
    share = GaugeMetricFamily(
        "keepwell_traffic_ratio", "Share of the traffic.", labels=["endpoint", "version", "role"]
    )
    for endpoint in workspace.endpoints.find():
        if endpoint.champion is not None:
            champion.add_metric([endpoint.name, endpoint.model], float(endpoint.champion))
        for route in endpoint.routes:
            share.add_metric([endpoint.name, str(route.version), route.role], route.weight / 100)
    yield from (champion, share)


def _watched(workspace: "Workspace") -> Iterator[Metric]:
    """Yield what the monitor measured last."""
    place = ["endpoint", "version"]
    drift = GaugeMetricFamily(
        "keepwell_drift_score", "Distance from training.", labels=[*place, "column"]
    )
    quality = GaugeMetricFamily(
        "keepwell_live_metric", "Metric on rows whose outcome is known.", labels=[*place, "metric"]
    )
    latency = GaugeMetricFamily(
        "keepwell_endpoint_latency_seconds",
        "Time to answer, by the last look.",
        labels=[*place, "quantile"],
    )
    others = GaugeMetricFamily(
        "keepwell_measured", "What else was measured, by the last look.", labels=[*place, "series"]
    )
    plain = {name: GaugeMetricFamily(*about, labels=place) for name, about in _SERIES.items()}
    for endpoint in workspace.endpoints.find():
        for version in ("", *(str(route.version) for route in endpoint.routes)):
            subject = f"endpoint:{endpoint.name}" + (f"/v{version}" if version else "")
            where = [endpoint.name, version]
            for name, value in _last(workspace.measurements.series(subject, limit=1)).items():
                kind, _, rest = name.partition(":")
                if kind == "drift":
                    drift.add_metric([*where, rest], value)
                elif kind == "metric":
                    quality.add_metric([*where, rest], value)
                elif name in plain:
                    plain[name].add_metric(where, value)
                elif name in _QUANTILES:
                    latency.add_metric([*where, _QUANTILES[name]], value / _PER_SECOND)
                else:
                    others.add_metric([*where, name], value)
    yield from (drift, quality, latency, others, *plain.values())


def _told(workspace: "Workspace") -> Iterator[Metric]:
    """Yield what is outside its limits, and whether those who are told take it."""
    labels = ["endpoint", "version", "kind", "column"]
    signals = GaugeMetricFamily(
        "keepwell_signal_severity", "What is outside its limits, from 0 to 1.", labels=labels
    )
    for endpoint in workspace.endpoints.find():
        worst: dict[tuple[str, str, str, str], float] = {}
        for signal in (workspace.report(endpoint.name) or {}).get("signals", ()):
            version = str(signal["version"] or "")
            place = (endpoint.name, version, str(signal["kind"]), str(signal["column"]))
            worst[place] = max(worst.get(place, 0.0), signal["severity"])
        for where, severity in worst.items():
            signals.add_metric(list(where), severity)
    export = GaugeMetricFamily(
        "keepwell_export_up", "Whether a receiver of monitor.export takes what it is sent.",
        labels=["receiver"],
    )  # fmt: skip
    for state in read_states(workspace.home, workspace.spec.monitor.export):
        export.add_metric([state.receiver], float(state.failing is None))
    yield from (signals, export)


def _firing(workspace: "Workspace") -> Metric:
    """Return the alerts that go on, by rule."""
    labels = ["rule", "severity", "endpoint", "acknowledged"]
    firing = GaugeMetricFamily("keepwell_alerts_firing", "Alerts that go on.", labels=labels)
    counted: Counter[tuple[str, ...]] = Counter()
    for alert in workspace.alerts.firing():
        rule = alert.hits[0].rule if alert.hits else alert.cause
        taken = str(alert.acknowledged is not None).lower()
        counted[rule, alert.severity, alert.endpoint, taken] += 1
    for where, count in sorted(counted.items()):
        firing.add_metric(list(where), float(count))
    return firing


def _traced(workspace: "Workspace") -> Metric:
    """Return what was measured of language models last."""
    family = GaugeMetricFamily(
        "keepwell_traces_measured",
        "What was measured of an application's traces, by the last look.",
        labels=["app", "series"],
    )
    for app in workspace.traces.apps():
        newest = workspace.measurements.series(f"traces:{app}", limit=1)
        for name, value in _last(newest).items():
            family.add_metric([app, name], value)
    return family


def _last(series: Mapping[str, Sequence[Point]]) -> dict[str, float]:
    return {name: points[-1].value for name, points in series.items() if points}


def _troubles(workspace: "Workspace") -> Iterator[Metric]:
    opened = GaugeMetricFamily(
        "keepwell_incidents_open", "Incidents that are not closed.", labels=["endpoint", "status"]
    )
    closed = CounterMetricFamily(
        "keepwell_incidents_closed",
        "Incidents by how they ended.",
        labels=["endpoint", "resolution"],
    )
    found = workspace.incidents.find()
    ended = Counter((item.endpoint, item.resolution) for item in found if item.status == "closed")
    going = Counter((item.endpoint, item.status) for item in found if item.status != "closed")
    for (endpoint, status), count in sorted(going.items()):
        opened.add_metric([endpoint, status], float(count))
    for (endpoint, resolution), count in sorted(ended.items()):
        closed.add_metric([endpoint, resolution], float(count))
    yield from (opened, closed)
