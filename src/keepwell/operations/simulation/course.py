"""One policy's way through the past, look by look."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from keepwell.core.events import acting_as
from keepwell.core.progress import Progress
from keepwell.core.records import Intervention
from keepwell.operations.loop.actions import (
    AbortRollout,
    Action,
    AdvanceRollout,
    PromoteRollout,
    StartRollout,
)
from keepwell.operations.loop.executor import Executor
from keepwell.operations.loop.incidents import Incidents
from keepwell.operations.loop.tick import tick
from keepwell.operations.loop.view import View
from keepwell.operations.rollouts.evidence import Evidence
from keepwell.operations.rollouts.keeper import Keeper
from keepwell.operations.serving.history import JOINT_EVERY
from keepwell.operations.serving.sight import Sight
from keepwell.operations.simulation.acting.answering import Answering
from keepwell.operations.simulation.acting.assent import EVERYBODY, agree, told
from keepwell.operations.simulation.acting.effects import (
    NotedEffects,
    SimulatedEffects,
    playbooks_of,
)
from keepwell.operations.simulation.acting.settling import Settling
from keepwell.operations.simulation.actual import notable
from keepwell.operations.simulation.plan import Plan
from keepwell.operations.simulation.result import Course, Intervened, Retrained
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
        plan: What is carried out, and what is noted only.
        progress: Hears how far it is.
        deciding: Decides.
    """

    def __init__(
        self,
        world: PastWorld,
        endpoint: str,
        seconds: float,
        *,
        plan: Plan,
        progress: Progress,
        deciding: Deciding = tick,
    ) -> None:
        self._world = world
        self._endpoint = endpoint
        self._deciding = deciding
        self._journal = Incidents(world.store, world.clock)
        self._retrained: dict[str, Retrained] = {}
        self._looks = 0
        self._plan = plan
        acts, train = plan.acts, plan.train
        self._settling = Settling(self._journal, world.clock, endpoint, acts=acts)
        bench = world.bench
        self._training: PastTraining | None = None
        self._answering: Answering | None = None
        self._keeper: Keeper | None = None
        evidence = Evidence(bench, world.predictions, world.tables)
        if train is not None:
            self._training = PastTraining(
                bench, lambda: world.predictions.labelled(endpoint), train, progress
            )
        if acts:
            self._answering = Answering(bench, endpoint, range(1, world.real + 1))
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
        if acts:
            self._sight.evidence = evidence
        self._effects = (
            SimulatedEffects(bench, self._training, playbooks_of(world)) if acts else NotedEffects()
        )
        self._executor = Executor(self._journal, self._effects, world.clock)

    def begin(self) -> None:
        """Let what lies before be there, as it was really answered."""
        logged = None if self._answering is None else lambda rows: rows
        self._world.rows.advance(self._world.clock.now(), logged)

    def look(self, time: float) -> None:
        """Move on to a time, look, decide, and do it."""
        world = self._world
        for stop in (*world.record.stops(time), time):  # where people changed who answers
            world.rows.advance(stop, self._answering)
            world.record.follow(stop)
        view = self._sight.view(self._endpoint)
        if view is None:
            return
        self._looks += 1
        actions = self._deciding(view, time)
        if (
            not self._plan.acts
        ):  # what really was rolled out goes its way, whatever is thought of it
            actions = [action for action in actions if not isinstance(action, _ROLLOUTS)]
        with acting_as("loop"):
            self._executor.carry_out(view, actions)
        self._remember()
        self._settle(view)
        if self._plan.approve == EVERYBODY:
            agree(self._journal, self._endpoint)
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
        intervened = sorted(
            self._journal.interventions(self._endpoint), key=lambda one: one.decided
        )
        notes += told(self._plan.approve, sum(bool(one.approval) for one in intervened))
        return Course(
            name="",
            decisions=notable(reversed(decided)),
            incidents=tuple(sorted(self._journal.find(), key=lambda one: one.opened)),
            retrainings=tuple(done),
            interventions=tuple(
                Intervened(intervention=one, simulated=self._is_simulated(one))
                for one in intervened
            ),
            looks=self._looks,
            training=None if training is None else training.seconds,
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
            seconds=result.seconds,
            candidate=result.candidate,
            window=result.window,
            passed=verdict is not None and verdict.passed,
            better=comparison is not None and comparison.better,
            error=result.error,
        )

    def _settle(self, view: View) -> None:
        """End what was only noted."""
        asked, noted = self._effects.asked, self._effects.noted
        for retraining in asked:
            outcomes = self._retrained[retraining.key].outcomes
            self._settling.retraining(view, retraining, outcomes)
        for one in noted:
            self._settling.intervention(one)
        asked.clear()
        noted.clear()

    def _is_simulated(self, one: Intervention) -> bool:
        """Tell whether answers followed from it."""
        return self._plan.acts and one.began is not None and one.key not in self._settling.noted
