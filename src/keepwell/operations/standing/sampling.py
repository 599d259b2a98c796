"""Counts what was good since the last look, objective by objective."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keepwell.core.records import ModelVersion
from keepwell.core.spec.objectives import ObjectiveSpec
from keepwell.monitoring.history import Point
from keepwell.monitoring.objectives import Budget, Tally, budget_of
from keepwell.tracking.metrics import direction

if TYPE_CHECKING:
    from keepwell.monitoring.prediction_log import PredictionLog
    from keepwell.monitoring.service import Traffic
    from keepwell.operations.build.bench import Bench

    Counted = Callable[[str, float], Mapping[int, Traffic]]

UPTIME = ObjectiveSpec(kind="uptime", target=0.999)
"""Told of every endpoint, whether or not anything was promised."""

LAG = 10.0
"""Seconds that the log is behind: what was answered since is counted at the next look."""

LONGEST = 120.0
"""Seconds that a look speaks for at most: of a time when nobody looked nothing is known."""

_MOST_ROWS = 100_000
_LONGEST_ALARM = 3 * 86400.0
_BEFORE = 3600.0  # sums that old are kept one an hour


Share = tuple[float, float]
"""How much was good, and of how much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a look knows of an endpoint.

    Attributes:
        endpoint: Which.
        champion: Its champion.
        points: Performance by period, the oldest first.
        outcome: When the newest outcome came; None if none did.
        time: Now.
    """

    endpoint: str
    champion: ModelVersion
    points: Sequence[Point]
    outcome: float | None
    time: float


class Sampler:
    """Counts for the objectives of endpoints.

    Args:
        bench: The workspace's parts.
        predictions: The prediction log.

    Attributes:
        traffic: What workers counted by version since a time; None where nobody counts.
    """

    def __init__(self, bench: "Bench", predictions: "PredictionLog") -> None:
        self._bench = bench
        self._predictions = predictions
        self.traffic: Counted | None = None

    def sample(self, known: Known, tally: Tally) -> None:
        """Count what was good since the last look."""
        for objective in (UPTIME, *self._bench.spec.monitor.objectives):
            last = tally.last(objective.name)
            if last is None:
                tally.add(objective.name, good=0.0, total=0.0, now=known.time)
                continue
            if known.time <= last:  # the clock was set back: what it says is not to be counted
                continue
            good, total = self._seen(objective, known, last)
            if total:
                tally.add(objective.name, good=good, total=total, now=known.time)

    def budget(self, objective: ObjectiveSpec, known: Known, tally: Tally) -> Budget:
        """Return how an objective stands."""
        since = known.time - max(objective.period, _LONGEST_ALARM) - _BEFORE
        sums = tally.sums(objective.name, since)
        return budget_of(objective, sums, known.time, now=self._now(objective, known))

    def _seen(self, objective: ObjectiveSpec, known: Known, last: float) -> Share:
        if objective.kind == "latency":
            return self._latency(known.endpoint, objective.limit, last, known.time)
        if objective.kind == "availability":
            return self._available(known.endpoint, last)
        spell = min(known.time - last, LONGEST)
        if objective.kind == "uptime":
            return spell if self._up(known.endpoint) else 0.0, spell
        value = self._now(objective, known)
        if value is None:
            return 0.0, 0.0
        better = direction(objective.of) if objective.kind == "quality" else -1
        return spell if (value - objective.limit) * better >= 0 else 0.0, spell

    def _now(self, objective: ObjectiveSpec, known: Known) -> float | None:
        """Return the metric of a quality, the age of what must be fresh; None where there is none."""
        if objective.kind == "quality":
            least = self._bench.spec.monitor.min_rows
            return quality_now(known.points, known.champion.version, objective.of, least)
        if objective.kind != "freshness":
            return None
        begun = {
            "outcomes": known.outcome,
            "data": self._newest_data(),
            "model": known.champion.created,
        }[objective.of]
        return None if begun is None else known.time - begun

    def _newest_data(self) -> float | None:
        found = self._bench.datasets.versions(self._bench.spec.dataset)
        return max((one.created for one in found), default=None)

    def _latency(self, endpoint: str, limit: float, last: float, time: float) -> Share:
        from keepwell.monitoring.prediction_log.scan import first_of_each

        rows = self._predictions.window(
            endpoint,
            rows=_MOST_ROWS,
            since=last - LAG,
            until=time - LAG,
            columns=["request", "latency_ms"],
        )
        if not rows.num_rows:
            return 0.0, 0.0
        taken = first_of_each(rows, "request")["latency_ms"].to_numpy()
        return float(np.count_nonzero(taken <= limit)), float(len(taken))

    def _available(self, endpoint: str, last: float) -> Share:
        if self.traffic is None:
            return 0.0, 0.0
        counted = self.traffic(endpoint, last).values()
        asked = sum(one.requests for one in counted)
        return float(asked - sum(one.errors for one in counted)), float(asked)

    def _up(self, endpoint: str) -> bool:
        from keepwell.deployment.server.supervisor import living

        return any(
            not state.draining and state.pool in ("", endpoint)
            for state in living(self._bench.home)
        )


def quality_now(points: Sequence[Point], version: int, metric: str, min_rows: int) -> float | None:
    """Return a metric of the newest period that outcomes decide, or its estimate of a newer one."""
    for point in reversed(points):
        if point.version != version:
            continue
        told = point.realised.get(metric)
        if told is not None and point.mature and point.outcomes >= min_rows:
            return told.value
        guess = point.estimated.get(metric)
        if guess is not None and point.predictions >= min_rows:
            return guess.value
    return None
