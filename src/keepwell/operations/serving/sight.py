"""The loop's eyes: what the record and the monitors say about an endpoint, as one frozen view."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from keepwell.core.clock import Continuity
from keepwell.core.errors import NotFoundError
from keepwell.core.ports import MeasurementStore
from keepwell.core.records import Endpoint, ModelVersion, Profile, Signal
from keepwell.core.references import Ref
from keepwell.operations.anomalies.watch import Anomaly
from keepwell.operations.build.bench import Bench
from keepwell.operations.build.live_rows import live_dataset
from keepwell.operations.inbound import Notices
from keepwell.operations.loop.incidents import Incidents
from keepwell.operations.loop.policy import Policy
from keepwell.operations.loop.retrainings import RetrainingResult
from keepwell.operations.loop.service import Views
from keepwell.operations.loop.view import SKEW, Happening, Look, Memory, View
from keepwell.operations.rollouts.evidence import Evidence
from keepwell.operations.serving.history import History
from keepwell.operations.serving.readings import in_quarantine, look_of, measures_of
from keepwell.operations.serving.senses.load_meter import LoadMeter
from keepwell.operations.serving.senses.training_use import TrainingMeter
from keepwell.operations.serving.traffic_meter import TrafficMeter
from keepwell.operations.serving.trial_sight import see_trial

if TYPE_CHECKING:
    from keepwell.deployment.server import WorkerState
    from keepwell.monitoring.prediction_log import PredictionLog
    from keepwell.monitoring.report import Report
    from keepwell.monitoring.sketches.store import SketchStore

REMEMBERED_LOOKS = 64
HAPPENINGS_SECONDS = 7 * 86400.0
_EVENTS = 200
_DEPLOYED = ("deployed", "created")


class Results(Protocol):
    """Knows how far retrainings are."""

    def result(self, key: str) -> RetrainingResult | None:
        """Return how far a retraining is; None if nobody works on it."""
        ...


class Sight:
    """Looks at endpoints: collects what is new, measures it, keeps the measurements, shows it all.

    Args:
        bench: The workspace's parts.
        predictions: The prediction log.
        measurements: Where reports and series are kept.
        incidents: The loop's memory.
        jobs: The retrainings.
        collect: Brings the newest predictions into the log.
        workers: Gives the workers' heartbeats.

    Attributes:
        steady: Tells seconds by a clock that cannot be set. Where time is moved by hand, it is that time:
            else each step would look like a machine that slept.
        meter: What the workers counted.
        evidence: What rollouts have shown beyond that; None to judge them without.
        anomalies: Finds what was unusual in other series since a time; None where nobody watches them.
        beside: Each gives by endpoint what else is outside its limits, beside the monitor's report.
        sketches: Accumulators of the log; None to read rows only.
        history: What training's own rows tell.
    """

    def __init__(
        self,
        bench: Bench,
        *,
        predictions: "PredictionLog",
        measurements: MeasurementStore,
        incidents: Incidents,
        jobs: Results,
        collect: Callable[[], object],
        workers: "Callable[[], Sequence[WorkerState]]",
    ) -> None:
        self._bench = bench
        self._predictions = predictions
        self._measurements = measurements
        self._incidents = incidents
        self._jobs = jobs
        self._collect = collect
        self.meter = TrafficMeter(workers, bench.clock)
        self._load = LoadMeter(workers, measurements, bench.clock)
        self._training = TrainingMeter(bench.metadata, incidents, jobs.result, bench.clock)
        self.evidence: Evidence | None = None
        self.anomalies: Callable[[float], Iterable[Anomaly]] | None = None
        self.beside: list[Callable[[str], Sequence[Signal]]] = []
        self.sketches: SketchStore | None = None
        self.history = History(bench)
        self._notices = Notices(bench.metadata, bench.clock)
        self._continuity = Continuity()
        self.steady: Callable[[], float] = time.monotonic
        self._looks: dict[str, deque[Look]] = {}
        self._profiles: dict[str, Profile] = {}
        self._learnt: dict[str, int] = {}

    def forget(self) -> None:
        """Look afresh: what was seen before another process led is no news any more."""
        self._looks.clear()

    def endpoints(self) -> list[str]:
        """Return the names of all endpoints, having read what came in since the last time."""
        self._collect()
        self.meter.sample()
        self._load.sample()
        return [endpoint.name for endpoint in self._bench.endpoints.find()]

    def view(self, endpoint: str) -> View | None:
        """Look at one endpoint and return everything that the loop may know of it."""
        from keepwell.tracking.metrics import direction

        record = self._bench.endpoints.get(endpoint)
        if record is None or record.champion is None:
            return None
        champion = self._bench.registry.get(record.model, record.champion)
        now = self._bench.clock.now()
        if self._continuity.begun is None:
            self._continuity.resume(self._last_look(endpoint), now)
        self._continuity.look(now, self.steady())
        memory = self._incidents.recall(endpoint, champion.version)
        looks = self._look(record, champion, watched_since(memory))
        retraining = memory.retraining
        spec = self._bench.spec
        labels, known, learnt = self._labels(record, champion, memory.retrained)
        return View(
            endpoint=record,
            champion=champion,
            policy=Policy(
                loop=spec.loop,
                rollout=spec.serve.rollout,
                monitor=spec.monitor,
                budget=spec.train.budget,
                trains=spec.loop.enabled and not record.external,
            ),
            direction=direction(champion.metric),
            looks=looks,
            trial=see_trial(self._bench, record, memory.incident, self.report_since, self.evidence),
            result=self._jobs.result(retraining.key) if retraining is not None else None,
            labels=labels,
            known=known,
            learnt=learnt,
            last_deployment=self._last_deployment(endpoint),
            last_promotion=self._last_promotion(endpoint),
            previous=record.previous,
            training=self._training.use(endpoint, spec.loop.limits.per),
            happenings=self._happenings(endpoint),
            memory=memory,
            begun=self._continuity.begun,
            gaps=self._continuity.gaps,
        )

    def _last_look(self, endpoint: str) -> float | None:
        """Return when an endpoint was looked at last, by whatever process."""
        found = self._measurements.series(f"endpoint:{endpoint}", ["requests"], limit=1)
        return max((line[-1].time for line in found.values()), default=None)

    def report_since(
        self, endpoint: str, version: ModelVersion, since: float | None = None
    ) -> "Report":
        """Return what the monitors say of a version, over their window or since a time."""
        from keepwell.monitoring.monitor import look

        spec, now = self._bench.spec.monitor, self._bench.clock.now()
        begin = since
        if begin is None:
            begin = now - (spec.window_seconds or 3600.0)
        return look(
            self._predictions,
            endpoint=endpoint,
            version=version,
            profile=self._profile(version),
            spec=spec,
            now=now,
            since=since,
            traffic=self.meter.since(endpoint, begin),
            sketches=self.sketches,
            floors=lambda rows: self.history.floors(version, self._profile(version), rows),
        )

    def _look(
        self, endpoint: Endpoint, champion: ModelVersion, since: float | None
    ) -> tuple[Look, ...]:
        """Look once; with `since`, numbers are measured from then on only: something is being watched."""
        from keepwell.monitoring.series import record as record_series

        report = self.report_since(endpoint.name, champion)
        report = self.history.joined(report, champion, self._predictions)
        told = self._notices.signals(endpoint.name)
        if told:
            report = replace(report, signals=_gravest((*report.signals, *told)))
        report = replace(report, signals=in_quarantine(report.signals, endpoint))
        record_series(self._measurements, report)
        looks = self._looks.setdefault(endpoint.name, deque(maxlen=REMEMBERED_LOOKS))
        seen = look_of(report)
        if since is not None:
            after = self.report_since(endpoint.name, champion, since)
            after = self.history.joined(after, champion, self._predictions)
            seen = replace(seen, measures=measures_of(after))
        seen = replace(seen, load=self._load.load(endpoint.name))
        beside = [signal for signals in self.beside for signal in signals(endpoint.name)]
        looks.append(replace(seen, signals=(*seen.signals, *beside)))
        return tuple(looks)

    def _profile(self, version: ModelVersion) -> Profile:
        if version.key not in self._profiles:
            from keepwell.monitoring.sketches.feeder import without_columns

            self._profiles[version.key] = without_columns(
                self._bench.registry.profile(version), self._bench.spec.serve.log.redact
            )
        return self._profiles[version.key]

    def _labels(
        self, endpoint: Endpoint, champion: ModelVersion, retrained: Sequence[float]
    ) -> tuple[int, int, int]:
        """Return how many rows came since the last training, there are in all, and the champion knew."""
        now, begun = self._bench.clock.now(), self._continuity.begun or 0.0
        times = (champion.created, *retrained)  # those yet to come are a wrong clock's: see `View`
        made, *later = [time if time <= now + SKEW else min(begun, now) for time in times]
        after = self._predictions.counts(endpoint.name, since=made).outcomes
        last = max(later, default=made)
        labels = after
        if last > made:
            labels = self._predictions.counts(endpoint.name, since=last).outcomes
        if champion.key not in self._learnt:
            before = self._predictions.counts(endpoint.name).outcomes - after
            own = self._own_rows()
            self._learnt[champion.key] = own and own + before
        learnt = self._learnt[champion.key]
        return labels, learnt + after, learnt

    def _own_rows(self) -> int:
        """Return how many rows the project's own data has; 0 where its model was brought along."""
        try:
            return self._bench.datasets.get(self._bench.spec.dataset).rows
        except NotFoundError:
            return 0

    def _last_deployment(self, endpoint: str) -> float | None:
        events = self._bench.metadata.events(
            ref=Ref("endpoint", endpoint), newest_first=True, limit=_EVENTS
        )
        return next((event.time for event in events if event.verb in _DEPLOYED), None)

    def _last_promotion(self, endpoint: str) -> float | None:
        """Return when the champion last changed; None if it is the first one."""
        events = self._bench.metadata.events(
            ref=Ref("endpoint", endpoint), newest_first=True, limit=_EVENTS
        )
        later: tuple[float, object] | None = None
        for event in events:
            champion = _champion(event.data or {})
            if champion is None:
                continue
            if later is not None and champion != later[1]:
                return later[0]
            later = (event.time, champion)
        return None

    def _happenings(self, endpoint: str) -> tuple[Happening, ...]:
        after = self._bench.clock.now() - HAPPENINGS_SECONDS
        found = []
        for kind, name in (("endpoint", "deployment"), ("dataset_version", "dataset")):
            for event in self._bench.metadata.events(kind=kind, newest_first=True, limit=20):
                elsewhere = kind == "endpoint" and event.ref.name != endpoint
                ours = event.ref.name.startswith(f"{live_dataset(self._bench)}/")
                if event.time < after or elsewhere or ours:
                    continue
                what = f"{event.ref.name} {event.verb}" + (f": {event.why}" if event.why else "")
                found.append(Happening(time=event.time, kind=name, what=what))
        found += self._unusual(endpoint, after)
        found += self._short_of()
        found += [one for one in self._notices.happenings() if one.time >= after]
        return tuple(sorted(found, key=lambda one: one.time))

    def _short_of(self) -> list[Happening]:
        """Return what this machine was short of within the last window."""
        from keepwell.monitoring.machines.starvation import starvation

        now, window = self._bench.clock.now(), self._bench.spec.monitor.window_seconds or 3600.0
        starved = starvation(self._measurements, now - window, now)
        if starved is None:
            return []
        return [Happening(time=starved.since, kind="machine", what=starved.message)]

    def _unusual(self, endpoint: str, after: float) -> list[Happening]:
        """Return what was unusual around an endpoint; its own quality and drift the monitors judge."""
        if self.anomalies is None:
            return []
        own = f"endpoint:{endpoint}"
        return [
            Happening(time=one.time, kind="anomaly", what=one.message)
            for one in self.anomalies(after)
            if not one.subject.startswith("endpoint:")
            or (one.subject == own and not one.series.startswith(("metric:", "drift:")))
        ]


def watched_since(memory: Memory) -> float | None:
    """Return since when something that was done is being watched; None if nothing is."""
    began = [
        one.began
        for one in memory.interventions
        if one.status == "watching" and one.settled is None and one.began is not None
    ]
    return max(began, default=None)


def _champion(data: Mapping[str, Any]) -> object:
    routes = (one for one in data.get("routes", ()) if isinstance(one, dict))
    return next((one.get("version") for one in routes if one.get("role") == "champion"), None)


def _gravest(signals: Sequence[Signal]) -> tuple[Signal, ...]:
    return tuple(sorted(signals, key=lambda signal: -signal.severity))


if TYPE_CHECKING:
    _: type[Views] = Sight
