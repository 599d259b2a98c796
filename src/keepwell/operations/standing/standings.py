"""Looks at how an endpoint stands, and keeps what was seen."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from keepwell.core.errors import KeepwellError
from keepwell.core.records import Endpoint, ModelVersion, Signal
from keepwell.infrastructure.codec import to_plain
from keepwell.monitoring.estimation import Reference
from keepwell.monitoring.history import Delays, Point, measure_period, periods_of, track_of
from keepwell.monitoring.history.measuring import with_maturity
from keepwell.monitoring.history.periods import Period, length_of
from keepwell.monitoring.objectives import Tally
from keepwell.monitoring.objectives import verdict as budget_verdict
from keepwell.operations.standing.advice import advise
from keepwell.operations.standing.evidence import STALE, situation_of
from keepwell.operations.standing.groups import Groups
from keepwell.operations.standing.kpis import ask_all
from keepwell.operations.standing.record import Standing, standing_of, subject_of
from keepwell.operations.standing.references import reference_of
from keepwell.operations.standing.sampling import UPTIME, Known, Sampler
from keepwell.operations.standing.series import record
from keepwell.operations.standing.verdicts import metric_of, verdicts

if TYPE_CHECKING:
    from keepwell.monitoring.objectives.tally import KeptSeries
    from keepwell.monitoring.prediction_log import PredictionLog
    from keepwell.operations.build.bench import Bench
    from keepwell.operations.loop.incidents import Incidents
    from keepwell.operations.standing.sampling import Counted

    Counts = Mapping[tuple[float, int], tuple[int, int]]

ARRIVALS = 20_000
"""Newest outcomes that their delays are learned from."""

THIN_EVERY = 600.0
_FINE, _COARSE = 3600.0, 86400.0


class Standings:
    """Says how endpoints stand.

    Args:
        bench: The workspace's parts.
        predictions: The prediction log.
        measurements: Where it is kept.
        incidents: The loop's memory.
    """

    def __init__(
        self,
        bench: "Bench",
        predictions: "PredictionLog",
        measurements: "KeptSeries",
        incidents: "Incidents",
    ) -> None:
        self._bench = bench
        self._predictions = predictions
        self._measurements = measurements
        self._incidents = incidents
        self._sampler = Sampler(bench, predictions)
        self._groups = Groups(bench, predictions)
        self._references: dict[str, Reference] = {}
        self._thinned: dict[str, float] = {}

    def count_by(self, traffic: "Counted") -> None:
        """Take from now on what workers counted, by version since a time: the log knows no failure."""
        self._sampler.traffic = traffic

    def look_at_all(self) -> None:
        """Look at every endpoint, count for its objectives, and keep what was seen."""
        for endpoint in self._bench.endpoints.find():
            self.look(endpoint.name, count=True)

    def look(self, name: str, *, count: bool = False) -> Standing | None:
        """Return how an endpoint stands, and keep it; None if it has no champion.

        Args:
            name: The endpoint.
            count: Count for the objectives too: one process does, and does so regularly.
        """
        endpoint = self._bench.endpoints.get(name)
        if endpoint is None or endpoint.champion is None:
            return None
        champion = self._bench.registry.get(endpoint.model, endpoint.champion)
        before = standing_of(self._measurements, name)
        standing = self._seen(endpoint, champion, before, count=count)
        record(self._measurements, standing)
        self._measurements.write_report(subject_of(name), standing.time, to_plain(standing))
        if count:
            self._thin(name, standing.time)
        return standing

    def signals(self, endpoint: str) -> tuple[Signal, ...]:
        """Return what was outside its limits at the last look; nothing if that was long ago."""
        standing = standing_of(self._measurements, endpoint)
        if standing is None or self._bench.clock.now() - standing.time > STALE:
            return ()
        return standing.signals

    def _seen(
        self, endpoint: Endpoint, champion: ModelVersion, before: Standing | None, *, count: bool
    ) -> Standing:
        spec, now, name = self._bench.spec.monitor, self._bench.clock.now(), endpoint.name
        first = self._predictions.first(name)
        periods = [] if first is None else periods_of(first, now, spec.period)
        length = length_of(now - first, spec.period) if first is not None else 0.0
        counts: Counts = (
            self._predictions.per_period(name, length, periods[0].since) if periods else {}
        )
        came = self._predictions.arrivals(name, rows=ARRIVALS)
        delays = Delays.observed(came["predicted"].to_numpy(), came["time"].to_numpy(), now)
        if not delays.seconds:
            delays = Delays.declared(spec.labels_delay)
        points = self._points(endpoint, periods, counts, before, delays)
        reference = self._reference(champion)
        metric = metric_of(champion, points)
        known = Known(
            endpoint=name,
            champion=champion,
            points=points,
            outcome=max(came["time"].to_pylist(), default=None),
            time=now,
        )
        versions = {point.version for point in points}
        standing = Standing(
            endpoint=name,
            time=now,
            version=champion.version,
            metric=metric,
            promised=champion.metrics.get(metric),
            points=tuple(points),
            method=reference.method,
            note=reference.note,
            tracks={
                version: track_of(metric, [one for one in points if one.version == version])
                for version in sorted(versions)
            },
            delays=delays,
            kpis=ask_all(
                self._predictions,
                spec.kpis,
                endpoint=name,
                periods=periods,
                counts=counts,
                before=before,
                delays=delays,
                now=now,
            ),
        )
        standing = self._groups.added(standing, champion, periods, counts, before)
        standing = self._with_budgets(standing, known, count=count)
        return self._judged(standing, champion, endpoint)

    def _points(
        self,
        endpoint: Endpoint,
        periods: Sequence[Period],
        counts: "Counts",
        before: Standing | None,
        delays: Delays,
    ) -> list[Point]:
        """Measure what changed; what did not is taken from the look before."""
        now = self._bench.clock.now()
        kept = {point.counted(): point for point in before.points} if before else {}
        found = []
        for period in periods:
            for (since, number), (predictions, outcomes) in sorted(counts.items()):
                if since != period.since or not predictions:
                    continue
                same = (period.since, period.until, number, predictions, outcomes)
                point = kept.get(same)
                if point is None:
                    point = self._measured(endpoint, period, number, predictions, outcomes)
                if point is not None:
                    found.append(with_maturity(point, delays, now))
        return found

    def _measured(
        self, endpoint: Endpoint, period: Period, number: int, predictions: int, outcomes: int
    ) -> Point | None:
        try:
            version = self._bench.registry.get(endpoint.model, number)
        except KeepwellError:  # logged for a model that is not here, or not any more
            return None
        objectives = self._bench.spec.monitor.objectives
        return measure_period(
            self._predictions,
            endpoint=endpoint.name,
            version=version,
            period=period,
            reference=self._reference(version),
            predictions=predictions,
            outcomes=outcomes,
            wanted=[one.of for one in objectives if one.kind == "quality"],
            now=self._bench.clock.now(),
        )

    def _reference(self, version: ModelVersion) -> Reference:
        if version.key not in self._references:
            self._references[version.key] = reference_of(self._bench, version)
        return self._references[version.key]

    def _with_budgets(self, standing: Standing, known: Known, *, count: bool) -> Standing:
        tally = Tally(self._measurements, standing.endpoint)
        if count:
            self._sampler.sample(known, tally)

        promised = self._bench.spec.monitor.objectives
        return replace(
            standing,
            budgets=tuple(self._sampler.budget(one, known, tally) for one in promised),
            uptime=self._sampler.budget(UPTIME, known, tally),
        )

    def _judged(self, standing: Standing, champion: ModelVersion, endpoint: Endpoint) -> Standing:
        spec = self._bench.spec.monitor
        signals = list(verdicts(standing, champion, spec))
        for budget in standing.budgets:
            signal = budget_verdict(budget, endpoint=standing.endpoint, time=standing.time)
            if signal is not None:
                signals.append(signal)
        ordered = tuple(sorted(signals, key=lambda signal: -signal.severity))
        judged = replace(standing, signals=ordered)
        situation = situation_of(
            self._bench, self._predictions, self._incidents, self._measurements, judged, champion,
            endpoint,
        )  # fmt: skip
        return replace(judged, advice=advise(situation))

    def _thin(self, name: str, now: float) -> None:
        """Keep of older looks one a day, and of older counts fewer."""
        if now - self._thinned.get(name, 0.0) < THIN_EVERY:
            return
        self._thinned[name] = now
        self._measurements.thin(now - _FINE, _COARSE, subject_of(name))
        Tally(self._measurements, name).thin(now)
