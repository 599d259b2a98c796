"""What is killed leaves nothing half-written, and what was answered is never lost."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import outside
import pytest


@pytest.mark.parametrize("moment", ["ingest", "train"])
def test_a_killed_run_resumes(tmp_path: Path, moment: str) -> None:
    rows = 400_000 if moment == "ingest" else 3_000
    (tmp_path / "customers.csv").write_text(outside.customers(rows))
    outside.keepwell("init", "shop", "--data", "customers.csv", "--target", "churn", cwd=tmp_path)
    project = tmp_path / "shop"
    (project / "keepwell.yaml").write_text(
        (project / "keepwell.yaml").read_text() + "\ntrain: {budget: 5s, learners: [linear]}\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "keepwell", "run", "--json"],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=outside.ENVIRONMENT,
    )
    _wait_until_working(project, moment, process)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "it ended before it could be killed"

    known = outside.keepwell_json("data", "list", cwd=project)
    versions = json.dumps(known)
    assert ("400000" in versions or "400,000" in versions) is False
    result = outside.keepwell_json("run", cwd=project)
    statuses = {step["name"]: step["status"] for step in result["steps"]}
    assert statuses["ingest"] == ("done" if moment == "ingest" else "cached")
    assert statuses["train"] == "done"
    assert result["dataset"]["rows"] == rows
    assert result["dataset"]["version"] == 1
    assert outside.keepwell("audit", "verify", cwd=project).returncode == 0


def _wait_until_working(project: Path, moment: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        staged = list((project / ".keepwell" / "staging").rglob("*.*"))
        database = project / ".keepwell" / "record.db"
        if moment == "ingest" and staged:
            return
        if moment == "train" and database.exists() and _running(database):
            return
        time.sleep(0.01)
    raise AssertionError(f"no sign of {moment}; {process.poll()}")


def _running(database: Path) -> bool:
    import sqlite3

    with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5) as connection:
        tables = {row[0] for row in connection.execute("select name from sqlite_master")}
        if "states" not in tables:
            return False
        found = connection.execute("select count(*) from states where kind = 'run'").fetchone()[0]
    connection.close()
    return bool(found)


def test_two_runs_at_once_wait_for_each_other(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text(outside.customers(3_000))
    outside.keepwell("init", "shop", "--data", "customers.csv", "--target", "churn", cwd=tmp_path)
    command = [sys.executable, "-m", "keepwell", "run", "--json"]
    first, second = (
        subprocess.Popen(
            command,
            cwd=tmp_path / "shop",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=outside.ENVIRONMENT,
        )
        for _ in range(2)
    )
    answers = [process.communicate(timeout=180) for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], answers
    statuses = [{step["status"] for step in json.loads(output)["steps"]} for output, _ in answers]
    assert sorted(map(sorted, statuses)) == [["cached"], ["done"]]
    assert any("waiting" in error for _, error in answers)
