"""How an endpoint answers, whatever it says: latency, throughput, errors."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from keepwell.core.records import Signal
from keepwell.monitoring.prediction_log.scan import first_of_each
from keepwell.monitoring.report import Scope, Service
from keepwell.monitoring.words import number, percent

COLUMNS = ("time", "version", "request", "latency_ms")

ERRORS = 0.01
"""Share of failed requests beyond which, chance allowed for, they are reported."""

REFUSED = 0.05
"""Share of refused requests beyond which, chance allowed for, they are reported: callers err at times."""

_A_FEW = 5  # failures; fewer are an accident
_SURE = 2.576


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What the workers counted for one version in the window, from their heartbeats."""

    requests: int = 0  # answered or failed
    errors: int = 0  # failed for a reason on our side
    refused: int = (
        0  # sent back, because they do not fit the model's inputs; not among the requests
    )


def measure_service(
    rows: pa.Table, seconds: float, *, version: int = 0, traffic: Traffic | None = None
) -> Service:
    """Return latency, throughput and errors.

    Args:
        rows: Logged predictions of the window, of that version (or of all).
        seconds: Length of the window.
        version: Which version; 0 for all.
        traffic: What workers counted; without it errors are unknown, and counted as none.
    """
    requests = rows
    if rows.num_rows and rows["request"][0].as_py():
        requests = first_of_each(rows, "request")
    errors = traffic.errors if traffic else 0
    total = max(traffic.requests if traffic else 0, requests.num_rows + errors)
    latencies = requests["latency_ms"].to_numpy()
    percentiles = np.percentile(latencies, (50, 95, 99)).tolist() if len(latencies) else (None,) * 3
    return Service(
        version=version,
        rows=rows.num_rows,
        requests=total,
        per_second=total / seconds if seconds > 0 else 0.0,
        errors=errors,
        error_rate=errors / total if total else 0.0,
        latency_p50_ms=percentiles[0],
        latency_p95_ms=percentiles[1],
        latency_p99_ms=percentiles[2],
    )


def measure_versions(
    rows: pa.Table, seconds: float, traffic: Mapping[int, Traffic]
) -> list[Service]:
    """Return the same for every version that was asked, by number."""
    column = rows["version"].to_numpy()
    versions = sorted({*np.unique(column).tolist(), *traffic})
    return [
        measure_service(
            rows.filter(pa.array(column == version)),
            seconds,
            version=version,
            traffic=traffic.get(version),
        )
        for version in versions
    ]


def total_of(traffic: Mapping[int, Traffic]) -> Traffic:
    """Return the traffic of all versions together."""
    return Traffic(
        requests=sum(one.requests for one in traffic.values()),
        errors=sum(one.errors for one in traffic.values()),
        refused=sum(one.refused for one in traffic.values()),
    )


def find_refusals(traffic: Mapping[int, Traffic], scope: Scope) -> Iterator[Signal]:
    """Yield a signal if too many requests were sent back: their senders and the model no longer agree.

    What is refused is in no log, so no column shows it.
    """
    counted = [
        traffic[one] for one in {0, scope.version} if one in traffic
    ]  # 0: before one was chosen
    refused = sum(one.refused for one in counted)
    asked = refused + sum(one.requests for one in counted)
    if refused >= _A_FEW and _lower_bound(refused, asked) > REFUSED:
        share = refused / asked
        yield scope.signal(
            "quality",
            f"{percent(share)} of {asked:,} requests were refused: they do not fit the model's inputs",
            value=share,
            limit=REFUSED,
            severity=2 * share,
            rows=asked,
        )


def find_failures(
    service: Service, scope: Scope, *, latency_limit_ms: float | None = None
) -> Iterator[Signal]:
    """Yield a signal for too many errors, and for answers slower than a limit, if there is one."""
    if service.errors >= _A_FEW and _lower_bound(service.errors, service.requests) > ERRORS:
        yield scope.signal(
            "errors",
            f"{percent(service.error_rate)} of {service.requests:,} requests failed",
            value=service.error_rate,
            limit=ERRORS,
            severity=5 * service.error_rate,
            rows=service.requests,
        )
    slow = service.latency_p95_ms
    if latency_limit_ms is not None and slow is not None and slow > latency_limit_ms:
        yield scope.signal(
            "latency",
            f"one request in twenty takes longer than {number(slow)} ms,"
            f" the limit is {number(latency_limit_ms)} ms",
            value=slow,
            limit=latency_limit_ms,
            severity=slow / latency_limit_ms / 4,
            rows=service.requests,
        )


def _lower_bound(hits: int, rows: int) -> float:
    """Return the lower end of Wilson's 99% interval of a share."""
    share, square = hits / rows, _SURE**2
    centre = share + square / (2 * rows)
    spread = _SURE * math.sqrt(share * (1 - share) / rows + square / (4 * rows**2))
    return (centre - spread) / (1 + square / rows)
