"""Two control processes on one record: one of them acts, and the other goes on where it died."""

import pytest

from keepwell.core.errors import LostLeaseError
from keepwell.core.records import Decision, Incident
from keepwell.infrastructure.metadata import open_metadata
from keepwell.infrastructure.metadata.store import SqlMetadataStore
from keepwell.operations.leadership import Leadership, Place, fenced
from keepwell.operations.loop.executor import Executor
from keepwell.operations.loop.incidents import Incidents
from keepwell.operations.loop.retrainings import Retraining
from keepwell.operations.loop.service import LoopService
from keepwell.testing.loop_world import ENDPOINT, LoopWorld, make_signal


class Process:
    """A control process with a connection of its own; both look after the same endpoint."""

    def __init__(self, url: str, name: str, world: LoopWorld) -> None:
        self.store: SqlMetadataStore = open_metadata(url, clock=world.clock)
        self.time = 0.0
        self.leadership = Leadership(
            self.store.leases,
            Place(key=name, told=name),
            steady=lambda: self.time,
            running=lambda: self.time,
        )
        self.journal = Incidents(self.store, world.clock)
        executor = Executor(self.journal, fenced(world, self.leadership.check), world.clock)
        self.leadership.on_taken.append(executor.forget)
        self.look_after = self.leadership.only(LoopService(world, executor, world.clock, 1.0).look)


@pytest.fixture
def world() -> LoopWorld:
    world = LoopWorld()
    world.signals, world.live = (make_signal("drift", "age"),), {1: 0.6, 2: 0.9}
    return world


@pytest.fixture
def crew(record_url: str, world: LoopWorld) -> list[Process]:
    crew = [Process(record_url, name, world) for name in ("web-1", "web-2")]
    world.journal = crew[0].journal  # type: ignore[assignment]  # views read what is written
    return crew


def live(world: LoopWorld, crew: list[Process], looks: int) -> None:
    for _ in range(looks):
        world.clock.advance(world.policy.monitor.every)
        world._monitor()
        for process in crew:
            process.time += 10.0
            process.leadership.look()
            process.look_after()


def test_both_alive_act_once(world: LoopWorld, crew: list[Process]) -> None:
    live(world, crew, 24)
    (incident,) = crew[1].journal.find()
    assert incident.resolution == "healed"
    assert [call.split()[0] for call in world.calls] == [
        "retrain",
        "start_rollout",
        "advance_rollout",
        "promote_rollout",
    ]
    decided = [one.action for one in crew[1].journal.decisions(limit=None)]
    assert decided.count("open_incident") == 1
    for process in crew:
        process.store.close()


@pytest.mark.parametrize("dies_after", [1, 6])
def test_the_follower_goes_on_where_the_leader_died(
    world: LoopWorld, crew: list[Process], dies_after: int
) -> None:
    live(world, crew, dies_after)
    live(world, crew[1:], 24)
    (incident,) = crew[1].journal.find()
    assert (incident.resolution, world.champion) == ("healed", 2)
    assert len({call for call in world.calls if call.startswith("retrain ")}) == 1
    assert len(world.rollouts) == 1
    for process in crew:
        process.store.close()


def test_a_zombie_writes_nothing_and_starts_nothing(world: LoopWorld, crew: list[Process]) -> None:
    zombie, successor = crew
    live(world, crew, 2)  # the next look starts a retraining
    world.clock.advance(10.0)
    world._monitor()

    def paused(view: object) -> None:
        """Be paused between looking and acting, and miss that another one took over."""
        successor.time += 100.0
        successor.leadership.look()
        assert successor.leadership.leading

    recall = zombie.journal.recall

    def slow(endpoint: str, version: int) -> object:
        memory = recall(endpoint, version)
        paused(memory)
        return memory

    zombie.journal.recall = slow  # type: ignore[method-assign,assignment]
    before = len(successor.journal.decisions(limit=None))
    assert zombie.leadership.leading
    zombie.look_after()
    assert world.calls == []
    assert len(successor.journal.decisions(limit=None)) == before
    zombie.journal.recall = recall  # type: ignore[method-assign]
    live(world, crew[1:], 24)
    assert world.champion == 2
    for process in crew:
        process.store.close()


def test_a_journal_refuses_a_zombie_in_the_transaction(
    world: LoopWorld, crew: list[Process]
) -> None:
    from keepwell.core.events import fenced_by

    zombie, successor = crew
    zombie.leadership.look()
    fence = zombie.leadership.fence()
    successor.leadership.look()
    successor.time += 100.0
    successor.leadership.look()
    decision = Decision(id="d", time=1.0, endpoint=ENDPOINT, action="retrain", reason="drift")
    asked = Retraining(id="i-1", endpoint=ENDPOINT, baseline=1, decided=1.0, reason="drift")
    opened = Incident(id="i", endpoint=ENDPOINT, title="drift")
    with fenced_by(fence), pytest.raises(LostLeaseError):
        zombie.journal.write(decision, incident=opened, retraining=asked)
    assert successor.journal.find() == []
    assert successor.journal.decisions() == []
    for process in crew:
        process.store.close()
