"""The service looks, decides, acts, and survives whatever a look throws at it."""

import threading
from collections.abc import Sequence

import pytest

from keepwell.core.clock import ManualClock
from keepwell.operations.loop.effects import NoEffects
from keepwell.operations.loop.executor import Executor
from keepwell.operations.loop.journal import DraftJournal
from keepwell.operations.loop.service import LoopService
from keepwell.operations.loop.view import View
from keepwell.testing.loop_world import ENDPOINT, LoopWorld, make_signal


class ShakyViews:
    """Shows one healthy endpoint, one that cannot be looked at, and one without a champion."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.world = LoopWorld()
        self.enough = threading.Event()

    def endpoints(self) -> Sequence[str]:
        return ("shaky", "empty", ENDPOINT)

    def view(self, endpoint: str) -> View | None:
        self.asked.append(endpoint)
        if self.asked.count(ENDPOINT) >= 3:
            self.enough.set()
        if endpoint == "shaky":
            raise RuntimeError("the report cannot be read")
        return None if endpoint == "empty" else self.world.view()


def service_over(views: ShakyViews) -> tuple[LoopService, DraftJournal]:
    journal, clock = DraftJournal(), ManualClock(100.0)
    return LoopService(views, Executor(journal, NoEffects(), clock), clock, every=0.001), journal


def test_a_look_that_fails_is_recorded_once_and_stops_nothing() -> None:
    views = ShakyViews()
    service, journal = service_over(views)
    for _ in range(3):
        service.look()
    assert views.asked == ["shaky", "empty", ENDPOINT] * 3
    (decision,) = journal.decisions.values()
    assert decision.endpoint == "shaky"
    assert decision.outcome == "failed: RuntimeError: the report cannot be read"


def test_a_journal_that_fails_stops_nothing_either(monkeypatch: pytest.MonkeyPatch) -> None:
    views = ShakyViews()
    service, journal = service_over(views)

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(journal, "write", full)
    assert service.look() == []
    assert views.asked[-1] == ENDPOINT


def test_endpoints_that_cannot_be_listed_are_looked_at_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    views = ShakyViews()
    service, _ = service_over(views)

    def away() -> Sequence[str]:
        raise OSError("the database is away")

    monkeypatch.setattr(views, "endpoints", away)
    assert service.look() == []


def test_a_look_decides_and_acts() -> None:
    world = LoopWorld()
    world.signals, world.labels = (make_signal("drift", "age"),), 500
    world.look(times=1)
    service = LoopService(world, world.executor, world.clock, every=1.0)
    world.clock.advance(10.0)
    world._monitor()
    assert [decision.action for decision in service.look()] == ["open_incident"]


def test_it_runs_in_the_background_until_stopped() -> None:
    views = ShakyViews()
    service, _ = service_over(views)
    service.start()
    service.start()
    assert views.enough.wait(10.0)
    service.stop()
    asked = len(views.asked)
    assert not any(thread.name == "loop" for thread in threading.enumerate())
    assert len(views.asked) == asked
