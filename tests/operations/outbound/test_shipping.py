"""What a receiver has missed it is told later; one that is dead holds nobody up."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from elsewhere_world import NAME, NOW, told, watching

from keepwell.core.clock import ManualClock
from keepwell.core.errors import UnavailableError
from keepwell.core.spec import ExportSpec
from keepwell.operations.outbound import Shipment, read_states
from keepwell.operations.outbound.bundle import Bundle
from keepwell.workspace import Workspace

SPEC = ExportSpec(to="otlp", url="http://127.0.0.1:9")
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Heard:
    """Takes bundles, unless it is dead."""

    def __init__(self) -> None:
        self.bundles: list[Bundle] = []
        self.dead = False

    def send(self, bundle: Bundle) -> None:
        if self.dead:
            raise UnavailableError("nobody is there", why="it is dead")
        self.bundles.append(bundle)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def workspace(tmp_path: Path, clock: ManualClock) -> Iterator[Workspace]:
    with watching(tmp_path / "shop", clock) as workspace:
        yield workspace


def shipping(workspace: Workspace, heard: Heard) -> Shipment:
    shipment = Shipment(workspace.bench, workspace.predictions, SPEC, 0, lambda: [], NOW)
    shipment._receiver = heard
    return shipment


def test_what_was_missed_is_sent_later_and_once(workspace: Workspace, clock: ManualClock) -> None:
    heard = Heard()
    shipment = shipping(workspace, heard)
    assert shipment.run().failing is None
    assert heard.bundles[0].events == ()  # the past is nobody's news
    heard.dead = True
    workspace.registry.point(NAME, "trial", 1, why="a change")
    clock.advance(10)
    workspace.elsewhere.take(
        workspace.endpoints.read(NAME), [told(1, time=clock.now(), trace=TRACE), told(2)]
    )
    clock.advance(10)
    failed = shipment.run()
    assert (failed.failing, failed.error) == (NOW + 20, "nobody is there: it is dead")
    clock.advance(10)
    assert shipment.run().failing == NOW + 20
    (state,) = read_states(workspace.home, [SPEC])
    assert state.error

    again = shipping(workspace, heard)  # another process
    heard.dead = False
    assert again.run().failing is None
    (bundle,) = heard.bundles[1:]
    assert [event.why for event in bundle.events] == ["a change"]
    assert [one.trace for one in bundle.answered] == [TRACE]
    assert (bundle.answered[0].inputs, bundle.answered[0].prediction) == ("{}", "null")
    clock.advance(30)
    again.run()
    assert heard.bundles[2].events == ()
    assert heard.bundles[2].answered == ()


def test_a_real_receiver_that_is_away_is_told_of(workspace: Workspace) -> None:
    state = Shipment(workspace.bench, workspace.predictions, SPEC, 0, lambda: [], NOW).run()
    assert state.error == ""  # nothing to send: nobody is asked
    workspace.registry.point(NAME, "trial", 1)
    state = Shipment(workspace.bench, workspace.predictions, SPEC, 0, lambda: [], NOW).run()
    assert "cannot be reached" in state.error
