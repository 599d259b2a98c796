"""Kills, restarts and drains, with real processes under real load."""

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx2
import psutil
import pytest

from keepwell.deployment.server import Supervisor

Row = dict[str, Any]


class Load:
    """Clients that ask as fast as they can, and remember what they were answered."""

    def __init__(self, port: int, row: Row, clients: int = 4) -> None:
        self.answered: list[str] = []
        self.failures: list[str] = []
        self._url = f"http://127.0.0.1:{port}"
        self._row = row
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        while not self._stop.is_set():
            with httpx2.Client(base_url=self._url, timeout=10) as client:
                while not self._stop.is_set():
                    try:
                        answer = client.post(
                            "/endpoints/churn/predict", json={"instances": [self._row] * 2}
                        )
                    except httpx2.TransportError as error:
                        self.failures.append(type(error).__name__)
                        time.sleep(0.01)
                        break
                    if answer.status_code == 200:
                        self.answered += answer.json()["prediction_ids"]
                    else:
                        self.failures.append(answer.text)


@pytest.fixture
def churn(house: Any, model_of: Callable[..., Any]) -> Any:
    house.register("churn", 1, model_of())
    house.route("churn", {1: 100.0})
    return house


def test_kill_9_of_workers_under_load_loses_no_answered_row(
    churn: Any, a_row: Row, until: Callable[..., None]
) -> None:
    supervisor = churn.serve(workers=2, generation=1)
    with Load(supervisor.port, a_row) as load:
        for _ in range(3):
            time.sleep(0.3)
            victim = supervisor.workers()[0].pid
            os.kill(victim, signal.SIGKILL)
            until(lambda gone=victim: [w.pid for w in supervisor.workers()].count(gone) == 0)
            until(lambda: len(supervisor.workers()) == 2)
    assert len(load.answered) > 200
    logged = [row.id for row in churn.logged()]
    assert set(load.answered) - set(logged) == set()
    assert len(set(logged)) == len(logged)
    # Only those lose their connection who were on the worker that died.
    assert set(load.failures) <= {"ReadError", "RemoteProtocolError", "WriteError", "ConnectError"}


def test_a_worker_that_dies_is_replaced_and_others_answer_meanwhile(
    churn: Any, a_row: Row, until: Callable[..., None]
) -> None:
    supervisor = churn.serve(workers=1, generation=1)
    first = supervisor.workers()[0]
    os.kill(first.pid, signal.SIGKILL)
    started = time.monotonic()
    url = f"http://127.0.0.1:{supervisor.port}/endpoints/churn/predict"
    # The socket outlives the worker: who asks now waits for the next one, and is answered.
    answer = httpx2.post(url, json={"instances": [a_row]}, timeout=20)
    assert answer.status_code == 200
    assert time.monotonic() - started < 15
    until(lambda: supervisor.workers()[0].started > first.started)


def test_a_stop_finishes_what_is_in_flight(churn: Any, a_row: Row) -> None:
    supervisor = churn.serve(workers=2, generation=1)
    statuses: list[int] = []

    def ask() -> None:
        rows = [a_row] * 20_000  # long enough to be caught in the act
        with httpx2.Client(timeout=60) as client:
            url = f"http://127.0.0.1:{supervisor.port}/endpoints/churn/predict"
            statuses.append(client.post(url, json={"instances": rows}).status_code)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not any(w.in_flight for w in supervisor.workers()):
        time.sleep(0.01)
    pids = [worker.pid for worker in supervisor.workers()]
    supervisor.stop()
    for thread in threads:
        thread.join()
    assert statuses == [200, 200]
    assert len(churn.logged()) == 40_000
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_predictions_go_on_without_the_control_process(churn: Any, a_row: Row) -> None:
    left_behind = churn.serve(workers=1, generation=1)
    pids = [worker.pid for worker in left_behind.workers()]
    left_behind._stopping.set()  # what `kill -9` does to a control process: it just is not there
    left_behind._listener.close()
    port = left_behind.port
    answer = httpx2.post(
        f"http://127.0.0.1:{port}/endpoints/churn/predict", json={"instances": [a_row]}
    )
    assert answer.status_code == 200
    taken_over = Supervisor(churn.home, "127.0.0.1", port, 1, churn.home / "run" / "control.sock")
    taken_over.start()
    churn.supervisors[:] = [taken_over]
    assert taken_over.wait_for(1)
    assert [worker.pid for worker in taken_over.workers()] == pids
    assert taken_over.wait_for(churn.route("other", {}))


def test_another_number_of_workers_leaves_alone_who_may_stay(churn: Any, a_row: Row) -> None:
    first = churn.serve(workers=1, generation=1)
    first._stopping.set()
    first._listener.close()
    before = first.workers()[0].pid
    second = churn.serve(workers=2, generation=1, port=first.port)
    churn.supervisors[:] = [second]
    assert second.port == first.port
    assert len(second.workers()) == 2
    assert before in {worker.pid for worker in second.workers()}


def test_a_killed_supervisor_process_comes_back(
    churn: Any, a_row: Row, until: Callable[..., None]
) -> None:
    supervisor = churn.serve(workers=1, generation=1)
    before = supervisor.workers()[0].pid
    os.kill(supervisor._process.pid, signal.SIGKILL)
    until(lambda: [w.pid for w in supervisor.workers()] not in ([], [before]))
    url = f"http://127.0.0.1:{supervisor.port}/endpoints/churn/predict"
    assert httpx2.post(url, json={"instances": [a_row]}, timeout=20).status_code == 200


def test_a_worker_without_work_stays_small(churn: Any) -> None:
    supervisor = churn.serve(workers=1, generation=1)
    assert supervisor.workers()[0].rss < 120 << 20


@pytest.mark.parametrize("at_once", [True, False])
def test_workers_take_even_shares_of_the_clients(churn: Any, at_once: bool) -> None:
    supervisor = churn.serve(workers=2, generation=1)
    request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"
    address = ("127.0.0.1", supervisor.port)
    with contextlib.ExitStack() as stack:
        lines = []
        for _ in range(20):
            lines.append(stack.enter_context(socket.create_connection(address, timeout=10)))
            lines[-1].sendall(request)
            if not at_once:
                assert lines[-1].recv(4096).startswith(b"HTTP/1.1 200")
        for line in lines if at_once else ():
            assert line.recv(4096).startswith(b"HTTP/1.1 200")
        shares = [
            sum(one.status == psutil.CONN_ESTABLISHED for one in connections)
            for worker in supervisor.workers()
            if (connections := psutil.Process(worker.pid).net_connections("tcp"))
        ]
    assert sum(shares) == 20
    assert max(shares) - min(shares) <= 4
