"""A world whose record, rollouts and hands are real, and whose control process can be killed anywhere.

Every commit (before it and after it), every probe, and every start and stop of a training is a place to die.
What survives is what would: the record, the live endpoint, the trainings, which are processes of their own.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from keepwell.core.events import Change, Event
from keepwell.core.records import Endpoint, Rollout
from keepwell.deployment.routing import Split
from keepwell.operations.loop.executor import Executor
from keepwell.operations.loop.incidents import Incidents
from keepwell.operations.loop.retrainings import Retraining
from keepwell.operations.loop.view import View
from keepwell.operations.serving.effects import LiveEffects
from keepwell.operations.serving.retraining_jobs import RetrainingJobs
from keepwell.testing.loop_world import ENDPOINT, LoopWorld, make_champion, make_policy
from keepwell.workspace import Workspace

PROJECT = """
project: churn
data: {source: data.csv, target: left}
serve: {rollout: {strategy: canary, steps: [10, 100], hold: 30s, watch: 0s}}
"""


class Killed(BaseException):
    """What `kill -9` looks like from inside: nobody catches it."""


class Fuse:
    """Burns down one place at a time, and kills at those that it was told."""

    def __init__(self) -> None:
        self.places: list[str] = []
        self.deadly: frozenset[int] = frozenset()

    def burn(self, place: str) -> None:
        self.places.append(place)
        if len(self.places) in self.deadly:
            raise Killed(place)


class DyingWorld(LoopWorld):
    """The simulated endpoint of `LoopWorld`, on a real workspace."""

    def __init__(self, folder: Path) -> None:
        super().__init__(make_policy(attempts=1))
        self.fuse = Fuse()
        folder.mkdir()
        (folder / "keepwell.yaml").write_text(PROJECT)
        self.workspace = Workspace.open(folder, clock=self.clock)
        store = self.workspace.metadata
        commit = store.commit

        def dying(changes: Sequence[Change]) -> list[Event]:
            what = "+".join(f"{change.ref.kind} {change.verb}" for change in changes)
            self.fuse.burn(f"before {what}")
            events = commit(changes)
            self.fuse.burn(f"after {what}")
            return events

        self.workspace.endpoints.deploy(ENDPOINT, ENDPOINT, 1, "the first")
        store.commit = dying  # type: ignore[method-assign]
        self.hands = LiveEffects(
            self.workspace.bench, cast("RetrainingJobs", _Trainings(self)), self._probe
        )
        self.journal = Incidents(store, self.clock)  # type: ignore[assignment]
        self.restart()

    def restart(self) -> None:
        """Let the control process die and come back: trainings are not its own."""
        self.executor = Executor(self.journal, self.hands, self.clock)

    def live_through(self, looks: int) -> None:
        for _ in range(looks):
            try:
                self.look()
            except Killed:
                self.restart()

    def ending(self) -> Mapping[str, Any]:
        """Return what counts in the end."""
        rollouts = self.workspace.rollouts.find()
        endpoint = self.workspace.endpoints.read(ENDPOINT)
        return {
            "incidents": [
                (one.status, one.resolution, one.candidate, one.attempts)
                for one in reversed(self.workspace.incidents.find())
            ],
            "champion": endpoint.champion,
            "routes": [(one.version, one.weight, one.role) for one in endpoint.routes],
            "rollout": endpoint.rollout,
            "rollouts": [(one.candidate, one.status) for one in rollouts],
            "trainings": len({call for call in self.calls if call.startswith("retrain ")}),
            "settled": [one.settled for one in self.workspace.incidents.retrainings(ENDPOINT)],
        }

    def view(self, endpoint: str = ENDPOINT) -> View:
        """Return the endpoint as the record shows it."""
        record = self.workspace.endpoints.read(endpoint)
        self.champion = record.champion or 0
        memory = self.journal.recall(endpoint, self.champion)
        running = self.workspace.rollouts.running(endpoint)
        shown = running or self._newest(memory.incident.id if memory.incident else "")
        return View(
            endpoint=record,
            champion=make_champion(self.champion),
            policy=self.policy,
            looks=tuple(self.looks),
            trial=self._trial(shown) if shown else None,
            result=self._result(memory.retraining) if memory.retraining else None,
            labels=self.labels,
            memory=memory,
        )

    def _newest(self, incident: str) -> Rollout | None:
        mine = [one for one in self.workspace.rollouts.find(ENDPOINT) if one.incident == incident]
        return mine[0] if mine and incident else None

    def _probe(self, endpoint: Endpoint, keys: Sequence[str]) -> Mapping[str, int]:
        """Answer as the record says, which the workers follow."""
        self.fuse.burn("before a probe")
        routes = self.workspace.endpoints.read(endpoint.name).routes
        split = Split(endpoint.name, routes)
        found = {key: routes[split.pick(key)].version for key in keys}
        self.fuse.burn("after a probe")
        return found


class _Trainings:
    """Trainings that go on whoever started them is dead or not."""

    def __init__(self, world: DyingWorld) -> None:
        self._world = world

    def start(self, retraining: Retraining) -> None:
        self._world.fuse.burn("before a start")
        LoopWorld.retrain(self._world, retraining)
        self._world.fuse.burn("after a start")

    def stop(self, retraining: str, reason: str) -> None:
        self._world.fuse.burn("before a stop")
        LoopWorld.stop_retraining(self._world, retraining, reason)
        self._world.fuse.burn("after a stop")
