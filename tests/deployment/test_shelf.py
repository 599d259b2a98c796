"""The law by which models go, with fakes and a hand-moved clock."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.errors import IntegrityError, UnavailableError
from keepwell.core.records import Signature, Task
from keepwell.deployment.scoring.scorer import Scorer, Scores
from keepwell.deployment.server.shelf import Shelf, ShelvedScorer
from keepwell.deployment.server.shelf.footprint import measured, resident
from keepwell.deployment.server.shelf.shelved import UnloadedError

SIGNATURE = Signature(task=Task.REGRESSION, target="y", inputs=())
SIZES = (10, 20, 30, 40, 70)


class Fake:
    """A scorer that answers its own number."""

    compiled = True

    def __init__(self, number: int = 0) -> None:
        self.number = number

    def quick(self, rows: int) -> bool:
        return True

    def row(self, values: Sequence[Any]) -> list[float]:
        return [float(self.number)]

    def rows(self, instances: Sequence[Mapping[str, Any]]) -> Scores:
        return Scores(predictions=[self.number] * len(instances))


class World:
    """A shelf of fakes, the memory that they take, and a clock."""

    def __init__(self, budget: int | None = None, idle: float | None = None) -> None:
        self.now = 0.0
        self.memory = 1000
        self.shelf = Shelf(clock=self.clock, resident=lambda: self.memory)
        self.shelf.allow(budget, idle)
        self.loads = 0

    def clock(self) -> float:
        self.now += 1e-6  # no two moments are the same
        return self.now

    def put(self, number: int, size: int, bundle: int = 1) -> ShelvedScorer:
        def load() -> Scorer:
            self.loads += 1
            self.memory += size
            return cast("Scorer", Fake(number))

        self.now = round(self.now) + 1.0
        return self.shelf.put(SIGNATURE, load, bundle, f"version {number}")


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "glance", "hold", "release", "wait", "sweep"]),
        st.integers(0, len(SIZES) - 1),
    ),
    max_size=40,
)


class Play:
    """Uses models of a world, and knows when each was used and what is held."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.books = [world.put(number, size) for number, size in enumerate(SIZES)]
        self.used = {number: number + 1.0 for number in range(len(SIZES))}
        self.held: dict[int, tuple[ExitStack, Scorer]] = {}

    def loaded(self) -> set[int]:
        return {number for number, book in enumerate(self.books) if book.scorer is not None}

    def do(self, step: str, at: int) -> None:
        self.world.now = round(self.world.now) + 1.0
        if getattr(self, step)(at):
            self.used[at] = self.world.now

    def ask(self, at: int) -> bool:
        cold = at not in self.loaded()
        scores = self.books[at].rows([{}])
        assert scores.predictions == [at]
        assert (scores.cold_start > 0) is cold
        return True

    def glance(self, at: int) -> bool:
        return self.books[at].at_hand() is not None

    def hold(self, at: int) -> bool:
        if at in self.held:
            return False
        stack = ExitStack()
        self.held[at] = stack, stack.enter_context(self.books[at].held())[0]
        return True

    def release(self, at: int) -> bool:
        if at not in self.held:
            return False
        self.held.pop(at)[0].close()
        return True

    def sweep(self, at: int) -> bool:
        self.world.shelf.sweep()
        return False

    def wait(self, at: int) -> bool:
        return False


@given(steps=STEPS, budget=st.none() | st.integers(1, 150), idle=st.none() | st.just(3.5))
@settings(max_examples=150, deadline=None)
def test_the_least_recently_used_goes_and_nothing_goes_from_under_its_user(
    steps: list[tuple[str, int]], budget: int | None, idle: float | None
) -> None:
    play = Play(World(budget, idle))
    for step, at in steps:
        before, used, loads = play.loaded(), dict(play.used), play.world.loads
        play.do(step, at)
        after = play.loaded()
        gone, free = before - after, after - play.held.keys()
        assert all(play.books[number].scorer is held for number, (_, held) in play.held.items())
        if step == "sweep":
            limit = -1.0 if idle is None else play.world.now - idle
            assert gone == {n for n in before - play.held.keys() if used[n] <= limit}
        else:
            assert all(used[left] < play.used[stays] for left in gone - {at} for stays in free)
        if budget is not None and (step == "ask" or play.world.loads > loads):
            total = sum(SIZES[number] for number in after)
            assert total <= budget or after <= play.held.keys() | {at}
    for stack, _ in play.held.values():
        stack.close()


def test_a_model_counts_for_what_it_was_measured_to_take_or_its_bundle() -> None:
    world = World(budget=1000)
    assert world.put(1, size=500, bundle=20).size == 500
    assert world.put(2, size=0, bundle=20).size == 20
    assert world.shelf.models().bytes == 520


def test_libraries_that_a_first_model_brings_are_not_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import sys

    memory = [0]

    def load() -> Scorer:
        if "a_library_of_its_own" not in sys.modules:
            monkeypatch.setitem(sys.modules, "a_library_of_its_own", cast("Any", object()))
            memory[0] += 9000
        memory[0] += 5
        return cast("Scorer", Fake())

    assert measured(load, lambda: memory[0])[1] == 5
    assert measured(load, lambda: memory[0])[1] == 5


def test_who_comes_while_a_model_is_being_loaded_waits_for_that_load(
    until: Callable[..., None],
) -> None:
    world = World(budget=1)
    first, _ = world.put(1, 10), world.put(2, 10)
    assert first.scorer is None
    plain, gate, began = first.load, threading.Event(), threading.Event()

    def slow() -> Scorer:
        began.set()
        assert gate.wait(10)
        return plain()

    first.load = slow
    before = world.loads
    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(first.rows, [{}]) for _ in range(8)]
        assert began.wait(10)
        time.sleep(0.05)
        gate.set()
        answers = [job.result(10) for job in jobs]
    assert [one.predictions for one in answers] == [[1]] * 8
    assert world.loads == before + 1
    assert first.pins == 0
    assert world.shelf.models().loads == {"start": 2, "demand": 1}


def test_a_load_that_fails_is_shared_and_tried_again_by_who_comes_later() -> None:
    world = World(budget=1)
    first, _ = world.put(1, 10), world.put(2, 10)
    plain, gate, tries = first.load, threading.Event(), []

    def broken() -> Scorer:
        tries.append(1)
        assert gate.wait(10)
        raise IntegrityError("a file is not what it was", why="its digest differs")

    first.load = broken
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(first.rows, [{}]) for _ in range(4)]
        time.sleep(0.1)
        gate.set()
        errors = [job.exception(10) for job in jobs]
    assert all(isinstance(error, UnavailableError) for error in errors)
    assert {cast("UnavailableError", error).why for error in errors} == {
        "IntegrityError: a file is not what it was (its digest differs)"
    }
    assert len(tries) == 1
    first.load = plain
    assert first.rows([{}]).predictions == [1]


def test_the_short_way_does_not_score_by_what_is_unloaded() -> None:
    world = World(budget=1)
    first, second = world.put(1, 10), world.put(2, 10)
    row = first.row
    assert not first.quick(1)
    with pytest.raises(UnloadedError):
        row([])
    assert second.quick(1)
    assert second.row([]) == [2.0]
    first.rows([{}])
    assert first.quick(1)
    assert row([]) == [1.0]  # what was bound before it went finds the new one


def test_what_is_withdrawn_goes_once_nobody_uses_it() -> None:
    world = World(budget=1000)
    first, second = world.put(1, 10), world.put(2, 10)
    with first.held() as (scorer, _):
        world.shelf.keep([second, object()])
        assert first.scorer is scorer
    assert first.scorer is None
    assert second.scorer is not None
    assert world.shelf.models().unloads == {"withdrawn": 1}
    assert first.rows([{}]).predictions == [1]  # a request of before, that comes to it late
    assert first.scorer is None


def test_a_smaller_budget_is_kept_at_once() -> None:
    world = World(budget=1000)
    books = [world.put(number, 10) for number in range(4)]
    world.shelf.allow(25, None)
    world.shelf.keep(books)
    assert [book.scorer is not None for book in books] == [False, False, True, True]
    assert world.shelf.models().unloads == {"budget": 2}


def test_a_model_that_does_not_load_is_not_taken_in() -> None:
    world = World(idle=1.0)

    def broken() -> Scorer:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        world.shelf.put(SIGNATURE, broken, 10)
    assert world.shelf.models().loaded == 0
    assert world.put(1, 10).rows([{}]).predictions == [1]


def test_what_is_unloaded_gives_its_memory_back_to_the_machine() -> None:
    class Large(Fake):
        def __init__(self) -> None:
            super().__init__()
            self.cells = [bytes(1000) for _ in range(60_000)]

    shelf = Shelf()
    shelf.allow(None, 0.0)
    before = resident()
    book = shelf.put(SIGNATURE, lambda: cast("Scorer", Large()), 1)
    assert book.size > 50 << 20
    assert resident() - before > 50 << 20
    shelf.sweep()
    assert shelf.models().loaded == 0
    assert resident() - before < 10 << 20
