"""What was logged arrives once, whoever is killed on the way."""

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.errors import BusyError, UnavailableError
from keepwell.monitoring.elsewhere import Courier, Delivered, Outbox


class Post:
    """Keeps what is delivered; fails as often as it is told to."""

    def __init__(self, failures: Sequence[bool] = ()) -> None:
        self.arrived: list[tuple[str, int]] = []
        self.failures = list(failures)

    def __call__(self, endpoint: str, entries: Sequence[dict[str, Any]]) -> Delivered:
        if self.failures and self.failures.pop():
            raise UnavailableError("nobody is there")
        self.arrived += [(endpoint, entry["prediction"]["n"]) for entry in entries]
        return Delivered(delivered=len(entries))


def entry(n: int, endpoint: str = "credit") -> dict[str, Any]:
    return {"endpoint": endpoint, "prediction": {"n": n}}


@settings(max_examples=20, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 4), min_size=1, max_size=6),
    failures=st.lists(st.booleans(), max_size=5),
)
def test_everything_arrives_in_order_whatever_fails(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], failures: list[bool]
) -> None:
    folder = tmp_path_factory.mktemp("outbox")
    outbox, post = Outbox(folder), Post(failures)
    courier, n = Courier(folder, post), 0
    for size in sizes:
        for _ in range(size):
            outbox.put(entry(n, "ab"[n % 2]))
            n += 1
        try:
            courier.run()
        except UnavailableError:
            continue
    post.failures.clear()
    courier.run()
    outbox.close()
    firsts = list(dict.fromkeys(n for _, n in post.arrived))
    assert firsts == list(range(n))  # a failure in the middle of a batch may repeat, never lose
    assert not courier.waiting
    assert courier.run() == Delivered()


def test_a_full_folder_refuses_and_does_not_grow(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, most_bytes=2_000)
    kept = 0
    for n in range(1_000):
        outbox._looked = -10.0  # as if a second had gone by
        with contextlib.suppress(BusyError):
            outbox.put(entry(n))
            kept += 1
    assert 10 < kept < 200
    assert sum(path.stat().st_size for path in tmp_path.glob("*.seg")) < 3_000
    outbox.close()


def _log_and_die(folder: Path) -> None:
    outbox = Outbox(folder)
    for n in range(50):
        outbox.put(entry(n))
    os.kill(os.getpid(), signal.SIGKILL)


def test_what_a_killed_process_has_logged_arrives(tmp_path: Path) -> None:
    child = multiprocessing.get_context("fork").Process(target=_log_and_die, args=(tmp_path,))
    child.start()
    child.join(20)
    assert child.exitcode == -signal.SIGKILL
    post = Post()
    assert Courier(tmp_path, post).run().delivered == 50
    assert post.arrived == [("credit", n) for n in range(50)]


def _fork_and_log(outbox: Outbox) -> None:
    outbox.put(entry(2))
    os._exit(0)


def test_a_fork_writes_to_a_file_of_its_own(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    outbox.put(entry(1))
    child = multiprocessing.get_context("fork").Process(target=_fork_and_log, args=(outbox,))
    child.start()
    child.join(20)
    outbox.put(entry(3))
    post = Post()
    Courier(tmp_path, post).run()
    assert sorted(n for _, n in post.arrived) == [1, 2, 3]
    assert {path.name.partition("-")[0] for path in tmp_path.glob("*.seg")} == {
        "logged",
        "logged.1",
    }
    outbox.close()
