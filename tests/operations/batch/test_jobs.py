"""Batch jobs: due when their schedule says so, recorded whatever comes of them."""

import dataclasses
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import outside
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.errors import BusyError, InvalidDataError, NotFoundError
from keepwell.core.spec import BatchSpec, LogSpec
from keepwell.infrastructure.locks import exclusive
from keepwell.operations.batch.jobs import execute, executions, job_called, lock_of, output_at
from keepwell.operations.batch.scheduler import MOST_STARTS, BatchScheduler
from keepwell.workspace import Workspace

NOON = 1_700_049_600.0  # 2023-11-15 12:00 UTC
HOUR = 3600.0
FILE = """project: live
data: {source: data.csv, target: churn, key: customer}
train: {budget: 1s, learners: [linear], folds: 2}
batch:
  - {name: hourly, source: new.csv, output: "scored/{time}.csv", schedule: "0 * * * *"}
  - {name: by-hand, source: new.csv, output: all.delta, version: "1", log: true}
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with a champion and two jobs."""
    root = tmp_path_factory.mktemp("live")
    (root / "keepwell.yaml").write_text(FILE)
    (root / "data.csv").write_text(outside.customers(600))
    with Workspace.open(root) as workspace:
        result = workspace.builder.run()
        assert workspace.registry.resolve("live", "champion") == 1, result
    return root


@pytest.fixture
def workspace(built: Path) -> Iterator[Workspace]:
    (built / "new.csv").write_text(outside.customers(300))
    with Workspace.open(built, clock=ManualClock(NOON + 60)) as opened:
        yield opened


def test_an_execution_is_a_run(workspace: Workspace) -> None:
    job = job_called(workspace.spec.batch, "hourly")
    run, scored = execute(workspace.bench, workspace.tables, job, due=NOON)
    assert (run.kind, run.status, run.model) == ("batch", "done", "live/1")
    assert run.metrics["rows"].value == scored.rows == 300
    assert run.params["output"] == "scored/2023-11-15T12-00.csv"
    assert (workspace.root / "scored" / "2023-11-15T12-00.csv").exists()
    drift = json.loads(workspace.runs.read(run.id, "drift.json"))
    assert drift["rows"] == 300
    assert {column["name"] for column in drift["columns"]} >= {
        item.name for item in workspace.registry.get("live").signature.inputs
    }
    counts = json.loads(workspace.runs.read(run.id, "predictions.json"))
    assert sum(counts.values()) == 300


def test_inputs_unlike_those_of_training_are_told(workspace: Workspace) -> None:
    path = workspace.root / "new.csv"
    table = pa_csv.read_csv(path)
    number = next(
        item.name
        for item in workspace.registry.get("live").signature.inputs
        if item.type.value in ("number", "integer")
    )
    at = table.column_names.index(number)
    moved = pc.add(pc.multiply(table.column(at), 3), 50)
    pa_csv.write_csv(table.set_column(at, number, moved), path)
    job = job_called(workspace.spec.batch, "hourly")
    run, _ = execute(workspace.bench, workspace.tables, job)
    assert number in str(run.params["inputs"])
    assert run.metrics["drifted_columns"].value >= 1


def test_predictions_are_logged_where_the_job_says_so(workspace: Workspace) -> None:
    job = job_called(workspace.spec.batch, "by-hand")
    before = workspace.predictions.counts("live").predictions
    run, scored = execute(workspace.bench, workspace.tables, job)
    assert workspace.predictions.counts("live").predictions == before + 300
    newest = workspace.predictions.window("live", rows=1)
    assert newest["caller"].to_pylist() == ["batch"]
    found = workspace.predictions.find(newest["id"][0].as_py())
    assert found is not None
    assert found.id.startswith(scored.id[:18])
    assert json.loads(found.inputs).keys() <= {
        item.name for item in workspace.registry.get("live").signature.inputs
    }
    assert run.params["version"] == 1
    assert newest["key"].to_pylist() == ["C000299"]  # so that outcomes can be told by it


def test_the_log_keeps_what_the_policy_says(workspace: Workspace) -> None:
    policy = LogSpec(sample=0.5, redact=("plan", "customer"))
    serve = dataclasses.replace(workspace.spec.serve, log=policy)
    bench = dataclasses.replace(
        workspace.bench, spec=dataclasses.replace(workspace.spec, serve=serve)
    )
    before = workspace.predictions.counts("live").predictions
    execute(bench, workspace.tables, job_called(workspace.spec.batch, "by-hand"))
    assert workspace.predictions.counts("live").predictions == before + 150
    newest = workspace.predictions.window("live", rows=150)
    assert "tenure" in newest["inputs"][149].as_py()
    assert not any("plan" in one for one in newest["inputs"].to_pylist()[-150:])
    assert set(newest["key"].to_pylist()[-150:]) == {""}


def test_a_failure_is_recorded(workspace: Workspace) -> None:
    (workspace.root / "new.csv").write_text("a,b\n1,2\n")
    job = job_called(workspace.spec.batch, "hourly")
    with pytest.raises(InvalidDataError, match="no column"):
        execute(workspace.bench, workspace.tables, job)
    runs = executions(workspace.bench, "hourly")
    (failed,) = [run for run in runs if run.status == "failed"]
    assert "no column" in failed.error


def test_one_at_a_time(workspace: Workspace) -> None:
    job = job_called(workspace.spec.batch, "hourly")
    lock = lock_of(workspace.home, "hourly")
    before = len(executions(workspace.bench, "hourly"))
    with exclusive(lock, "another", timeout=0), pytest.raises(BusyError):
        execute(workspace.bench, workspace.tables, job)
    assert len(executions(workspace.bench, "hourly")) == before


def test_a_job_that_is_not_there(workspace: Workspace) -> None:
    with pytest.raises(NotFoundError) as caught:
        job_called(workspace.spec.batch, "hurly")
    assert "did you mean 'hourly'" in caught.value.now


def test_times_in_outputs() -> None:
    job = BatchSpec(name="n", source="a", output="{date}/{time}.csv")
    assert output_at(job, NOON) == "2023-11-15/2023-11-15T12-00.csv"


class Starts:
    """A scheduler whose processes are only noted; each has ended when it is looked at again."""

    def __init__(self, workspace: Workspace) -> None:
        self.due: list[float] = []
        self.scheduler = BatchScheduler(workspace.bench, ["job"], self._start)

    def _start(self, command: list[str], log: Path) -> "subprocess.Popen[bytes]":
        self.due.append(float(command[-1]))
        child = subprocess.Popen([sys.executable, "-c", ""])
        child.wait()
        return child


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Workspace]:
    """Return a workspace without a model, its clock a minute past noon."""
    (tmp_path / "keepwell.yaml").write_text(FILE)
    with Workspace.open(tmp_path, clock=ManualClock(NOON + 60)) as opened:
        yield opened


def record(workspace: Workspace, due: float, status: str) -> None:
    tags = {"job": "hourly", "due": repr(due)}
    run = workspace.runs.start(workspace.spec.name, "batch", tags=tags)
    if status == "done":
        workspace.runs.finish(run.id)
    elif status == "failed":
        workspace.runs.fail(run.id, "it failed")


def test_a_new_job_waits_for_its_first_time(alone: Workspace) -> None:
    starts = Starts(alone)
    assert starts.scheduler.look() == []
    alone.clock.advance(HOUR)  # type: ignore[attr-defined]
    assert starts.scheduler.look() == ["hourly"]
    assert starts.due == [NOON + HOUR]


def test_times_that_passed_meanwhile_count_once(alone: Workspace) -> None:
    record(alone, NOON - 5 * HOUR, "done")
    starts = Starts(alone)
    assert starts.scheduler.look() == ["hourly"]
    record(alone, NOON, "done")
    assert starts.scheduler.look() == []
    assert starts.due == [NOON]


def test_what_failed_is_not_tried_again_before_its_next_time(alone: Workspace) -> None:
    record(alone, NOON, "failed")
    starts = Starts(alone)
    assert starts.scheduler.look() == []
    alone.clock.advance(HOUR)  # type: ignore[attr-defined]
    assert starts.scheduler.look() == ["hourly"]


def test_what_was_killed_is_gone_on_with_three_times_at_most(alone: Workspace) -> None:
    starts = Starts(alone)
    for _ in range(MOST_STARTS):
        record(alone, NOON, "running")  # and nobody holds its lock
        starts.scheduler.look()
    assert starts.due == [NOON] * (MOST_STARTS - 1)
    assert {run.status for run in executions(alone.bench, "hourly")} == {"killed"}


def test_a_process_that_ends_before_it_records_anything_is_not_started_for_ever(
    alone: Workspace,
) -> None:
    record(alone, NOON - HOUR, "done")
    starts = Starts(alone)
    for _ in range(10):
        starts.scheduler.look()
    assert len(starts.due) == MOST_STARTS


def test_a_job_at_work_is_left_alone(alone: Workspace) -> None:
    record(alone, NOON - HOUR, "done")
    starts = Starts(alone)
    with exclusive(lock_of(alone.home, "hourly"), "at work", timeout=0):
        assert starts.scheduler.look() == []
    assert starts.scheduler.look() == ["hourly"]


def test_a_job_that_cannot_be_looked_at_stops_no_other(
    alone: Workspace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*words: object, **named: object) -> None:
        raise OSError("the record is away")

    monkeypatch.setattr(alone.runs, "find", broken)
    assert Starts(alone).scheduler.look() == []
    assert "'hourly' could not be looked at" in caplog.text
