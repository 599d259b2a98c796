"""Recording and alerting rules for Prometheus, over the metrics of `/metrics`."""

from typing import Any

import yaml

from keepwell.core.durations import format_duration
from keepwell.core.spec import ProjectSpec

_RECORDED = (
    (
        "endpoint:keepwell_requests:rate5m",
        "sum by (endpoint, model) (rate(keepwell_requests_total[5m]))",
    ),
    (
        "endpoint:keepwell_errors:ratio5m",
        'sum by (endpoint, model) (rate(keepwell_requests_total{status=~"5.."}[5m]))'
        " / sum by (endpoint, model) (rate(keepwell_requests_total[5m]))",
    ),
    (
        "endpoint:keepwell_latency_seconds:p95_5m",
        "histogram_quantile(0.95, sum by (endpoint, model, le)"
        " (rate(keepwell_request_duration_seconds_bucket[5m])))",
    ),
    (
        "endpoint:keepwell_latency_seconds:p99_5m",
        "histogram_quantile(0.99, sum by (endpoint, model, le)"
        " (rate(keepwell_request_duration_seconds_bucket[5m])))",
    ),
    (
        "endpoint:keepwell_predictions:rate5m",
        "sum by (endpoint, model, version) (rate(keepwell_predictions_total[5m]))",
    ),
    ("endpoint:keepwell_drift_score:max", 'max by (endpoint) (keepwell_drift_score{version=""})'),
)


def prometheus_rules(spec: ProjectSpec) -> str:
    """Return rules as YAML; `promtool check rules` takes them.

    Limits are those of the project file where it has some: `gate.latency_ms`.
    """
    recording = [{"record": name, "expr": expression} for name, expression in _RECORDED]
    document = {
        "groups": [
            {"name": "keepwell-recording", "interval": "30s", "rules": recording},
            {"name": "keepwell-alerts", "rules": [_alert(*one) for one in _alerts(spec)]},
        ]
    }
    head = "# Written by `keepwell export prometheus-rules`; check with `promtool check rules`.\n"
    return head + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)


def _alerts(spec: ProjectSpec) -> list[tuple[str, str, str, str, str]]:
    limit = (spec.gate.latency_ms or 100.0) / 1000
    stale = max(10 * spec.monitor.every, 120.0)
    return [
        (
            "KeepwellDown",
            'up{job="keepwell"} == 0',
            "2m",
            "critical",
            "{{ $labels.instance }} does not answer a scrape",
        ),
        (
            "KeepwellErrors",
            "endpoint:keepwell_errors:ratio5m > 0.02",
            "5m",
            "critical",
            "{{ $labels.endpoint }} fails {{ $value | humanizePercentage }} of its requests",
        ),
        (
            "KeepwellSlow",
            f"endpoint:keepwell_latency_seconds:p95_5m > {limit:g}",
            "10m",
            "warning",
            "{{ $labels.endpoint }} answers 95% of its requests within {{ $value | humanizeDuration }},"
            f" not {format_duration(limit) if limit >= 1 else f'{limit * 1000:g}ms'}",
        ),
        (
            "KeepwellUnlogged",
            "sum by (endpoint) (rate(keepwell_predictions_unlogged_total[5m])) > 0",
            "10m",
            "warning",
            "{{ $labels.endpoint }} answers rows that are not in the prediction log",
        ),
        (
            "KeepwellSignal",
            "max by (endpoint, kind, column) (keepwell_signal_severity) >= 0.3",
            f"{max(3 * spec.monitor.every, 60.0):.0f}s",
            "warning",
            "{{ $labels.endpoint }}: {{ $labels.kind }} {{ $labels.column }} is outside its limits",
        ),
        (
            "KeepwellIncident",
            "sum by (endpoint) (keepwell_incidents_open) > 0",
            "0m",
            "warning",
            "{{ $labels.endpoint }} has an incident",
        ),
        (
            "KeepwellWorkerStale",
            f"time() - keepwell_worker_heartbeat_timestamp_seconds > {stale:g}",
            "1m",
            "critical",
            "worker {{ $labels.worker }} has not been heard of for {{ $value | humanizeDuration }}",
        ),
        (
            "KeepwellLoopStopped",
            "max by (job) (keepwell_loop_enabled) == 1 and max by (job) (keepwell_loop_running) == 0",
            "5m",
            "warning",
            "the loop is enabled and not at work",
        ),
        (
            "KeepwellExportFailing",
            "keepwell_export_up == 0",
            "10m",
            "warning",
            "{{ $labels.receiver }} does not take what it is sent",
        ),
    ]


def _alert(name: str, expression: str, wait: str, severity: str, summary: str) -> dict[str, Any]:
    return {
        "alert": name,
        "expr": expression,
        "for": wait,
        "labels": {"severity": severity},
        "annotations": {"summary": summary},
    }
