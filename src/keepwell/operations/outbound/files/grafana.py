"""Dashboards for Grafana, over a Prometheus that scrapes `/metrics`."""

import json
from collections.abc import Sequence
from typing import Any

SCHEMA = 39  # Grafana 11; newer ones read it
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_WIDE, _HIGH = 12, 8

Query = tuple[str, str]
"""An expression, and how its lines are called."""

_OF = '{endpoint=~"$endpoint"}'
_OVERVIEW: tuple[tuple[str, str, Sequence[Query]], ...] = (
    (
        "Requests a second",
        "reqps",
        [
            (
                f"sum by (endpoint) (rate(keepwell_requests_total{_OF}[$__rate_interval]))",
                "{{endpoint}}",
            )
        ],
    ),
    (
        "Failed requests",
        "percentunit",
        [
            (
                'sum by (endpoint) (rate(keepwell_requests_total{endpoint=~"$endpoint", status=~"5.."}'
                "[$__rate_interval])) / sum by (endpoint)"
                f" (rate(keepwell_requests_total{_OF}[$__rate_interval]))",
                "{{endpoint}}",
            )
        ],
    ),
    (
        "Time to answer",
        "s",
        [
            (
                f"histogram_quantile({share}, sum by (endpoint, le)"
                f" (rate(keepwell_request_duration_seconds_bucket{_OF}[$__rate_interval])))",
                f"{{{{endpoint}}}} p{share[2:].ljust(2, '0')}",
            )
            for share in ("0.5", "0.95", "0.99")
        ],
    ),
    (
        "Rows by version",
        "rowsps",
        [
            (
                "sum by (endpoint, model, version)"
                f" (rate(keepwell_predictions_total{_OF}[$__rate_interval]))",
                "{{endpoint}}: {{model}}/{{version}}",
            )
        ],
    ),
    (
        "Traffic by version",
        "percentunit",
        [(f"keepwell_traffic_ratio{_OF}", "{{endpoint}}: {{version}} ({{role}})")],
    ),
    (
        "Champion",
        "none",
        [(f"keepwell_champion_version{_OF}", "{{endpoint}}")],
    ),
    (
        "Open incidents",
        "none",
        [(f"sum by (endpoint) (keepwell_incidents_open{_OF})", "{{endpoint}}")],
    ),
    (
        "Memory of the workers",
        "bytes",
        [("keepwell_worker_memory_bytes", "worker {{worker}}")],
    ),
)
_MODELS: tuple[tuple[str, str, Sequence[Query]], ...] = (
    (
        "Live metrics",
        "none",
        [('keepwell_live_metric{endpoint=~"$endpoint", version=""}', "{{endpoint}}: {{metric}}")],
    ),
    (
        "Distance from training, by column",
        "none",
        [('keepwell_drift_score{endpoint=~"$endpoint", version=""}', "{{endpoint}}: {{column}}")],
    ),
    (
        "Outside its limits",
        "none",
        [(f"keepwell_signal_severity{_OF}", "{{endpoint}}: {{kind}} {{column}}")],
    ),
    (
        "What else was measured",
        "none",
        [('keepwell_measured{endpoint=~"$endpoint", version=""}', "{{endpoint}}: {{series}}")],
    ),
    (
        "Rows that the last look rests on",
        "none",
        [('keepwell_endpoint_window_rows{endpoint=~"$endpoint", version=""}', "{{endpoint}}")],
    ),
    (
        "Time to answer, by the prediction log",
        "s",
        [
            (
                'keepwell_endpoint_latency_seconds{endpoint=~"$endpoint", version=""}',
                "{{endpoint}} {{quantile}}",
            )
        ],
    ),
)


def dashboards() -> dict[str, str]:
    """Return dashboards as JSON, by the name of their file."""
    return {
        "keepwell-endpoints.json": _dashboard(
            "keepwell-endpoints", "Keepwell: endpoints", _OVERVIEW
        ),
        "keepwell-models.json": _dashboard("keepwell-models", "Keepwell: models", _MODELS),
    }


def _dashboard(
    identifier: str, title: str, panels: Sequence[tuple[str, str, Sequence[Query]]]
) -> str:
    document = {
        "uid": identifier,
        "title": title,
        "tags": ["keepwell"],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": True,
        "timezone": "browser",
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "30s",
        "templating": {"list": [_source(), _endpoint()]},
        "panels": [_panel(at, *panel) for at, panel in enumerate(panels)],
    }
    return json.dumps(document, indent=2) + "\n"


def _source() -> dict[str, Any]:
    return {
        "name": "datasource",
        "label": "Prometheus",
        "type": "datasource",
        "query": "prometheus",
    }


def _endpoint() -> dict[str, Any]:
    query = "label_values(keepwell_champion_version, endpoint)"
    return {
        "name": "endpoint",
        "label": "Endpoint",
        "type": "query",
        "datasource": _SOURCE,
        "query": {"query": query, "refId": "endpoints"},
        "definition": query,
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "allValue": ".*",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
    }


def _panel(at: int, title: str, unit: str, queries: Sequence[Query]) -> dict[str, Any]:
    return {
        "id": at + 1,
        "type": "timeseries",
        "title": title,
        "datasource": _SOURCE,
        "gridPos": {"x": at % 2 * _WIDE, "y": at // 2 * _HIGH, "w": _WIDE, "h": _HIGH},
        "fieldConfig": {"defaults": {"unit": unit}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}},
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "datasource": _SOURCE,
                "expr": expression,
                "legendFormat": legend,
            }
            for place, (expression, legend) in enumerate(queries)
        ],
    }
