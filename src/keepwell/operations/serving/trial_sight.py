"""A rollout as the loop sees it: what both versions did since the present step began."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from keepwell.core.records import Endpoint, Incident, ModelVersion, Rollout
from keepwell.operations.build.bench import Bench
from keepwell.operations.loop.policy import Limits
from keepwell.operations.loop.states.trials import latency_limit
from keepwell.operations.loop.view import RouteStats, Trial
from keepwell.operations.rollouts.evidence import SETTLING, Evidence
from keepwell.operations.serving.readings import route_stats

if TYPE_CHECKING:
    from keepwell.monitoring.report import Report

ReportSince = Callable[[str, ModelVersion, float | None], "Report"]


def see_trial(
    bench: Bench,
    endpoint: Endpoint,
    incident: Incident | None,
    report_since: ReportSince,
    evidence: Evidence | None = None,
) -> Trial | None:
    """Return the rollout in progress, else the newest one of the open incident, with its numbers."""
    rollout = _rollout(bench, endpoint, incident)
    if rollout is None or not rollout.stepwise:
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
    candidate = stats(rollout.candidate, since)
    trial = Trial(rollout=rollout, candidate=candidate, baseline=baseline)
    if evidence is None or rollout.status != "running":
        return trial
    slow = None
    if baseline.latency_p95_ms is not None and candidate.requests:
        limit = latency_limit(baseline.latency_p95_ms, Limits())
        slow = evidence.slow(rollout, rollout.candidate, since + SETTLING, limit)
    return replace(
        trial,
        paired=evidence.paired(rollout, since),
        ratio=evidence.ratio(rollout, rollout.history[-1]),
        slow=slow,
    )


def _rollout(bench: Bench, endpoint: Endpoint, incident: Incident | None) -> Rollout | None:
    if endpoint.rollout:
        return bench.rollouts.get(endpoint.rollout)
    if incident is not None and incident.rollout:
        return bench.rollouts.get(incident.rollout)
    return None
