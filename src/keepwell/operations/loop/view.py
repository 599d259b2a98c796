"""Everything the loop knows about one endpoint at one time, as one frozen value.

`tick` sees nothing else, so a test writes the world down by hand, a dry run needs no second code path,
and two processes that see the same decide the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from keepwell.core.records import (
    Endpoint,
    Estimate,
    Incident,
    Intervention,
    ModelVersion,
    Rollout,
    Signal,
)
from keepwell.operations.loop.load import UNKNOWN_LOAD, Load
from keepwell.operations.loop.policy import Policy
from keepwell.operations.loop.retrainings import Retraining, RetrainingResult
from keepwell.operations.rollouts.paired import Paired
from keepwell.operations.rollouts.ratio import Ratio

SKEW = 120.0
"""Seconds that clocks of several machines may differ without being taken for wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveMetric:
    """How good a version's answers turned out to be, over the monitor's window.

    Attributes:
        name: The metric.
        version: The version that answered.
        value: Measured on the rows whose outcomes came, with its interval.
        rows: How many those are.
        expected: What the version promised: its value on the test rows.
    """

    name: str
    version: int
    value: Estimate
    rows: int
    expected: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the monitor reported at one time about the champion.

    Attributes:
        time: When it looked, Unix seconds.
        version: The champion's version then.
        rows: Predictions of that version in the window.
        signals: What is outside its limits.
        live: The live metric, if outcomes came.
        measures: Measured numbers by the name of their series: `latency_p95_ms`, `latency_p50_ms`,
            `error_rate`, `requests_per_second` of the endpoint as a whole; `metric:NAME`, `drift:COLUMN`,
            `missing:COLUMN` of the champion. What was not measured is not there.
        load: How much is asked for.
    """

    time: float
    version: int
    rows: int
    signals: tuple[Signal, ...] = ()
    live: LiveMetric | None = None
    measures: Mapping[str, float] = field(default_factory=dict)
    load: Load = UNKNOWN_LOAD


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteStats:
    """What one version did during the current step of a rollout.

    Attributes:
        version: Which.
        requests: Rows that it was asked for, failed ones included.
        errors: Of them not answered for a reason on our side.
        latency_p95_ms: Of its answers; None if there were none.
        prediction_drift: How far its predictions are from those of its own evaluation (the distance
            that the monitor uses for prediction drift); None if there are too few.
        live: Its metric, if outcomes came.
    """

    version: int
    requests: int = 0
    errors: int = 0
    latency_p95_ms: float | None = None
    prediction_drift: float | None = None
    live: LiveMetric | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A rollout with what both of its versions did since its current step began.

    `baseline` falls back to the monitor's window before the rollout where the candidate has all the
    traffic.

    Attributes:
        rollout: The rollout.
        candidate: What the candidate did.
        baseline: What the champion did.
        paired: Both on the same rows, scored off the path; None where nothing was.
        ratio: Whether each got the keys that it should have; None where that was not counted.
        slow: How many of the candidate's requests took longer than `Limits.latency_factor` and
            `latency_floor_ms` allow, and how many it answered; None where there is nothing to compare with.
    """

    rollout: Rollout
    candidate: RouteStats
    baseline: RouteStats
    paired: Paired | None = None
    ratio: Ratio | None = None
    slow: tuple[int, int] | None = None

    @property
    def unserved(self) -> bool:
        """Whether the candidate is loaded and has no share yet."""
        history = self.rollout.history
        return bool(history) and history[-1].percent == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A signal that an earlier incident ended with, and that is not news until it grows.

    Attributes:
        kind: As in `Signal`.
        column: As in `Signal`.
        version: The version that it was seen at; another version makes it news again.
        value: The largest that it was.
        incident: The incident that accepted it.
        until: When it is news again all the same; None for never.
    """

    kind: str
    column: str
    version: int
    value: float
    incident: str
    until: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that changed around the endpoint: material for the question "why?".

    `kind` is `deployment`, `dataset`, `contract`, `configuration`, `anomaly`, `machine` (what it was short
    of), or `external`: an alert of another system.
    """

    time: float
    kind: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingUse:
    """What retrainings take, over all endpoints.

    Attributes:
        running: Retrainings of other endpoints that train now.
        used: Seconds that all of them really took within `loop.limits.per`.
    """

    running: int = 0
    used: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What the loop itself wrote down earlier; `Incidents.recall` reads it.

    Attributes:
        incident: The one that is not closed.
        retraining: The newest one, if its result has not been settled.
        last_retraining: When the newest one that trains was decided; None if there was none.
        retrained: When the last ones were decided: some of it may have been by a clock that was wrong.
        accepted: Signals that are no news.
        lately: The last ones whose signals went away by themselves, newest first.
        retrainings: The latest ones, settled or not, oldest first.
        interventions: All that are not over, and the latest that are, in the order that they were decided.
    """

    incident: Incident | None = None
    retraining: Retraining | None = None
    last_retraining: float | None = None
    retrained: tuple[float, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    lately: tuple[Incident, ...] = ()
    retrainings: tuple[Retraining, ...] = ()
    interventions: tuple[Intervention, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One endpoint as the loop sees it.

    Attributes:
        endpoint: Its record.
        champion: The version with the champion's role.
        policy: What may be done.
        direction: +1 if a higher value of the champion's metric is better, -1 if a lower one is.
        looks: The monitor's latest reports, newest last; a handful is enough (`Limits.looks` and
            `Limits.quiet_looks` say how many are asked for).
        trial: The rollout in progress, whoever started it; else the newest one of the open incident,
            ended as it is; else None.
        result: How far `memory.retraining` is; None if nobody works on it.
        labels: Outcomes that came for predictions made since the last training.
        known: Rows with outcomes that there are to learn from, the project's own included.
        learnt: How many of them there were when the champion was trained; 0 where that is not known.
        last_deployment: When the routes last changed other than by a step of a rollout.
        last_promotion: When the champion last changed, by whatever; None if it never did.
        previous: The version that was champion before; 0 if there was none.
        training: What retrainings take, over all endpoints.
        happenings: What changed around it lately, oldest first.
        memory: What the loop wrote down.
        begun: Since when the clock has gone without being set back, as far as is known.
        gaps: When nobody looked though time went on: the machine slept, or its clock was set forward.
    """

    endpoint: Endpoint
    champion: ModelVersion
    policy: Policy = field(default_factory=Policy)
    direction: int = 1
    looks: tuple[Look, ...] = ()
    trial: Trial | None = None
    result: RetrainingResult | None = None
    labels: int = 0
    known: int = 0
    learnt: int = 0
    last_deployment: float | None = None
    last_promotion: float | None = None
    previous: int = 0
    training: TrainingUse = TrainingUse()
    happenings: tuple[Happening, ...] = ()
    memory: Memory = Memory()
    begun: float | None = None
    gaps: tuple[tuple[float, float], ...] = ()

    def moment(self, written: float, now: float) -> float:
        """Return when something happened that was written down with a time.

        A time that is yet to come was written by a clock that was wrong. What happened then happened, as
        far as can be known, before the clock was set right: nothing may wait until it comes.
        """
        if written <= now:
            return written
        return now if written <= now + SKEW else min(self.begun or 0.0, now)

    def retrained(self, now: float) -> float | None:
        """Return when the newest retraining was decided, as far as can be believed; None if none was."""
        last = self.memory.last_retraining
        times = self.memory.retrained or (() if last is None else (last,))
        return max((self.moment(time, now) for time in times), default=None)

    def watched(self, written: float, now: float) -> float:
        """Return for how many seconds since a time the endpoint was looked after: never negative."""
        since = self.moment(written, now)
        lost = sum(max(0.0, min(end, now) - max(begin, since)) for begin, end in self.gaps)
        return max(0.0, now - since - lost)

    @property
    def look(self) -> Look | None:
        """The newest look."""
        return self.looks[-1] if self.looks else None

    @property
    def signals(self) -> tuple[Signal, ...]:
        """What the newest look found."""
        return self.looks[-1].signals if self.looks else ()

    @property
    def live(self) -> LiveMetric | None:
        """The newest live metric."""
        return self.looks[-1].live if self.looks else None

    @property
    def measures(self) -> Mapping[str, float]:
        """The newest look's measured numbers."""
        return self.looks[-1].measures if self.looks else {}

    @property
    def load(self) -> Load:
        """How much is asked for, by the newest look."""
        return self.looks[-1].load if self.looks else UNKNOWN_LOAD

    @property
    def interventions(self) -> tuple[Intervention, ...]:
        """What was done or proposed besides training, in the order that it was decided."""
        return self.memory.interventions

    @property
    def incident(self) -> Incident | None:
        """The open incident."""
        return self.memory.incident

    @property
    def retraining(self) -> Retraining | None:
        """The retraining whose result is still to be settled."""
        return self.memory.retraining

    @property
    def rollout(self) -> Rollout | None:
        """The rollout in progress."""
        trial = self.trial
        return trial.rollout if trial and trial.rollout.status == "running" else None

    def is_current(self, signal: Signal) -> bool:
        """Tell whether a signal is about the champion, or about the endpoint as a whole."""
        return signal.version in (0, self.champion.version)

    def earlier(self) -> Self | None:
        """Return the view as of the look before the newest; None if there was none."""
        return replace(self, looks=self.looks[:-1]) if len(self.looks) > 1 else None
