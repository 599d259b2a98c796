"""From what is measured to what is told and done, over a real workspace."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.ports import Point
from keepwell.core.records import Decision, Incident, Signal
from keepwell.operations.alerts.reading import Machine, Reader
from keepwell.operations.alerts.watcher import Watcher
from keepwell.operations.loop.actions import ReopenIncident
from keepwell.operations.loop.transitions import reopened
from keepwell.operations.serving.alerting import watcher_of
from keepwell.workspace import Workspace

RULES = """
project: shop
data: {source: a.csv}
alerts:
  channels: {ops: {log: true}}
  rules:
    - {name: slow, metric: latency_p95_ms, above: 200, act: retrain}
    - {name: busy, metric: requests, above: 100, act: scale, workers: 3}
"""


@pytest.fixture(autouse=True)
def no_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the machine that tests run on out of it."""
    monkeypatch.setattr(Reader, "_machine", lambda self: None)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    (tmp_path / "keepwell.yaml").write_text(RULES)
    with Workspace.open(tmp_path, clock=ManualClock(1_000_000.0)) as workspace:
        workspace.endpoints.deploy("shop", "shop", 1)
        yield workspace


def advance(workspace: Workspace, seconds: float = 10.0) -> float:
    assert isinstance(workspace.clock, ManualClock)
    workspace.clock.advance(seconds)
    return workspace.clock.now()


def measure(workspace: Workspace, name: str, value: float) -> None:
    point = Point(name, workspace.clock.now(), value)
    workspace.measurements.append("endpoint:shop", [point])


def look(
    watcher: Watcher, workspace: Workspace, times: int = 1, seconds: float = 10.0
) -> list[str]:
    kinds = []
    for _ in range(times):
        advance(workspace, seconds)
        kinds += [f"{one.channel} {one.kind}" for one in watcher.look().deliveries]
    return kinds


def test_a_rule_is_told_and_bound_to_the_loop(workspace: Workspace) -> None:
    watcher = watcher_of(workspace, "http://127.0.0.1:4400")
    measure(workspace, "latency_p95_ms", 300.0)
    assert look(watcher, workspace, 4) == ["ops firing"]
    (signal,) = watcher.signals("shop")
    assert (signal.kind, signal.column, signal.value) == ("alert_retrain", "slow", 300.0)
    assert watcher.signals("other") == ()
    (alert,) = workspace.alerts.store.alerts()
    assert [act.text for act in alert.acts] == [
        "asked the loop for a retraining; it decides within its limits"
    ]
    measure(workspace, "latency_p95_ms", 100.0)
    assert look(watcher, workspace, 8) == ["ops resolved"]
    assert watcher.signals("shop") == ()


def test_what_is_bound_retrains_by_the_loop_itself() -> None:
    from keepwell.testing.loop_world import ENDPOINT, LoopWorld, make_signal

    world = LoopWorld()
    bound = make_signal("alert_retrain", "slow", version=0)
    world.signals = (bound,)
    world.look(times=3)
    assert "retrain" in world.verbs()
    assert world.incidents[0].title == bound.message
    told = LoopWorld()
    told.signals = (replace(bound, kind="alert"),)
    told.look(times=3)
    assert told.verbs() == ["open_incident"]
    assert told.incidents[0].endpoint == ENDPOINT


def test_an_incident_and_its_rules_are_one_alert(workspace: Workspace) -> None:
    watcher = watcher_of(workspace)
    incident = Incident(id="01I", endpoint="shop", title="Performance fell", opened=1_000_000.0)
    decision = Decision(
        id="d", time=1_000_000.0, endpoint="shop", action="open_incident", reason="", incident="01I"
    )
    workspace.incidents.write(decision, incident=incident)
    measure(workspace, "latency_p95_ms", 300.0)
    assert look(watcher, workspace, 5) == ["ops firing"]
    (alert,) = workspace.alerts.store.alerts()
    assert alert.incident == "01I"
    workspace.alerts.acknowledge(alert.id[:20], "on it")
    assert workspace.incidents.read("01I").acknowledged is not None
    assert [one.text for one in workspace.incidents.read("01I").notes] == ["on it"]


def test_an_incident_that_comes_back_is_told_again(workspace: Workspace) -> None:
    watcher = watcher_of(workspace)
    incident = Incident(id="01I", endpoint="shop", title="Performance fell", opened=1_000_000.0)

    def write(action: str, now: Incident) -> None:
        time = workspace.clock.now()
        decision = Decision(
            id=f"d{time}", time=time, endpoint="shop", action=action, reason="", incident="01I"
        )
        workspace.incidents.write(decision, incident=now)

    write("open_incident", incident)
    assert look(watcher, workspace, 5) == ["ops firing"]
    (alert,) = workspace.alerts.store.alerts()
    workspace.alerts.acknowledge(alert.id, "on it")
    closed = replace(incident, status="closed", closed=workspace.clock.now(), resolution="healed")
    write("close", closed)
    assert look(watcher, workspace, 8) == ["ops resolved"]

    again = ReopenIncident(reason="it fell again", incident=closed, signals=(), causes=())
    write("reopen_incident", reopened(again, advance(workspace, 60.0)))
    assert workspace.incidents.read("01I").reopened == 1
    assert look(watcher, workspace, 5) == ["ops firing"]
    (same,) = workspace.alerts.store.alerts()
    assert (same.id, same.status, same.acknowledged) == (alert.id, "firing", None)


def test_workers_are_added_once_and_taken_back(workspace: Workspace) -> None:
    watcher = watcher_of(workspace)
    measure(workspace, "requests", 500.0)
    look(watcher, workspace, 5)
    assert workspace.scaling.read().workers == 3
    measure(workspace, "requests", 1.0)
    look(watcher, workspace, 10)
    assert workspace.scaling.read().workers == 1
    (alert,) = workspace.alerts.store.alerts()
    assert [act.text for act in alert.acts] == [
        "scaled from 1 to 3 workers",
        "scaled back to 1 workers",
    ]


def test_a_full_disk_opens_an_incident_and_closes_it(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(disk_free=0.01, disk_bytes=1e8)
    monkeypatch.setattr(Reader, "_machine", lambda self: machine)
    watcher = watcher_of(workspace)
    assert look(watcher, workspace, 3) == ["ops firing"]
    (incident,) = workspace.incidents.find(status="open")
    assert (incident.endpoint, incident.subject) == ("", "disk")
    monkeypatch.setattr(Reader, "_machine", lambda self: None)
    assert look(watcher, workspace, 8) == ["ops resolved"]
    (closed,) = workspace.incidents.find()
    assert (closed.status, closed.resolution) == ("closed", "recovered")
    from keepwell.operations.loop.postmortem import time_to_recover

    recovered = time_to_recover(closed)
    assert recovered is not None
    assert recovered > 0


def test_signals_from_elsewhere_are_told_without_a_rule(workspace: Workspace) -> None:
    leak = Signal(
        kind="resource", endpoint="", version=0, value=0.97, limit=0.9, severity=0.85,
        message="memory of host web-1 is 97% full", column="web-1",
    )  # fmt: skip
    watcher = watcher_of(workspace, sources=[lambda: (leak,)])
    assert look(watcher, workspace, 3) == ["ops firing"]
    (alert,) = workspace.alerts.store.alerts()
    assert (alert.severity, alert.cause) == ("critical", "resource/web-1")


def test_it_goes_on_after_a_restart_without_telling_twice(workspace: Workspace) -> None:
    measure(workspace, "latency_p95_ms", 300.0)
    assert look(watcher_of(workspace), workspace, 3) == ["ops firing"]
    assert look(watcher_of(workspace), workspace, 3) == []


def test_a_look_that_finds_nothing_new_writes_nothing(workspace: Workspace) -> None:
    watcher = watcher_of(workspace)
    measure(workspace, "latency_p95_ms", 300.0)
    look(watcher, workspace, 3)
    before = workspace.metadata.events(newest_first=True, limit=1)[0].seq
    measure(workspace, "latency_p95_ms", 310.0)
    look(watcher, workspace, 10)
    assert workspace.metadata.events(newest_first=True, limit=1)[0].seq == before
