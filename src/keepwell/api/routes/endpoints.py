"""Endpoints: who answers, how much, and what the monitor sees."""

import contextlib
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from keepwell.api.documents import (
    Counts,
    EndpointDocument,
    EndpointList,
    PeriodList,
    SeriesDocument,
)
from keepwell.api.door import Limit, Served, document
from keepwell.core.errors import NotFoundError
from keepwell.core.moments import moment
from keepwell.core.records import Endpoint
from keepwell.deployment.rollouts.timeline import timeline
from keepwell.operations.standing.record import subject_of

router = APIRouter(prefix="/api/v1/endpoints", tags=["endpoints"])


@router.get("", response_model=EndpointList)
def list_endpoints(workspace: Served) -> Response:
    """List endpoints with champion, challenger, traffic and counts."""
    found = sorted(workspace.endpoints.find(), key=lambda item: item.name)
    return document(EndpointList(endpoints=[_document(workspace, item) for item in found]))


@router.get("/{endpoint}", response_model=EndpointDocument)
def read_endpoint(workspace: Served, endpoint: str, at: str = "") -> Response:
    """Read one endpoint: champion, challenger, traffic by version in percent, counts.

    `at` asks what served at a time: Unix seconds, ISO 8601, or `2h ago`.
    """
    if not at:
        return document(_document(workspace, workspace.endpoints.read(endpoint)))
    found = workspace.endpoints.read(endpoint, moment(at, workspace.clock.now()))
    return document(
        EndpointDocument(
            name=found.name,
            model=found.model,
            champion=found.champion,
            challenger=found.challenger,
            traffic=found.routes,
            key=found.key,
            flags=found.flags,
            previous=found.previous,
            external=found.external,
        )
    )


@router.get("/{endpoint}/deployments", response_model=PeriodList)
def list_deployments(workspace: Served, endpoint: str, limit: Limit = 100) -> Response:
    """List what served when, newest first: versions, shares, flags, and what changed them."""
    return document(PeriodList(periods=timeline(workspace.endpoints, endpoint, limit)))


@router.get("/{endpoint}/report", response_model=dict[str, Any])
def read_report(workspace: Served, endpoint: str) -> Response:
    """Read the monitor's latest report: drift by column, quality, performance, latency, signals."""
    report = workspace.report(workspace.endpoints.read(endpoint).name)
    if report is None:
        raise NotFoundError(
            f"nothing was watched yet at '{endpoint}'",
            why="the monitor looks every few seconds while `keepwell up` runs",
            now="ask the endpoint something, then look again",
        )
    return document(report)


@router.get("/{endpoint}/standing", response_model=dict[str, Any])
def read_standing(workspace: Served, endpoint: str) -> Response:
    """Read how an endpoint stands: estimated and realised performance, KPIs, groups, objectives, advice."""
    name = workspace.endpoints.read(endpoint).name
    standing = workspace.measurements.read_report(subject_of(name))
    if standing is None:
        raise NotFoundError(
            f"nobody has looked yet at how '{endpoint}' stands",
            why="`keepwell up` looks every half minute",
            now=f"keepwell monitor performance --now --endpoint {endpoint}",
        )
    return document(standing)


@router.get("/{endpoint}/series", response_model=SeriesDocument)
def read_series(
    workspace: Served, endpoint: str, version: int | None = None, since: float = 0.0
) -> Response:
    """Read what was measured over time, of the endpoint or of one version, by name.

    Names are `requests`, `rows`, `error_rate`, `latency_p50_ms` (`p95`, `p99`), `metric:NAME` and
    `drift:COLUMN`.
    """
    subject = f"endpoint:{workspace.endpoints.read(endpoint).name}"
    subject += "" if version is None else f"/v{version}"
    series = workspace.measurements.series(subject, since=since)
    pairs = {name: [(item.time, item.value) for item in line] for name, line in series.items()}
    return document(SeriesDocument(subject=subject, series=pairs))


def _document(workspace: Served, endpoint: Endpoint) -> EndpointDocument:
    counts = workspace.predictions.counts(endpoint.name)
    opened = workspace.incidents.open(endpoint.name)
    rollout = None
    if endpoint.rollout:
        with contextlib.suppress(NotFoundError):
            rollout = workspace.rollouts.get(endpoint.rollout)
    return EndpointDocument(
        name=endpoint.name,
        model=endpoint.model,
        champion=endpoint.champion,
        challenger=endpoint.challenger,
        traffic=endpoint.routes,
        key=endpoint.key,
        flags=endpoint.flags,
        previous=endpoint.previous,
        external=endpoint.external,
        rollout=rollout,
        incident=opened.id if opened else None,
        counts=Counts(
            predictions=counts.predictions,
            outcomes=counts.outcomes,
            by_version={str(version): count for version, count in counts.versions.items()},
        ),
    )
