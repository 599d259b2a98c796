"""A running server is scaled under load: no request fails, and nobody else is restarted."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest
from outside import Served, keepwell, keepwell_json
from serving_load import SteadyLoad

from keepwell.deployment.server import WorkerState
from keepwell.deployment.server.supervisor import living
from keepwell.workspace import Workspace

GENEROUS = 30.0


@pytest.fixture
def project(trained_template: Path, tmp_path: Path) -> Path:
    """Return a copy of the trained project."""
    copied = tmp_path / "shop"
    copytree(trained_template, copied, ignore=ignore_patterns("*.sock"))
    (tmp_path / "customers.csv").write_bytes(
        (trained_template.parent / "customers.csv").read_bytes()
    )
    return copied


@pytest.fixture
def server(project: Path, free_port: int) -> Iterator[Served]:
    """Return a server of it, with one worker."""
    config = project / "keepwell.yaml"
    config.write_text(config.read_text() + "\nloop: {enabled: false}\n")
    served = Served(project, free_port, "--workers", "1")
    try:
        served.wait_ready()
        yield served
    finally:
        served.stop()


def pids(server: Served, pool: str = "") -> set[int]:
    """Return the processes of the workers that answer."""
    return {one.pid for one in workers(server) if one.pool == pool}


def workers(server: Served) -> list[WorkerState]:
    return [one for one in living(server.project / ".keepwell") if not one.draining]


def rows(server: Served, pool: str) -> int:
    """Return how many rows the workers that live have answered."""
    return sum(
        traffic.rows
        for one in workers(server)
        if one.pool == pool
        for traffic in one.traffic.get("shop", {}).values()
    )


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + GENEROUS
    while not holds():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)


def test_scaling_under_load_fails_no_request_and_restarts_nobody_else(server: Served) -> None:
    port = int(server.url.rpartition(":")[2])
    first = pids(server)
    with SteadyLoad(port=port, clients=4, pause=0.01) as load:
        time.sleep(0.3)
        told = keepwell_json("scale", "3", "--why", "the sale begins", cwd=server.project)
        assert told["workers"] == {"wanted": 3, "answering": 3}
        three = pids(server)
        assert len(three) == 3
        assert first < three

        keepwell("scale", "shop", "2", cwd=server.project)
        assert pids(server) == three
        own = pids(server, "shop")
        assert len(own) == 2
        wait_until(lambda: rows(server, "shop") > 100)
        models = {one.pool: one.models.loaded for one in workers(server)}
        assert models == {"": 1, "shop": 1}

        victim = min(own)
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: len(pids(server, "shop") - {victim}) == 2)
        assert pids(server) == three

        away = pids(server, "shop")
        for pid in away:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: len(pids(server, "shop") - away) == 2)
        assert pids(server) == three

        keepwell("scale", "shop", "0", cwd=server.project)
        assert pids(server, "shop") == set()
        keepwell("scale", "1", cwd=server.project)
        assert pids(server) == first
        time.sleep(0.3)
    assert load.failures == []
    assert len(load.answers) > 300
    server.stop()
    with Workspace.open(server.project) as workspace:
        logged = workspace.predictions.query("select id from predictions")["id"].to_pylist()
        events = workspace.metadata.events(kind="scale")
    assert len(set(logged)) == len(logged)
    assert {answer.id for answer in load.answers} <= set(logged)
    said = [(event.verb, event.why) for event in events]
    assert said == [
        ("declared", "workers 0 → 1; keepwell up --workers 1"),
        ("scaled", "workers 1 → 3; the sale begins"),
        ("scaled", "workers of shop 0 → 2"),
        ("scaled", "workers of shop 2 → 0"),
        ("scaled", "workers 3 → 1"),
    ]
    assert {event.actor.partition(":")[0] for event in events[1:]} == {"user"}


def test_a_choice_outlives_a_killed_control_process_but_not_the_end_of_keepwell_up(
    project: Path, free_port: int
) -> None:
    config = project / "keepwell.yaml"
    config.write_text(config.read_text() + "\nserve: {workers: 1, pools: {shop: 1}}\n")
    began: list[Served] = []

    def up() -> Served:
        began.append(Served(project, free_port))
        began[-1].wait_ready()
        wait_until(lambda: "is up" in (project / "up.out").read_text())
        return began[-1]

    try:
        first = up()
        assert (len(pids(first)), len(pids(first, "shop"))) == (1, 1)
        keepwell("scale", "2", cwd=project)
        said = keepwell_json("status", cwd=project)["workers"]
        assert said["workers"] == {"wanted": 2, "answering": 2}
        assert said["pools"] == {"shop": {"wanted": 1, "answering": 1}}
        before = pids(first) | pids(first, "shop")
        first.process.kill()
        first.process.wait()

        second = up()
        assert pids(second) | pids(second, "shop") == before
        second.stop()

        third = up()
        wait_until(lambda: (len(pids(third)), len(pids(third, "shop"))) == (1, 1))
        third.stop()
    finally:
        for server in began:
            server.stop()
    refused = keepwell("scale", "3", cwd=project, check=False)
    assert refused.returncode == 1
    assert "serve: {workers: 3} in keepwell.yaml" in refused.stderr
