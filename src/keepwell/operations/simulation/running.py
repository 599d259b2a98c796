"""Replays the past of an endpoint against policies: the real `tick`, on what was known at each time.

past = Past(bench=…, tables=…, predictions=…, incidents=…)
found = simulate(past, "churn", [Candidate(name="as it is", spec=bench.spec)])
found.policies[0].retrainings
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from keepwell.core.errors import NotFoundError, UsageError
from keepwell.core.ports import TableStore
from keepwell.core.progress import Progress, SilentProgress
from keepwell.core.records import Endpoint, ModelVersion
from keepwell.core.spec import ProjectSpec
from keepwell.monitoring.prediction_log import PredictionLog
from keepwell.monitoring.prediction_log.schema import PREDICTIONS
from keepwell.operations.build.bench import Bench
from keepwell.operations.loop.incidents import Incidents
from keepwell.operations.loop.tick import tick
from keepwell.operations.simulation.actual import takeovers, what_happened
from keepwell.operations.simulation.course import Deciding, Walk
from keepwell.operations.simulation.pace import looks_of, step_of, told
from keepwell.operations.simulation.plan import Plan
from keepwell.operations.simulation.policies import Candidate
from keepwell.operations.simulation.quality import measure_quality
from keepwell.operations.simulation.record import champion_since
from keepwell.operations.simulation.result import Course, Simulation
from keepwell.operations.simulation.rows import PastLog, read_rows
from keepwell.operations.simulation.world import past_world

EARLIER = 30 * 86400.0
"""Seconds before the beginning from which rows are read, where a beginning is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Where the past is read from; nothing of it is written.

    Attributes:
        bench: The workspace's parts.
        tables: Its tables.
        predictions: Its prediction log.
        incidents: What its loop decided.
    """

    bench: Bench
    tables: TableStore
    predictions: PredictionLog
    incidents: Incidents


def simulate(
    past: Past,
    endpoint: str,
    policies: Sequence[Candidate],
    plan: Plan | None = None,
    *,
    progress: Progress | None = None,
    deciding: Deciding = tick,
) -> Simulation:
    """Return what each policy would have done, beside what really happened.

    Args:
        past: The workspace.
        endpoint: Where.
        policies: What to try.
        plan: What of the past, and how.
        progress: Hears how far it is.
        deciding: Decides in place of the loop's `tick`, for comparisons.

    Raises:
        NotFoundError: If there is no such endpoint, or it was never asked.
        UsageError: If its past cannot be replayed so.
    """
    replay = _Replay(past, endpoint, policies, plan or Plan())
    share = 1 / len(policies)
    courses = tuple(
        replay.follow(policy, _Part(progress or SilentProgress(), policy.name, at * share, share), deciding)
        for at, policy in enumerate(policies)
    )  # fmt: skip
    return replay.beside(courses)


class _Replay:
    """One stretch of the past, as every policy goes through it."""

    def __init__(
        self, past: Past, endpoint: str, policies: Sequence[Candidate], plan: Plan
    ) -> None:
        self._past = past
        self._plan = plan
        self._endpoint = past.bench.endpoints.read(endpoint)
        if plan.acts:
            _check_answerable(self._endpoint)
        if plan.train is not None:
            _check_trainable(past.bench, self._endpoint)
        earliest = None if plan.since is None else plan.since - EARLIER
        self._rows = read_rows(past.predictions, endpoint, since=earliest, until=plan.until)
        self._judge = _judge(past.bench, self._endpoint)
        self.since, self.until = self._bounds()
        wished = [step_of(one.spec.monitor, self.until - self.since) for one in policies]
        self.step = plan.step or min(wished)
        notes = [note for one in policies for note in told(one.spec.monitor, self.step)]
        self._notes = tuple(dict.fromkeys(notes))

    def follow(self, policy: Candidate, progress: Progress, deciding: Deciding) -> Course:
        """Return what one policy would have done."""
        times = looks_of(self.since, self.until, self.step)
        with past_world(
            self._past.bench,
            self._past.tables,
            self._paced(policy.spec),
            PastLog(*self._rows),
            self._endpoint,
            since=self.since,
            takeover=self._plan.acts,
        ) as world:
            walk = Walk(
                world,
                self._endpoint.name,
                self.until - self.since,
                plan=self._plan,
                progress=progress,
                deciding=deciding,
            )
            walk.begin()
            for number, time in enumerate(times):
                progress.update(f"look {number + 1} of {len(times)}", number / len(times))
                walk.look(time)
            course = replace(
                walk.course(),
                name=policy.name,
                takeovers=takeovers(
                    world.store, self._endpoint.name, since=self.since, until=self.until
                ),
            )
            if not self._plan.acts:
                return course
            answers = world.tables.dataset(PREDICTIONS).to_table()
            return replace(
                course,
                quality=measure_quality(
                    answers, self._rows[1], self._judge, since=self.since, until=self.until
                ),
            )

    def beside(self, courses: tuple[Course, ...]) -> Simulation:
        """Return the policies' courses beside what really happened."""
        asked, came = PastLog(*self._rows).between(self.since, self.until)
        actual = what_happened(
            self._past.bench.metadata,
            self._past.incidents,
            self._endpoint.name,
            since=self.since,
            until=self.until,
            quality=measure_quality(
                *self._rows, self._judge, since=self.since, until=self.until
            ),
        )  # fmt: skip
        return Simulation(
            endpoint=self._endpoint.name,
            since=self.since,
            until=self.until,
            step=self.step,
            predictions=asked,
            outcomes=came,
            policies=courses,
            actual=actual,
            trained=self._plan.train is not None,
            acted=self._plan.acts,
            notes=self._notes,
        )

    def _bounds(self) -> tuple[float, float]:
        log = PastLog(*self._rows)
        name = self._endpoint.name
        served = champion_since(self._past.bench.metadata, name)
        if log.first is None or log.last is None or served is None:
            raise NotFoundError(
                f"'{name}' has no past to replay"
                + ("" if served else ": nothing ever served there"),
                why="there is no prediction in its log"
                + ("" if self._plan.since is self._plan.until is None else " of that time"),
                now="keepwell up, ask it, and post outcomes; or import a log: keepwell monitor import",
            )
        since = max(self._plan.since or log.first, served)
        until = self._plan.until
        if until is None:  # one look at least, at what has just been asked
            until = max(log.end, since + 1.0) if log.last >= since else log.end
        if until <= since:
            raise UsageError(
                f"'{name}' has no past in the time that was asked for",
                why="it ends before the first version served, or before it begins",
                now="leave --from and --to out to replay everything",
            )
        return since, until

    def _paced(self, spec: ProjectSpec) -> ProjectSpec:
        """Return a project whose monitor knows how far apart its looks are."""
        monitor = replace(spec.monitor, every=self.step)
        if self._plan.train is None:
            return replace(spec, monitor=monitor)
        retrain = replace(spec.loop.retrain, budget=self._plan.train)
        return replace(spec, monitor=monitor, loop=replace(spec.loop, retrain=retrain))


class _Part:
    """The progress of one policy, as a part of that of all."""

    def __init__(self, whole: Progress, name: str, begin: float, share: float) -> None:
        self._whole = whole
        self._name = name
        self._begin = begin
        self._share = share
        self._done = begin

    def update(
        self, message: str, fraction: float | None = None, seconds_left: float | None = None
    ) -> None:
        """Tell it; what a training says of itself does not move the bar."""
        if message.startswith("look ") and fraction is not None:
            self._done = self._begin + self._share * fraction
        self._whole.update(f"{self._name}: {message}", self._done)


def _judge(bench: Bench, endpoint: Endpoint) -> ModelVersion:
    """Return the version by whose metric all answers are measured: the present champion."""
    return bench.registry.get(endpoint.model, endpoint.champion)


def _check_answerable(endpoint: Endpoint) -> None:
    """Refuse to act where nothing could be answered anew."""
    if endpoint.external:
        raise UsageError(
            f"nothing can be carried out for '{endpoint.name}'",
            why="its model answers somewhere else: what another one would have said is not known here",
            now="leave --act and --train out: what would be done is noted then",
        )


def _check_trainable(bench: Bench, endpoint: Endpoint) -> None:
    """Refuse to train where a retraining could not be repeated as of then."""
    if endpoint.external or endpoint.model != bench.spec.name or not bench.spec.learns:
        raise UsageError(
            f"nothing can be trained for '{endpoint.name}'",
            why="its model is not one that this project trains",
            now="leave --train out: retrainings are noted then",
        )
    task = _judge(bench, endpoint).signature.task
    if task.from_source or not task.supervised:
        raise UsageError(
            f"nothing can be trained for '{endpoint.name}' as of an earlier time",
            why=f"{task.value} is retrained from the source, which holds what came later, too",
            now="leave --train out: retrainings are noted then",
        )
