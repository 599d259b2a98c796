"""Processes of a running server are killed under load: nothing answered is lost, nothing is wrong."""

import contextlib
import http.client
import json
import os
import resource
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any

import psutil
import pyarrow as pa
import pytest
from outside import Served
from serving_load import Answer, SteadyLoad

from keepwell.deployment.server.heartbeat import WorkerState, heartbeat_path, read_heartbeats
from keepwell.infrastructure.codec import from_json
from keepwell.workspace import Workspace

ROW = {"tenure": 2, "plan": "monthly", "charges": 95.5}
GENEROUS = 30.0  # seconds; the figures are printed, this bound only says that it came back
BROKEN = {"RemoteDisconnected", "ConnectionResetError", "BrokenPipeError", "IncompleteRead"}
Serve = Callable[..., Served]


@pytest.fixture
def serve(trained_template: Path, tmp_path: Path, free_port: int) -> Iterator[Serve]:
    """Return what serves a copy of the trained project, again and again on the same port."""
    project = tmp_path / "shop"
    copytree(trained_template, project, ignore=ignore_patterns("*.sock"))
    (tmp_path / "customers.csv").write_bytes(
        (trained_template.parent / "customers.csv").read_bytes()
    )
    started: list[Served] = []

    def start(workers: int, settings: str = "") -> Served:
        config = project / "keepwell.yaml"
        config.write_text(config.read_text() + settings)
        started.append(Served(project, free_port, "--workers", str(workers)))
        started[-1].wait_ready()
        return started[-1]

    yield start
    for server in started:
        server.stop()
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a control process failed
        os.kill(supervisor_of(project / ".keepwell"), signal.SIGTERM)


def supervisor_of(home: Path) -> int:
    pid: int = json.loads((home / "run" / "supervisor.json").read_bytes())["pid"]
    return pid


def living(home: Path) -> list[WorkerState]:
    return [state for state in read_heartbeats(home) if psutil.pid_exists(state.pid)]


def clients_of(pid: int) -> set[int]:
    """Return the ports of the clients that a worker has."""
    connections = psutil.Process(pid).net_connections("tcp")
    return {one.raddr.port for one in connections if one.status == "ESTABLISHED"}


def seconds_until(holds: Callable[[], bool]) -> float:
    """Wait for something; return how long it took."""
    started = time.monotonic()
    while not holds():
        assert time.monotonic() - started < GENEROUS, "it never came back"
        time.sleep(0.02)
    return time.monotonic() - started


def fresh(home: Path, gone: set[int], workers: int = 2) -> Callable[[], bool]:
    """Return whether so many workers are up and follow the routes, none of those who are gone."""

    def holds() -> bool:
        states = living(home)
        following = [state.pid for state in states if state.generation > 0]
        return len(following) == workers and not gone & set(following)

    return holds


def test_kills_under_load_lose_no_answer_and_give_no_wrong_one(
    serve: Serve, record_property: Callable[[str, object], None]
) -> None:
    server = serve(workers=2)
    home = server.project / ".keepwell"
    took: dict[str, float] = {}
    port = int(server.url.rpartition(":")[2])
    with SteadyLoad(port=port) as load:
        time.sleep(0.7)
        began = time.monotonic()

        victim = living(home)[0].pid
        at_risk = clients_of(victim)
        os.kill(victim, signal.SIGKILL)
        took["a worker"] = seconds_until(fresh(home, {victim}))
        assert {failure.port for failure in load.failures} <= at_risk  # the others noticed nothing

        before = {state.pid for state in living(home)}
        os.kill(supervisor_of(home), signal.SIGKILL)
        took["the supervisor"] = seconds_until(fresh(home, before))

        calm = time.monotonic()
        workers = {state.pid for state in living(home)}
        server.process.kill()
        server.process.wait()
        time.sleep(0.5)
        gone = time.monotonic()
        again = serve(workers=2)
        seconds_until(lambda: "is up" in (again.project / "up.out").read_text())
        took["the control process"] = time.monotonic() - gone
        assert load.failed_since(calm) == []  # predictions never went through it
        assert {state.pid for state in living(home)} == workers  # it took them over
        time.sleep(0.3)
    again.stop()
    for what, seconds in took.items():
        record_property(f"recovery after kill -9 of {what}, seconds", round(seconds, 2))
        sys.stdout.write(f"kill -9 of {what}: all is back after {seconds:.2f} s\n")
    sys.stdout.write(
        f"{len(load.answers)} rows answered, longest pause {load.longest_gap(began):.2f} s,"
        f" {len(load.failures)} connections broken\n"
    )
    assert {failure.what for failure in load.failures} <= BROKEN
    assert len(load.failures) <= 2 * load.clients
    assert len(load.answers) > 500
    check_logged_once(server.project, load.answers)
    check_right(server.project, load.answers)
    seconds_until(lambda: not any(psutil.pid_exists(pid) for pid in workers))


def check_logged_once(project: Path, answers: list[Answer]) -> None:
    """See that each answered row is in the table once, with what was answered."""
    with Workspace.open(project) as workspace:
        table = workspace.predictions.query("select id, prediction, inputs from predictions")
    rows = table.to_pylist()
    logged = {row["id"]: row for row in rows}
    assert max(Counter(row["id"] for row in rows).values()) == 1
    assert {answer.id for answer in answers} <= logged.keys()
    for answer in answers:
        row = logged[answer.id]
        assert json.loads(row["prediction"]) == answer.prediction
        assert json.loads(row["inputs"]) == answer.row


def check_right(project: Path, answers: list[Answer]) -> None:
    """See that each answer is what the model says in process."""
    from keepwell.operations.build.judge import open_scorer

    with Workspace.open(project) as workspace:
        scorer = open_scorer(workspace.bench, workspace.registry.get("shop", 1))
    columns: dict[str, list[Any]] = {
        name: [answer.row[name] for answer in answers] for name in answers[0].row
    }
    scores = scorer.batch(pa.table(columns))
    assert [answer.prediction for answer in answers] == list(scores.predictions)
    yes = [answer.probabilities["yes"] for answer in answers]
    assert scores.probabilities is not None
    said = scores.probabilities[:, list(scorer.signature.classes).index("yes")]
    assert yes == pytest.approx(said.tolist(), abs=1e-9)


def test_a_changed_model_file_is_refused_and_the_fallback_answers(serve: Serve) -> None:
    server = serve(workers=1, settings="\nserve: {fallback: ['\"no\"']}\n")
    home = server.project / ".keepwell"
    assert "fallback" not in ask(server)
    with Workspace.open(server.project) as workspace:
        files = workspace.registry.get("shop", 1).bundle.files
    (scorer,) = [file for file in files if file.name == "scorer.json"]
    (found,) = [path for path in home.rglob(scorer.digest) if path.is_file()]
    content = bytearray(found.read_bytes())
    content[len(content) // 2] ^= 1
    found.chmod(0o600)
    found.write_bytes(content)

    assert "fallback" not in ask(server)  # what was loaded was verified, and stays
    before = living(home)[0].pid
    os.kill(before, signal.SIGKILL)
    seconds_until(lambda: any(s.pid != before and s.problems for s in living(home)))

    (problem,) = living(home)[0].problems
    assert problem.startswith("version 1 of 'shop': the blob")
    assert "is not what was written" in problem
    answer = ask(server)
    assert answer["predictions"] == ["no"]
    assert answer["fallback"]["why"] == "no version of it can be loaded"
    ready = server.http.get("/readyz")
    assert ready.status_code == 503
    assert "is not what was written" in ready.json()["why"]


@pytest.mark.parametrize("policy", ["refuse", "answer"])
def test_a_full_disk_never_leaves_an_answer_silently_unlogged(serve: Serve, policy: str) -> None:
    server = serve(workers=1, settings=f"\nserve: {{log: {{when_full: {policy}}}}}\n")
    home = server.project / ".keepwell"
    worker = living(home)[0].pid
    first = ask(server)["prediction_ids"]
    soft, hard = resource.prlimit(worker, resource.RLIMIT_FSIZE)
    resource.prlimit(worker, resource.RLIMIT_FSIZE, (100, hard))  # as if the disk were full
    full = server.http.post("/endpoints/shop/predict", json={"instances": [ROW]})
    time.sleep(1.2)  # its heartbeats cannot be written either
    resource.prlimit(worker, resource.RLIMIT_FSIZE, (soft, hard))
    if policy == "refuse":
        assert full.status_code == 507
        assert "prediction log" in full.json()["what"]
    else:
        assert full.json()["prediction_ids"] == [None]
    after = ask(server)["prediction_ids"]
    seconds_until(lambda: rows_of(home) == (2 if policy == "refuse" else 3))
    state = from_json(WorkerState, heartbeat_path(home, 0).read_bytes())
    assert state.pid == worker  # it lived through
    assert state.traffic["shop"]["1"].unlogged == (0 if policy == "refuse" else 1)
    server.stop()
    with Workspace.open(server.project) as workspace:
        logged = workspace.predictions.query("select id from predictions")["id"].to_pylist()
    assert sorted(logged) == sorted(first + after)


def test_more_connections_than_files_may_be_open_harm_nobody_who_has_one(serve: Serve) -> None:
    server = serve(workers=1)
    worker = psutil.Process(living(server.project / ".keepwell")[0].pid)
    port = int(server.url.rpartition(":")[2])
    ask(server)  # the connection is kept
    soft, hard = resource.prlimit(worker.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(worker.pid, resource.RLIMIT_NOFILE, (worker.num_fds() + 5, hard))
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
        used = sum(worker.cpu_times()[:2])
        time.sleep(0.5)
        assert sum(worker.cpu_times()[:2]) - used < 0.3  # it does not spin for want of files
        ask(server)
    seconds_until(lambda: can_connect(port))
    resource.prlimit(worker.pid, resource.RLIMIT_NOFILE, (soft, hard))
    ask(server)
    assert worker.is_running()


def can_connect(port: int) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        line.request("POST", "/endpoints/shop/predict", json.dumps({"instances": [ROW]}))
        return line.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


def rows_of(home: Path) -> int:
    return sum(one.traffic["shop"]["1"].rows for one in living(home) if one.traffic)


def ask(server: Served) -> dict[str, Any]:
    answer = server.http.post("/endpoints/shop/predict", json={"instances": [ROW]})
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document
