"""Workers of one endpoint alone: the same answers, other processes, and nobody else is disturbed."""

import json
import os
import resource
import signal
import socket
import time
from collections.abc import Callable
from typing import Any

import httpx2
import psutil
import pytest

from keepwell.core.clock import SystemClock
from keepwell.core.records import Flags
from keepwell.core.spec import LimitsSpec, LogSpec
from keepwell.deployment.server import Supervisor, publish_routes
from keepwell.deployment.server.pools.files import Wish, read_roster, socket_path
from keepwell.deployment.server.pools.handing import SILENT_SECONDS
from keepwell.governance.tokens import Tokens
from keepwell.infrastructure.metadata import open_metadata

Row = dict[str, Any]
COLD = "x-keepwell-cold-start-ms"


@pytest.fixture
def two(house: Any, model_of: Callable[..., Any]) -> Any:
    """Return a workspace with two versions of `churn`, and the endpoints `churn` and `other`."""
    for version in (1, 2):
        house.register("churn", version, model_of(seed=version))
    house.register("other", 1, model_of(seed=3))
    house.route("other", {1: 100.0})
    house.route("churn", {1: 100.0})
    return house


def scaled(house: Any, supervisor: Supervisor, pools: dict[str, int], workers: int = 1) -> None:
    """Have so many workers, and wait until they are there and known to the others."""
    supervisor.scale(Wish(workers=workers, pools=pools))
    assert supervisor.wait_for(house.publish(), timeout=60), house.logs()
    end = time.monotonic() + 20
    own = [index for indexes in read_roster(house.home).values() for index in indexes]
    control = house.home / "run" / "control.sock"
    while not all(socket_path(control, index).exists() for index in own):
        assert time.monotonic() < end, house.logs()
        time.sleep(0.02)
    time.sleep(0.5)  # the others look every tenth of a second


def pids(supervisor: Supervisor, pool: str = "") -> list[int]:
    return [one.pid for one in supervisor.workers() if one.pool == pool and not one.draining]


def rows_of(supervisor: Supervisor, pool: str, endpoint: str) -> int:
    return sum(
        traffic.rows
        for one in supervisor.workers()
        if one.pool == pool
        for traffic in one.traffic.get(endpoint, {}).values()
    )


def test_one_endpoint_is_scaled_and_updated_and_nobody_else_is_restarted(
    two: Any, a_row: Row, until: Callable[..., None]
) -> None:
    supervisor = two.serve(generation=two.publish())
    general = pids(supervisor)
    url = f"http://127.0.0.1:{supervisor.port}/endpoints"

    def ask(name: str) -> httpx2.Response:
        return httpx2.post(f"{url}/{name}/predict", json={"instances": [a_row]})

    alone = ask("churn").json()
    scaled(two, supervisor, {"churn": 1})
    first = pids(supervisor, "churn")
    scaled(two, supervisor, {"churn": 2})
    own = pids(supervisor, "churn")
    assert pids(supervisor) == general
    assert len(own) == 2
    assert set(first) < set(own)
    assert {one.pool: one.models.loaded for one in supervisor.workers()} == {"": 2, "churn": 1}

    handed = [ask("churn").json() for _ in range(10)]
    assert {repr(one["probabilities"]) for one in handed} == {repr(alone["probabilities"])}
    assert ask("other").status_code == 200
    until(lambda: rows_of(supervisor, "churn", "churn") == 10)
    until(lambda: rows_of(supervisor, "", "other") == 1)
    assert rows_of(supervisor, "", "churn") == 1

    assert supervisor.wait_for(two.route("churn", {2: 100.0}), timeout=30)
    updated = ask("churn")
    assert updated.json()["model"]["version"] == 2
    assert pids(supervisor) == general
    assert pids(supervisor, "churn") == own

    scaled(two, supervisor, {})
    until(lambda: not any(psutil.pid_exists(pid) for pid in own))
    assert pids(supervisor) == general
    assert ask("churn").status_code == 200
    assert len({row.id for row in two.logged()}) == len(two.logged()) == 14


def _raw(port: int, request: bytes) -> tuple[int, bytes]:
    """Send bytes; return status and body of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(request)
        received = b""
        while piece := line.recv(65536):
            received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def _requests(row: Row) -> dict[str, bytes]:
    """Return requests of every kind, usual and odd ones."""
    usual = json.dumps({"instances": [row]}).encode()
    told = {name: value for name, value in row.items() if value is not None}

    def post(path: str, body: bytes, *headers: str, version: str = "1.1") -> bytes:
        lines = [f"POST {path} HTTP/{version}", *headers]
        if version == "1.1":
            lines += ["host: localhost", "connection: close"]
        lines += [f"content-length: {len(body)}", "", ""]
        return "\r\n".join(lines).encode() + body

    path = "/endpoints/churn/predict"
    csv = ",".join(told) + "\n" + ",".join(map(str, told.values())) + "\n"
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(usual), usual)
    head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
    return {
        "usual": post(path, usual),
        "many rows": post(path, json.dumps({"instances": [row] * 50}).encode()),
        "too many rows": post(path, json.dumps({"instances": [row] * 101}).encode()),
        "too long": post(path, b"[" + b" " * 100_000),
        "no JSON": post(path, b"{"),
        "not the columns": post(path, b'{"instances": [{"age": "old"}]}'),
        "CSV": post(path, csv.encode(), "content-type: text/csv", "accept: text/csv"),
        "MLflow": post("/endpoints/churn/invocations", usual),
        "open inference": post("/v2/models/churn/infer", b'{"inputs": []}'),
        "HTTP/1.0": post(path, usual, version="1.0"),
        "chunked": head.encode() + b"transfer-encoding: chunked\r\n\r\n" + chunked,
        "another host": post(path, usual).replace(b"localhost", b"elsewhere.example"),
        "another site": post(path, usual, "sec-fetch-site: cross-site"),
        "another method": b"GET /endpoints/churn/predict HTTP/1.1\r\n"
        b"host: localhost\r\nconnection: close\r\n\r\n",
        "schema": b"GET /endpoints/churn/schema HTTP/1.1\r\n"
        b"host: localhost\r\nconnection: close\r\n\r\n",
    }


def test_what_is_asked_gets_the_same_answer_from_its_own_workers(
    two: Any, a_row: Row, until: Callable[..., None]
) -> None:
    def publish() -> int:
        return publish_routes(
            two.home,
            two.endpoints.values(),
            lambda model, version: two.versions[model, version],
            blobs=two.blobs,
            limits=LimitsSpec(rows=100, body=50_000),
            log=LogSpec(redact=("note",)),
        )

    def plain(answer: tuple[int, bytes]) -> tuple[int, Any]:
        status, body = answer
        try:
            document = json.loads(body)
        except ValueError:
            lines = body.decode().splitlines()
            return status, [line.split(",")[:2] for line in lines]
        if isinstance(document, dict):
            document = {name: one for name, one in document.items() if "id" not in name}
        return status, document

    two.publish = publish
    supervisor = two.serve(generation=publish())
    requests = _requests(a_row)
    alone = {kind: plain(_raw(supervisor.port, one)) for kind, one in requests.items()}
    scaled(two, supervisor, {"churn": 1})
    handed = {kind: plain(_raw(supervisor.port, one)) for kind, one in requests.items()}
    assert handed == alone
    until(lambda: rows_of(supervisor, "churn", "churn") == 55)
    assert {kind: status for kind, (status, _) in handed.items() if status != 200} == {
        "too many rows": 413,
        "too long": 413,
        "no JSON": 400,
        "not the columns": 422,
        "another host": 403,
        "another site": 403,
        "another method": 405,
    }

    flags = Flags(killed=True, reason="it is sold out")
    churn = two.endpoints["churn"]
    two.endpoints["churn"] = type(churn)(
        name="churn", model="churn", routes=churn.routes, flags=flags
    )
    assert supervisor.wait_for(publish(), timeout=30)
    status, body = _raw(supervisor.port, requests["usual"])
    assert status == 503
    assert b"it is sold out" in body


def test_a_token_is_limited_over_all_workers(two: Any, a_row: Row) -> None:
    record = open_metadata(f"sqlite:///{two.home}/record.db", clock=SystemClock())
    tokens = Tokens(record, SystemClock())
    _, shop = tokens.create("shop", quota=7)

    def publish() -> int:
        return publish_routes(
            two.home,
            two.endpoints.values(),
            lambda model, version: two.versions[model, version],
            blobs=two.blobs,
            tokens=tokens.good(),
            tokens_required=True,
        )

    two.publish = publish
    supervisor = two.serve(generation=publish())
    url = f"http://127.0.0.1:{supervisor.port}/endpoints/churn/predict"

    def ask(**headers: str) -> httpx2.Response:
        return httpx2.post(url, json={"instances": [a_row]}, headers=headers)

    bearer = {"authorization": f"Bearer {shop}"}
    before = [ask(**bearer).status_code for _ in range(3)]
    scaled(two, supervisor, {"churn": 2})
    assert ask().status_code == 401
    assert ask().headers["www-authenticate"] == "Bearer"
    after = [ask(**bearer) for _ in range(6)]
    assert before == [200] * 3
    assert [one.status_code for one in after] == [200] * 4 + [429] * 2
    assert int(after[-1].headers["retry-after"]) > 0
    assert {row.caller for row in two.logged()} == {"shop"}
    assert len(two.logged()) == 7
    record.close()


def test_a_worker_that_is_stuck_is_gone_round(two: Any, a_row: Row) -> None:
    supervisor = two.serve(generation=two.publish())
    scaled(two, supervisor, {"churn": 1})
    (own,) = pids(supervisor, "churn")
    url = f"http://127.0.0.1:{supervisor.port}/endpoints/churn/predict"
    with httpx2.Client(timeout=30) as client:
        assert client.post(url, json={"instances": [a_row]}).status_code == 200
        os.kill(own, signal.SIGSTOP)
        try:
            began = time.monotonic()
            assert client.post(url, json={"instances": [a_row]}).status_code == 200
            assert time.monotonic() - began < SILENT_SECONDS + 5
            began = time.monotonic()
            assert client.post(url, json={"instances": [a_row]}).status_code == 200
            assert time.monotonic() - began < SILENT_SECONDS / 2  # it is known by now
        finally:
            os.kill(own, signal.SIGCONT)


def test_without_workers_of_its_own_an_endpoint_costs_nothing_until_it_is_asked(
    two: Any, a_row: Row, until: Callable[..., None]
) -> None:
    def publish() -> int:
        return publish_routes(
            two.home,
            two.endpoints.values(),
            lambda model, version: two.versions[model, version],
            blobs=two.blobs,
            idle=0.5,
        )

    two.publish = publish
    supervisor = two.serve(generation=publish())
    scaled(two, supervisor, {"churn": 1})
    url = f"http://127.0.0.1:{supervisor.port}/endpoints/churn/predict"
    assert httpx2.post(url, json={"instances": [a_row]}).status_code == 200
    scaled(two, supervisor, {"churn": 0})
    until(lambda: not pids(supervisor, "churn"))
    until(lambda: [one.models.loaded for one in supervisor.workers()] == [0])
    first = httpx2.post(url, json={"instances": [a_row]})
    assert first.status_code == 200
    assert float(first.headers[COLD]) > 0
    assert COLD not in httpx2.post(url, json={"instances": [a_row]}).headers


def test_a_killed_worker_takes_no_request_and_the_others_share(
    two: Any, a_row: Row, until: Callable[..., None]
) -> None:
    supervisor = two.serve(generation=two.publish())
    scaled(two, supervisor, {}, workers=3)
    assert len(pids(supervisor)) == 3
    url = f"http://127.0.0.1:{supervisor.port}/endpoints/churn/predict"

    def ask(times: int) -> None:
        clients = [httpx2.Client(timeout=20) for _ in range(times)]
        for client in clients:
            assert client.post(url, json={"instances": [a_row]}).status_code == 200
        for client in clients:
            client.close()

    def shares() -> list[int]:
        return [
            sum(traffic.rows for traffic in one.traffic.get("churn", {}).values())
            for one in supervisor.workers()
        ]

    ask(30)
    until(lambda: sum(shares()) == 30)
    assert min(shares()) >= 6  # of 10 that would be even

    victim = pids(supervisor)[0]
    os.kill(victim, signal.SIGKILL)
    ask(20)  # none of them fails
    until(lambda: len(pids(supervisor)) == 3 and victim not in pids(supervisor))


def test_a_full_disk_leaves_the_workers_as_they_are(
    two: Any, a_row: Row, until: Callable[..., None]
) -> None:
    supervisor = two.serve(generation=two.publish())
    before = pids(supervisor)
    keeper = supervisor._process.pid
    soft, hard = resource.prlimit(keeper, resource.RLIMIT_FSIZE)
    resource.prlimit(keeper, resource.RLIMIT_FSIZE, (2, hard))
    supervisor.scale(Wish(workers=2, pools={"churn": 1}))
    log = two.home / "logs" / "supervisor.log"
    time.sleep(1.5)  # it tries again each second, and cannot even say so
    assert psutil.pid_exists(keeper)
    assert pids(supervisor) == before
    resource.prlimit(keeper, resource.RLIMIT_FSIZE, (soft, hard))
    assert supervisor.wait_for(0, timeout=30), log.read_text()
    assert set(before) < set(pids(supervisor))
