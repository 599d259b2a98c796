"""A retraining that fails, hangs, eats the memory or fills the disk ends in a closed, explained incident."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
import retraining_victim

from keepwell.core.errors import StorageError
from keepwell.infrastructure import endings
from keepwell.infrastructure.locks import holder
from keepwell.infrastructure.metadata import open_metadata
from keepwell.operations.build.retraining_job import bury
from keepwell.operations.build.retraining_record import lock_of
from keepwell.operations.leadership.errands import Errands
from keepwell.operations.leadership.place import Place
from keepwell.operations.loop.executor import Executor
from keepwell.operations.loop.retrainings import Retraining, RetrainingResult
from keepwell.operations.serving import retraining_jobs
from keepwell.operations.serving.retraining_jobs import RetrainingJobs
from keepwell.testing.loop_world import LoopWorld, make_policy, make_signal
from keepwell.workspace import Workspace

VICTIM = str(Path(retraining_victim.__file__))


class Shop(LoopWorld):
    """A world whose retrainings are real processes, and whose memory is a real record."""

    def __init__(self, folder: Path, fault: str, **limits: float) -> None:
        super().__init__(make_policy(attempts=1, **limits))
        folder.mkdir()
        (folder / "keepwell.yaml").write_text(
            "project: churn\ndata: {source: data.csv, target: left}\n"
        )
        self.workspace = Workspace.open(folder)
        self.passed = 0.0
        self.jobs = self.new_jobs(folder, fault)
        self.journal = self.workspace.incidents  # type: ignore[assignment]  # any journal will do
        self.executor = Executor(self.workspace.incidents, self, self.clock)
        self.signals = (make_signal("drift", "age"),)

    def new_jobs(self, folder: Path, fault: str) -> RetrainingJobs:
        return RetrainingJobs(
            self.workspace.metadata,
            self.workspace.home,
            [sys.executable, VICTIM, str(folder), fault],
            abroad=Errands(self.workspace.metadata.leases, Place.here(self.workspace.home)),
            bury=lambda identifier: bury(self.workspace.bench, identifier),
            steady=lambda: self.passed,
        )

    def retrain(self, retraining: Retraining) -> None:
        self.jobs.start(retraining)

    def stop_retraining(self, retraining: str, reason: str) -> None:
        self.jobs.stop(retraining, reason)

    def _result(self, retraining: Retraining) -> RetrainingResult | None:
        return self.jobs.result(retraining.key)

    @property
    def key(self) -> str:
        return self.workspace.incidents.retrainings("churn")[0].key

    def begun(self) -> None:
        """Look until the retraining's process is in the middle of it."""
        self.look(times=3)
        self.until(lambda: bool(self.workspace.runs.find("churn", kind="retrain")))

    def until(self, seen: Callable[[], bool]) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if seen():
                return
            time.sleep(0.02)
        raise AssertionError("it did not happen")

    def ended(self) -> str:
        """Look until the incident is closed; hold that all is in order, and return its summary."""

        def over() -> bool:
            self.look()
            return bool(self.workspace.incidents.find(status="closed"))

        self.until(over)
        (incident,) = self.workspace.incidents.find()
        assert incident.resolution == "failed"
        assert self.champion == 1
        assert "Version 1 goes on serving" in incident.summary
        assert holder(lock_of(self.workspace.home, self.key)) is None
        runs = self.workspace.runs.find("churn", kind="retrain")
        assert {run.status for run in runs} <= {"killed", "failed"}, "nothing is left half done"
        blobs = [path for path in (self.workspace.home / "blobs").rglob("*") if path.is_file()]
        whole = [path for path in blobs if sha256(path.read_bytes()).hexdigest() == path.name]
        assert blobs == whole
        return incident.summary


Make = Callable[..., Shop]


@pytest.fixture
def shop_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Return a maker of shops whose retraining goes wrong in a certain way."""
    monkeypatch.setattr(retraining_jobs, "STOP_SECONDS", 0.5)
    with contextlib.ExitStack() as stack:

        def make(fault: str, *, folder: Path = tmp_path, **limits: float) -> Shop:
            shop = Shop(folder / "shop", fault, **limits)
            stack.callback(shop.workspace.close)
            stack.callback(lambda: shop.jobs.close())  # noqa: PLW0108 (those of then)
            return shop

        yield make


@pytest.mark.parametrize(
    ("fault", "told"),
    [("memory", "it ran out of memory"), ("disk", "File too large")],
)
def test_a_retraining_without_room_is_explained(shop_that: Make, fault: str, told: str) -> None:
    assert told in shop_that(fault).ended()


def test_a_retraining_on_a_disk_that_is_full_is_explained_and_leaves_nothing(
    shop_that: Make, small_disk: Path
) -> None:
    assert "No space left on device" in shop_that("no room", folder=small_disk).ended()


def test_a_disk_that_stays_full_is_waited_for_and_told_once_there_is_room(
    shop_that: Make, small_disk: Path
) -> None:
    shop = shop_that("full", folder=small_disk)
    shop.begun()
    shop.until(lambda: holder(lock_of(shop.workspace.home, shop.key)) is None)
    for _ in range(3):
        retraining_victim.fill(small_disk / "ballast")  # whoever ends leaves a few bytes
        with contextlib.suppress(
            StorageError
        ):  # nobody can write down what happened, nor harm anything
            shop.look()
        assert shop.champion == 1
    (small_disk / "ballast").unlink()
    assert "No space left on device" in shop.ended()


def test_one_that_crashes_is_given_up_when_its_tries_are_used_up(shop_that: Make) -> None:
    told = shop_that("crashes", resumes=0).ended()
    assert (
        "its process died 1 time(s) and it has no result: its process was ended by SIGABRT" in told
    )


def test_one_that_hangs_is_taken_over_by_the_next_process_and_killed_though_it_does_not_listen(
    shop_that: Make,
) -> None:
    shop = shop_that("hangs")
    shop.begun()
    first, shop.jobs = shop.jobs, shop.new_jobs(shop.workspace.root, "hangs")
    shop.executor = Executor(shop.workspace.incidents, shop, shop.clock)
    shop.look(times=2)
    assert len(shop.workspace.runs.find("churn", kind="retrain")) == 1
    shop.passed += shop.policy.retraining_deadline + 1
    assert "it is taken for hung" in shop.ended()
    first.close()


def test_a_clock_that_is_set_makes_none_hang_and_one_killed_for_memory_is_not_tried_again(
    shop_that: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = iter(range(100))
    monkeypatch.setattr(retraining_jobs, "kills_so_far", lambda: next(counts))
    shop = shop_that("waits")
    shop.begun()
    shop.set_clock(40 * 86400.0)
    shop.look(times=3)
    assert [one.status for one in shop.workspace.incidents.find()] == ["retraining"]
    working = holder(lock_of(shop.workspace.home, shop.key))
    assert working is not None
    os.kill(working.pid, signal.SIGKILL)
    assert "the machine ran out of memory, and the kernel killed it" in shop.ended()


def test_a_job_on_another_machine_is_left_alone_until_its_lease_stands_still(
    tmp_path: Path,
) -> None:
    store = open_metadata(f"sqlite:///{tmp_path}/record.db")
    leases, name = store.leases, "retraining/churn/i-1"
    now = [0.0]
    here = Errands(leases, Place(key="here", told="web-1"), steady=lambda: now[0])
    assert not here.elsewhere(name)
    there = leases.take(name, "there", seen=None, told="web-2")
    assert there is not None
    for _ in range(5):
        assert here.elsewhere(name)
        now[0] += 10.0
        there = leases.renew(there)
    now[0] += 10.0
    assert here.elsewhere(name), "first seen to beat now"
    now[0] += 15.0
    assert not here.elsewhere(name)
    here.recall(name)
    assert not here.elsewhere(name)
    store.close()


@pytest.mark.parametrize(
    ("code", "kills", "told", "final"),
    [
        (-9, 1, "the machine ran out of memory, and the kernel killed it", True),
        (-9, 0, "its process was ended by SIGKILL", False),
        (-250, 0, "its process was ended by signal 250", False),
        (
            endings.NO_ROOM,
            0,
            "the disk was full: No space left on device, not even to write down how it ended",
            True,
        ),
        (3, 0, "its process ended with code 3 and left no result", True),
    ],
)
def test_endings_in_words(tmp_path: Path, code: int, kills: int, told: str, *, final: bool) -> None:
    ending = endings.ending_of(code, tmp_path / "none.log", kills)
    assert (ending.told, ending.final) == (told, final)
