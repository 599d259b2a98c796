"""`keepwell run` and what follows it, over a small table of invented customers."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import outside
import pytest


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project that was run once; tests leave it as it is."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "customers.csv").write_text(outside.customers(800))
    project = folder / "shop"
    outside.keepwell("init", "shop", "--data", "customers.csv", "--target", "churn", cwd=folder)
    file = project / "keepwell.yaml"
    file.write_text(file.read_text() + "\ntrain: {budget: 4s, learners: [linear]}\n")
    done = outside.keepwell("run", cwd=project)
    assert "✓ train" in done.stderr
    assert "model    shop/1  (champion)" in done.stdout
    assert "roc_auc" in done.stdout
    return project


def test_a_second_run_says_that_nothing_changed(keepwell: Any, trained: Path) -> None:
    ended = keepwell("run", "-C", trained, "--json")
    assert {step["status"] for step in ended.document["steps"]} == {"cached"}
    assert ended.document["model"] == {"name": "shop", "version": 1, "aliases": ["champion"]}
    assert "nothing changed" in keepwell("run", "-C", trained).err


def test_nothing_is_loaded_to_say_that_nothing_changed(trained: Path) -> None:
    code = (
        "import sys\nfrom keepwell.cli.main import run\nassert run(['run', '--json']) == 0\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    command = [sys.executable, "-c", code]
    start = time.perf_counter()
    done = subprocess.run(command, cwd=trained, capture_output=True, text=True, check=True)
    assert time.perf_counter() - start < 0.6  # the benchmark holds the goal of 0.25 s
    heavy = {"typer", "rich", "pydantic", "numpy", "pyarrow", "duckdb", "sqlalchemy", "yaml"}
    assert set(done.stderr.split()) & heavy == set()


def test_a_plan_says_what_a_change_would_cause(keepwell: Any, trained: Path) -> None:
    assert "up to date" in keepwell("plan", "-C", trained).out
    data = trained.parent / "customers.csv"
    status = data.stat()
    os.utime(data, (status.st_atime, status.st_mtime + 10))
    try:
        steps = keepwell("plan", "-C", trained, "--json").document["steps"]
        assert steps[0]["status"] == "stale"
        assert "the file changed" in steps[0]["reason"]
    finally:
        os.utime(data, (status.st_atime, status.st_mtime))


def test_status_tells_where_things_stand(keepwell: Any, trained: Path) -> None:
    document = keepwell("status", "-C", trained, "--json").document
    assert document["dataset"] == {"name": "shop", "version": 1, "rows": 800}
    assert document["endpoint"]["champion"] == 1
    assert document["served"] is None
    assert "next  keepwell up" in keepwell("status", "-C", trained).out


def test_data_can_be_listed_shown_profiled_and_asked(keepwell: Any, trained: Path) -> None:
    (listed,) = keepwell("data", "-C", trained, "--json").document["datasets"]
    assert (listed["name"], listed["version"], listed["rows"]) == ("shop", 1, 800)
    shown = keepwell("data", "show", "v1", "-C", trained, "--rows", "2", "--json").document
    assert [column["name"] for column in shown["schema"]][:2] == ["customer", "tenure"]
    assert len(shown["head"]) == 2
    assert "800 rows" in keepwell("data", "profile", "-C", trained).out
    sql = "SELECT plan, count(*) AS n FROM shop GROUP BY 1 ORDER BY 1"
    rows = keepwell("data", "query", sql, "-C", trained, "--json").document["rows"]
    assert sum(row["n"] for row in rows) == 800
    wrong = keepwell("data", "query", "SELEC 1", "-C", trained)
    assert wrong.code == 2


def test_a_row_is_scored_in_this_process(keepwell: Any, trained: Path) -> None:
    row = '{"tenure": 2, "plan": "monthly", "charges": 95.5}'
    answer = keepwell("predict", "--json", row, "-C", trained).document
    assert answer["predictions"][0] in ("yes", "no")
    assert sum(answer["probabilities"][0].values()) == pytest.approx(1)
    said = keepwell("predict", row, "-C", trained).out
    assert said.startswith(answer["predictions"][0] + "  no ")
    wrong = keepwell("predict", '{"tenure": "many"}', "-C", trained)
    assert wrong.code == 1
    assert "tenure" in wrong.err
    assert keepwell("predict", "{tenure: 2}", "-C", trained).code == 2


def test_a_closed_gate_fails_the_run_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text(outside.customers(300))
    outside.keepwell("init", "shop", "--data", "customers.csv", "--target", "churn", cwd=tmp_path)
    file = tmp_path / "shop" / "keepwell.yaml"
    more = "\ntrain: {budget: 3s, learners: [linear]}\ngate: {min: {roc_auc: 0.999}}\n"
    file.write_text(file.read_text() + more)
    done = outside.keepwell("run", cwd=tmp_path / "shop", check=False)
    assert done.returncode == 1
    assert "gate     closed" in done.stdout
    assert "✗ min roc_auc" in done.stdout
    again = outside.keepwell("run", "--json", cwd=tmp_path / "shop", check=False)
    assert again.returncode == 1
    assert '"passed": false' in again.stdout


def test_a_file_is_answered_by_a_file(keepwell: Any, trained: Path, tmp_path: Path) -> None:
    source, scored = trained.parent / "customers.csv", tmp_path / "scored.parquet"
    answer = keepwell("predict", source, "-o", scored, "-C", trained, "--json").document
    assert (answer["rows"], answer["model"]) == (800, {"name": "shop", "version": 1})
    import pyarrow.parquet as pq

    table = pq.read_table(scored)
    assert table.num_rows == 800
    assert {"customer", "prediction", "probability_yes"} <= set(table.column_names)
    nowhere = keepwell("predict", source, "-C", trained)
    assert nowhere.code == 2
    assert "-o scored.parquet" in nowhere.err
    missing = keepwell("predict", "nothing.csv", "-o", tmp_path / "x.csv", "-C", trained)
    assert missing.code == 1


def test_ctrl_c_ends_a_run_cleanly(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text(outside.customers(20_000))
    outside.keepwell("init", "shop", "--data", "customers.csv", "--target", "churn", cwd=tmp_path)
    child = subprocess.Popen(
        [sys.executable, "-m", "keepwell", "run", "--json"],
        cwd=tmp_path / "shop",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    assert any("train …" in line for line in child.stderr)
    time.sleep(1)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=150)
    # Once a candidate was measured, the best so far is kept; before, there is nothing to keep.
    assert child.returncode in (0, 130)
    assert (out == "") is (child.returncode == 130)
    assert "Traceback" not in err
