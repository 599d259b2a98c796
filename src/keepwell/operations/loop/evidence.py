"""The numbers that decisions are stored with, JSON-ready and finite."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from keepwell.core.records import GateVerdict, Signal
from keepwell.operations.loop.retrainings import Comparison
from keepwell.operations.loop.view import LiveMetric, RouteStats, View


def json_ready(value: Any) -> Any:
    """Return `value` as plain JSON: sequences as lists, what is not finite as None.

    >>> json_ready({"drift": float("inf"), "columns": ("age",)})
    {'drift': None, 'columns': ['age']}
    """
    if isinstance(value, Mapping):
        return {str(key): json_ready(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [json_ready(item) for item in value]
    if isinstance(value, bool | int | str) or value is None:
        return value
    number = float(value)
    return number if math.isfinite(number) else None


def of_signals(signals: Sequence[Signal]) -> list[dict[str, Any]]:
    """Return what was measured, signal by signal."""
    return [
        {
            "kind": signal.kind,
            "column": signal.column,
            "version": signal.version,
            "value": signal.value,
            "limit": signal.limit,
            "severity": signal.severity,
            "rows": signal.rows,
        }
        for signal in signals
    ]


def of_live(live: LiveMetric | None) -> dict[str, Any]:
    """Return the live metric; empty if there is none."""
    if live is None:
        return {}
    return {
        "metric": live.name,
        "version": live.version,
        "value": live.value.value,
        "low": live.value.low,
        "high": live.value.high,
        "rows": live.rows,
        "expected": live.expected,
    }


def of_view(view: View) -> dict[str, Any]:
    """Return what matters of the newest look whatever is decided."""
    look = view.look
    return {
        "champion": view.champion.version,
        "labels": view.labels,
        "rows": look.rows if look else 0,
        "live": of_live(view.live),
    }


def of_verdict(verdict: GateVerdict | None) -> dict[str, Any]:
    """Return a gate's checks with their numbers; empty if there was no gate."""
    if verdict is None:
        return {}
    return {
        "passed": verdict.passed,
        "checks": [
            {
                "name": check.name,
                "passed": check.passed,
                "value": check.value,
                "limit": check.limit,
                "detail": check.detail,
            }
            for check in verdict.checks
        ],
    }


def of_comparison(comparison: Comparison | None) -> dict[str, Any]:
    """Return champion and challenger on the same rows; empty if they were not compared."""
    if comparison is None:
        return {}
    return {
        "metric": comparison.metric,
        "rows": comparison.rows,
        "champion": comparison.champion,
        "challenger": comparison.challenger,
        "gain": comparison.gain.value,
        "low": comparison.gain.low,
        "high": comparison.gain.high,
        **({"loss": of_comparison(comparison.loss)} if comparison.loss is not None else {}),
    }


def of_route(stats: RouteStats) -> dict[str, Any]:
    """Return what one version did during a step."""
    return {
        "version": stats.version,
        "requests": stats.requests,
        "errors": stats.errors,
        "latency_p95_ms": stats.latency_p95_ms,
        "prediction_drift": stats.prediction_drift,
        "live": of_live(stats.live),
    }
