"""The control process killed at any point of any action: the story ends as if nothing had happened.

The record, the rollouts and the loop's hands are the real ones; see `dying_world`.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from dying_world import DyingWorld
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keepwell.testing.loop_world import make_signal

LOOKS = 34


def healing(world: DyingWorld) -> None:
    world.signals, world.live = (make_signal("drift", "age"),), {1: 0.6, 2: 0.9}


def harmless(world: DyingWorld) -> None:
    healing(world)
    world.train = world.as_good


def failing(world: DyingWorld) -> None:
    healing(world)
    world.train = world.broken


def aborting(world: DyingWorld) -> None:
    healing(world)
    world.candidate_errors = 0.5


def hanging(world: DyingWorld) -> None:
    healing(world)
    world.training_seconds = 1e9
    world.policy = world.policy.__class__(
        loop=world.policy.loop,
        rollout=world.policy.rollout,
        monitor=world.policy.monitor,
        limits=world.policy.limits.__class__(attempts=1, retraining_seconds=60.0),
        budget=5.0,
    )


STORIES: dict[str, Callable[[DyingWorld], None]] = {
    one.__name__: one for one in (healing, harmless, failing, aborting, hanging)
}


def lived(folder: Path, story: str, deadly: frozenset[int]) -> DyingWorld:
    world = DyingWorld(folder)
    world.fuse.deadly = deadly
    STORIES[story](world)
    world.live_through(LOOKS)
    world.workspace.close()
    return world


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[object, int]]:
    found = {}
    for story in STORIES:
        world = DyingWorld(tmp_path_factory.mktemp("whole") / story)
        STORIES[story](world)
        world.live_through(LOOKS)
        found[story] = (world.ending(), len(world.fuse.places))
        world.workspace.close()
    return found


def test_a_story_without_a_death_ends_well(undisturbed: dict[str, tuple[object, int]]) -> None:
    endings = {story: ending for story, (ending, _) in undisturbed.items()}
    print(undisturbed)
    resolutions = {
        story: ending["incidents"][0][1]  # type: ignore[index]
        for story, ending in endings.items()
    }
    assert resolutions == {
        "healing": "healed",
        "harmless": "no_change",
        "failing": "failed",
        "aborting": "failed",
        "hanging": "failed",
    }


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(story=st.sampled_from(sorted(STORIES)), share=st.floats(0.0, 0.999))
def test_killed_anywhere_it_ends_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    undisturbed: dict[str, tuple[object, int]],
    story: str,
    share: float,
) -> None:
    whole, places = undisturbed[story]
    deadly = 1 + int(share * places)
    world = DyingWorld(tmp_path_factory.mktemp("dying") / story)
    world.fuse.deadly = frozenset({deadly})
    STORIES[story](world)
    world.live_through(LOOKS)
    ending = world.ending()
    world.workspace.close()
    assert ending == whole, f"killed {world.fuse.places[deadly - 1]}"
