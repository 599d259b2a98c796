"""A training that is killed or interrupted, from outside."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from outside import customers, keepwell

TRAIN = """
train:
  budget: 90s
  folds: 4
  learners: [lightgbm]
  ensemble: 2
  search: {method: random, trials: 4, prune: none}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "customers.csv").write_text(customers(3_000))
    keepwell("init", "shop", "--data", "customers.csv", "--target", "churn", cwd=tmp_path)
    config = tmp_path / "shop" / "keepwell.yaml"
    config.write_text(config.read_text() + TRAIN)
    return tmp_path / "shop"


def started(project: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "keepwell", "run", "--json"],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def wait_for_folds(project: Path, count: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if len(list((project / ".keepwell" / "trials").glob("*/*"))) > count:
            return
        time.sleep(0.01)
    raise AssertionError("no folds were committed")


def test_a_killed_training_goes_on_where_it_was_and_ends_the_same(project: Path) -> None:
    other = project.parent / "other" / "shop"
    shutil.copytree(project, other)
    shutil.copy(project.parent / "customers.csv", other.parent)
    whole = json.loads(keepwell("run", "--json", cwd=other).stdout)
    process = started(project)
    wait_for_folds(project, 7)
    process.kill()
    process.communicate()
    again = json.loads(keepwell("run", "--json", cwd=project).stdout)
    assert again["run"]["metrics"] == whole["run"]["metrics"]
    assert not list((project / ".keepwell" / "trials").glob("*"))


def test_an_interrupted_training_keeps_the_best_so_far(project: Path) -> None:
    process = started(project)
    wait_for_folds(project, 7)
    os.kill(process.pid, signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    result = json.loads(out)
    assert process.returncode == 0
    assert result["model"]["version"] == 1
    assert any("the search was interrupted" in finding for finding in result["findings"])
