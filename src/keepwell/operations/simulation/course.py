"""One policy's way through the past, look by look."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from keepwell.core.events import acting_as
from keepwell.core.identifiers import new_id
from keepwell.core.progress import Progress
from keepwell.core.records import Decision, Incident
from keepwell.operations.loop.actions import (
    AbortRollout,
    Action,
    AdvanceRollout,
    PromoteRollout,
    StartRollout,
)
from keepwell.operations.loop.executor import Executor
from keepwell.operations.loop.incidents import Incidents
from keepwell.operations.loop.retrainings import Retraining
from keepwell.operations.loop.tick import tick
from keepwell.operations.loop.view import View
from keepwell.operations.rollouts.evidence import Evidence
from keepwell.operations.rollouts.keeper import Keeper
from keepwell.operations.serving.history import JOINT_EVERY
from keepwell.operations.serving.sight import Sight
from keepwell.operations.simulation.actual import notable
from keepwell.operations.simulation.answering import Answering
from keepwell.operations.simulation.effects import NotedEffects, SimulatedEffects
from keepwell.operations.simulation.result import SIMULATED, Course, Retrained
from keepwell.operations.simulation.training import NoTraining, PastTraining
from keepwell.operations.simulation.world import PastWorld

Deciding = Callable[[View, float], Sequence[Action]]
"""What to do about a view at a time: `tick`, or what it is compared with."""

_JOINT_LOOKS = 24
"""So often, over the whole time, all columns together are compared: each takes a second of one core."""
_ROLLOUTS = (StartRollout, AdvanceRollout, PromoteRollout, AbortRollout)


class Walk:
    """Leads a loop through a past world.

    Args:
        world: The world.
        endpoint: Whom it looks after.
        seconds: How long the whole way is.
        train: Seconds that each retraining may use; None to note retrainings only.
        progress: Hears how far it is.
        deciding: Decides.
    """

    def __init__(
        self,
        world: PastWorld,
        endpoint: str,
        seconds: float,
        *,
        train: float | None,
        progress: Progress,
        deciding: Deciding = tick,
    ) -> None:
        self._world = world
        self._endpoint = endpoint
        self._deciding = deciding
        self._journal = Incidents(world.store, world.clock)
        self._retrained: dict[str, Retrained] = {}
        self._looks = 0
        bench = world.bench
        self._training: PastTraining | None = None
        self._answering: Answering | None = None
        self._keeper: Keeper | None = None
        self._noted = NotedEffects()
        evidence = Evidence(bench, world.predictions, world.tables)
        if train is not None:
            self._training = PastTraining(
                bench, lambda: world.predictions.labelled(endpoint), train, progress
            )
            real = bench.registry.versions(bench.spec.name)
            self._answering = Answering(
                bench, endpoint, frozenset(version.version for version in real)
            )
            self._keeper = Keeper(bench, evidence, None)
        self._sight = Sight(
            bench,
            predictions=world.predictions,
            measurements=world.store.measurements,
            incidents=self._journal,
            jobs=self._training or NoTraining(),
            collect=lambda: None,
            workers=list,
        )
        self._sight.steady = world.clock.now
        self._sight.history.joint_every = max(JOINT_EVERY, seconds / _JOINT_LOOKS)
        if self._training is not None:
            self._sight.evidence = evidence
        effects = (
            SimulatedEffects(bench, self._training) if self._training is not None else self._noted
        )
        self._executor = Executor(self._journal, effects, world.clock)

    def begin(self) -> None:
        """Let what lies before be there, as it was really answered."""
        logged = None if self._answering is None else lambda rows: rows
        self._world.rows.advance(self._world.clock.now(), logged)

    def look(self, time: float) -> None:
        """Move on to a time, look, decide, and do it."""
        world = self._world
        world.rows.advance(time, self._answering)
        world.record.follow(time)
        view = self._sight.view(self._endpoint)
        if view is None:
            return
        self._looks += 1
        actions = self._deciding(view, time)
        if (
            self._training is None
        ):  # what really was rolled out goes its way, whatever is thought of it
            actions = [action for action in actions if not isinstance(action, _ROLLOUTS)]
        with acting_as("loop"):
            self._executor.carry_out(view, actions)
        self._remember()
        for retraining in self._noted.asked:
            self._settle(view, retraining)
        self._noted.asked.clear()
        if self._keeper is not None:
            self._keeper.look()

    def course(self) -> Course:
        """Return what has been decided."""
        training = self._training
        done = [self._told(one) for one in self._retrained.values()]
        decided = self._journal.decisions(limit=None)
        notes = []
        if self._answering is not None and self._answering.refused:
            notes.append(
                f"{self._answering.refused:,} rows could not be answered anew and are left out"
            )
        return Course(
            name="",
            decisions=notable(sorted(decided, key=lambda one: one.id)),
            incidents=tuple(sorted(self._journal.find(), key=lambda one: one.opened)),
            retrainings=tuple(done),
            looks=self._looks,
            training=None if training is None else sum(training.took.values()),
            notes=tuple(notes),
        )

    def _remember(self) -> None:
        """Note how much was known when a retraining was decided."""
        for retraining in self._journal.retrainings(self._endpoint):
            if retraining.key not in self._retrained:
                known = self._world.predictions.counts(self._endpoint).outcomes
                self._retrained[retraining.key] = Retrained(request=retraining, outcomes=known)

    def _told(self, retrained: Retrained) -> Retrained:
        """Return a retraining with what came of it."""
        training, key = self._training, retrained.request.key
        result = None if training is None else training.result(key)
        if training is None or result is None:
            return retrained
        verdict, comparison = result.verdict, result.comparison
        return replace(
            retrained,
            status=result.status,
            seconds=training.took[key],
            candidate=result.candidate,
            window=result.window,
            passed=verdict is not None and verdict.passed,
            better=comparison is not None and comparison.better,
            error=result.error,
        )

    def _settle(self, view: View, retraining: Retraining) -> None:
        """End what was only noted: the cooldown runs, and the incident is closed as simulated."""
        now = self._world.clock.now()
        done = replace(retraining, settled=SIMULATED)
        about = retraining.incident
        incident = self._journal.get(about) if about else None
        reason = (
            f"it would be retrained here, on {self._retrained[retraining.key].outcomes:,} outcomes;"
            " nothing is trained in this simulation, so what follows from it is not known"
        )
        decision = Decision(
            id=new_id(now),
            time=now,
            endpoint=self._endpoint,
            action="close" if incident is not None else "note",
            reason=reason,
            incident=retraining.incident,
            outcome="done",
        )
        closed = None if incident is None else _closed(incident, view, reason, now)
        self._journal.write(decision, incident=closed, retraining=done)


def _closed(incident: Incident, view: View, reason: str, now: float) -> Incident:
    """Return an incident as closed; its signals are no news until they grow, or at another version."""
    return replace(
        incident,
        status="closed",
        closed=now,
        resolution=SIMULATED,
        summary=f"{reason[:1].upper()}{reason[1:]}.",
        accepted=tuple(one for one in incident.signals if view.is_current(one)),
    )
