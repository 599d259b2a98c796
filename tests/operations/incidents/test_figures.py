"""Figures and surroundings, of a history whose times are known."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.events import Change, acting_as
from keepwell.core.ports import Point
from keepwell.core.records import Cause, Decision, Incident
from keepwell.core.references import Ref
from keepwell.operations.incidents.figures import Figures, figures
from keepwell.workspace import Workspace

START = 2_000_000_000.0
DAY = 86400.0


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    (tmp_path / "keepwell.yaml").write_text("project: shop\ndata: {source: a.csv}\n")
    with Workspace.open(tmp_path, clock=ManualClock(START)) as workspace:
        yield workspace


def move(workspace: Workspace, seconds: float) -> float:
    assert isinstance(workspace.clock, ManualClock)
    workspace.clock.advance(seconds)
    return workspace.clock.now()


def test_what_people_had_to_do_is_counted_in_steps(workspace: Workspace) -> None:
    def release(version: int, *moments: float, by: str) -> None:
        """Train a version for ten minutes, then do something about it at these times, and deploy it."""
        with acting_as(by):
            begun = workspace.clock.now()
            data = {"started": begun}
            change = Change(ref=Ref("run", f"r{version}"), verb="started", data=data)
            workspace.metadata.commit([change])
            made = {
                "model": "shop",
                "version": version,
                "run": f"r{version}",
                "created": move(workspace, 600.0),
            }
            ref = Ref("model_version", f"shop/{version}")
            workspace.metadata.commit([Change(ref=ref, verb="registered", data=made)])
            for moment in moments:
                move(workspace, moment)
                workspace.metadata.commit([Change(ref=ref, verb="judged", data=made)])
            workspace.endpoints.deploy("shop", "shop", version, why="")
        move(workspace, DAY)

    release(1, by="loop")
    release(2, 30.0, by="user:ana")  # one command
    release(3, 300.0, 3600.0, by="user:ana")  # a command, a look at it, and a word an hour later
    with acting_as("user:ben"):
        workspace.endpoints.deploy("shop", "shop", 2, why="back")
    found = measured(workspace)
    assert [one.steps for one in reversed(found.list)] == [0, 1, 3, 1]
    assert found.steps == 1.25


def deploy(workspace: Workspace, version: int, *, trained: float, by: str = "loop") -> None:
    """Deploy a version whose training began so many seconds ago."""
    now = workspace.clock.now()
    run, key = f"r{version}", f"shop/{version}"
    data = {"model": "shop", "version": version, "run": run, "created": now}
    if workspace.metadata.read(Ref("model_version", key)) is None:
        workspace.metadata.commit(
            [
                Change(ref=Ref("run", run), verb="started", data={"started": now - trained}),
                Change(ref=Ref("model_version", key), verb="registered", data=data),
            ]
        )
    with acting_as(by):
        workspace.endpoints.deploy("shop", "shop", version, why="it is better")


def incident(workspace: Workspace, name: str, *, found: float = 0.0, **more: object) -> Incident:
    now = workspace.clock.now()
    made = Incident(id=name, endpoint="shop", title=name, opened=now, detected=now - found)
    made = replace(made, **more)  # type: ignore[arg-type]  # each is of its field's type
    workspace.incidents.write(
        Decision(
            id=name, time=now, endpoint="shop", action="open_incident", reason="", incident=name
        ),
        incident=made,
    )
    return made


def close(workspace: Workspace, found: Incident, resolution: str) -> None:
    now = workspace.clock.now()
    done = replace(found, status="closed", closed=now, resolution=resolution)
    workspace.incidents.write(
        Decision(id=f"{found.id}-", time=now, endpoint="shop", action="close", reason="",
                 incident=found.id),
        incident=done,
    )  # fmt: skip


def measured(workspace: Workspace, days: float = 28.0) -> Figures:
    return figures(workspace.metadata, workspace.incidents, workspace.clock.now(), days=days)


def test_nothing_is_claimed_of_nothing(workspace: Workspace) -> None:
    found = measured(workspace)
    assert (found.deployments, found.incidents, found.open) == (0, 0, 0)
    assert (found.lead, found.failure_rate, found.detect, found.recover) == (None,) * 4


def test_the_four_of_dora_are_counted_from_events(workspace: Workspace) -> None:
    deploy(workspace, 1, trained=100.0, by="user:ana")
    move(workspace, DAY)
    deploy(workspace, 2, trained=300.0)
    move(workspace, 600.0)
    bad = incident(workspace, "bad", found=60.0)
    with acting_as("user:ana"):
        move(workspace, 120.0)
        workspace.handling.acknowledge("bad")
    move(workspace, 480.0)
    deploy(workspace, 1, trained=0.0)  # back: a deployment, but no training led to it
    close(workspace, bad, "healed")
    move(workspace, 10 * DAY)
    drifted = incident(workspace, "drift", found=300.0)  # the world's doing, not version 1's
    move(workspace, 200.0)
    close(workspace, drifted, "no_change")
    found = measured(workspace)
    assert [one.version for one in found.list] == [1, 2, 1]
    assert [one.failed for one in found.list] == ["", "taken back to version 1", ""]
    assert found.failure_rate == pytest.approx(1 / 3)
    assert found.lead == 200.0
    assert found.by_itself == pytest.approx(2 / 3)
    assert found.per_week == 0.75
    assert (found.detect, found.acknowledge, found.recover) == (180.0, 120.0, 600.0)
    assert sum(week.deployments for week in found.weeks) == 3
    assert [week.incidents for week in found.weeks] == [0, 0, 1, 1]
    assert measured(workspace, days=7).deployments == 0


def test_an_incident_right_after_a_deployment_or_blaming_it_is_a_failed_change(
    workspace: Workspace,
) -> None:
    deploy(workspace, 1, trained=10.0)
    move(workspace, 5 * DAY)
    blame = Cause(title="deployment: shop deployed", score=0.9, evidence="")
    incident(workspace, "blamed", causes=(blame,))
    assert [one.failed for one in measured(workspace).list] == ["blamed"]
    deploy(workspace, 2, trained=10.0)
    move(workspace, 1800.0)
    incident(workspace, "soon")
    move(workspace, 7200.0)
    assert [one.failed for one in measured(workspace).list] == ["soon", "blamed"]


def test_what_changed_around_an_incident_is_told(workspace: Workspace) -> None:
    deploy(workspace, 1, trained=10.0)
    workspace.scaling.change(workers=2, why="sale")
    for minute in range(60):
        traffic = 10.0 if minute < 30 else 40.0
        now = workspace.clock.now()
        points = [Point("requests", now, traffic), Point("metric:f1", now, traffic / 40)]
        workspace.measurements.append("endpoint:shop", points)
        move(workspace, 60.0)
    found = incident(workspace, "i", found=1800.0)
    now = move(workspace, 1.0)
    act = Decision(
        id="a", time=now - 1200, endpoint="shop", action="promote", reason="better", incident="i",
        evidence={"live": {"metric": "f1"}}, outcome="done",
    )  # fmt: skip
    workspace.incidents.write(act)
    around = workspace.surveyor.around(found, now)
    told = {one.kind: one.text for one in around.changes}
    assert told["deployment"] == "endpoint shop now serves v1: it is better"
    assert told["host"].startswith("workers")
    assert told["traffic"] == "traffic rose from 10 to 40 requests a second"
    assert around.endpoints == ("shop",)
    (effect,) = around.effects
    assert (effect.action, effect.before, effect.after) == ("promote", 1.0, 1.0)
    story = workspace.story(found)
    assert "## What changed around it" in story
    assert "traffic rose from 10 to 40" in story
    assert "f1 1.0000 before, 1.0000 after" in story
