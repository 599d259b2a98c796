"""The control process killed at any point of any action: the story ends as if nothing had happened.

The record, the rollouts and the loop's hands are the real ones; see `dying_world`. Each commit, probe and
start is a place to die; there are over a hundred in these stories.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dying_world import DyingWorld
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.testing.loop_world import make_signal

Whole = tuple[Any, int]
"""How a story ends without a death, and in how many places one can die in it."""


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
    limits = replace(world.policy.limits, retraining_seconds=60.0)
    world.policy = replace(world.policy, limits=limits, budget=5.0)


STORIES: dict[str, tuple[Callable[[DyingWorld], None], int, str]] = {
    "healing": (healing, 26, "healed"),
    "harmless": (harmless, 10, "no_change"),
    "failing": (failing, 10, "failed"),
    "aborting": (aborting, 16, "failed"),
    "hanging": (hanging, 18, "failed"),
}


def lived(folder: Path, story: str, deadly: frozenset[int] = frozenset()) -> DyingWorld:
    """Return the world in which a story took place, with a death in each of those places."""
    prepare, looks, _ = STORIES[story]
    world = DyingWorld(folder / story)
    world.fuse.deadly = deadly
    prepare(world)
    world.live_through(looks + 3 * len(deadly))
    return world


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Whole]:
    found = {}
    for story in STORIES:
        world = lived(tmp_path_factory.mktemp("whole"), story)
        found[story] = (world.ending(), len(world.fuse.places))
        world.workspace.close()
    return found


def test_without_a_death_each_story_ends_as_it_should(whole: dict[str, Whole]) -> None:
    endings = {story: ending["incidents"][0][1] for story, (ending, _) in whole.items()}
    assert endings == {story: resolution for story, (_, _, resolution) in STORIES.items()}
    assert sum(places for _, places in whole.values()) > 100


@settings(max_examples=12, deadline=None)
@given(
    story=st.sampled_from(sorted(STORIES)),
    shares=st.lists(st.floats(0.0, 0.999), min_size=1, max_size=2),
)
def test_killed_anywhere_it_ends_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    whole: dict[str, Whole],
    story: str,
    shares: list[float],
) -> None:
    expected, places = whole[story]
    deadly = frozenset(1 + int(share * places) for share in shares)
    world = lived(tmp_path_factory.mktemp("dying"), story, deadly)
    ending = world.ending()
    world.workspace.close()
    killed = [world.fuse.places[place - 1] for place in deadly if place <= len(world.fuse.places)]
    assert ending == expected, f"killed {killed}"
