"""A rollout as the loop sees it: what both versions did since the present step began."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from keepwell.core.records import Endpoint, Incident, ModelVersion, Rollout
from keepwell.operations.build.bench import Bench
from keepwell.operations.loop.view import RouteStats, Trial
from keepwell.operations.serving.readings import route_stats

if TYPE_CHECKING:
    from keepwell.monitoring.report import Report

ReportSince = Callable[[str, ModelVersion, float | None], "Report"]


def see_trial(
    bench: Bench,
    endpoint: Endpoint,
    incident: Incident | None,
    report_since: ReportSince,
) -> Trial | None:
    """Return the rollout in progress, else the newest one of the open incident, with its numbers."""
    rollout = _rollout(bench, endpoint, incident)
    if rollout is None:
        return None
    since = rollout.history[-1].started
    everything = rollout.history[-1].percent >= 100  # noqa: PLR2004

    def stats(version: int, begin: float) -> RouteStats:
        record = bench.registry.get(endpoint.model, version)
        return route_stats(report_since(endpoint.name, record, begin))

    baseline = stats(rollout.baseline, rollout.started - rollout.hold if everything else since)
    if everything:
        # The baseline is what it was before. What it answered then tells its quality, but not how busy
        # the machine is now.
        baseline = replace(baseline, latency_p95_ms=None)
    return Trial(rollout=rollout, candidate=stats(rollout.candidate, since), baseline=baseline)


def _rollout(bench: Bench, endpoint: Endpoint, incident: Incident | None) -> Rollout | None:
    if endpoint.rollout:
        return bench.rollouts.get(endpoint.rollout)
    if incident is not None and incident.rollout:
        return bench.rollouts.get(incident.rollout)
    return None
