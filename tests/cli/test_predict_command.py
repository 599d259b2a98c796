"""`keepwell predict` for files, jobs and streams, as a user would type it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import outside
import pytest


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with a champion and a job `nightly`."""
    folder = tmp_path_factory.mktemp("predict")
    (folder / "customers.csv").write_text(outside.customers(400))
    (folder / "new.csv").write_text(outside.customers(120, seed=1))
    (folder / "keepwell.yaml").write_text(
        "project: shop\ndata: {source: customers.csv, target: churn}\n"
        "train: {budget: 1s, learners: [linear], folds: 2}\n"
        "batch:\n  - {name: nightly, source: new.csv, output: scored/nightly.jsonl, "
        'schedule: "0 2 * * *"}\n'
    )
    outside.keepwell("run", cwd=folder)
    return folder


def test_a_file_is_counted_and_never_replaced_unasked(
    keepwell: Any, shop: Path, tmp_path: Path
) -> None:
    target = tmp_path / "scored.csv"
    told = keepwell("predict", shop / "new.csv", "-o", target, "-C", shop)
    assert "120 rows scored by shop/1" in told.out
    assert "no " in told.out
    assert "yes " in told.out
    again = keepwell("predict", shop / "new.csv", "-o", target, "-C", shop)
    assert again.code == 2
    assert "--overwrite" in again.err
    words = ("predict", shop / "new.csv", "-o", target, "-C", shop, "--overwrite", "--json")
    document = keepwell(*words).document
    assert (document["rows"], document["resumed"]) == (120, 0)
    assert sum(document["predictions"].values()) == 120


def test_predictions_are_logged_on_demand(keepwell: Any, shop: Path, tmp_path: Path) -> None:
    query = ("data", "query", "SELECT count(*) n FROM predictions", "-C", shop, "--json")
    words = ("predict", shop / "new.csv", "-C", shop)
    assert keepwell(*words, "-o", tmp_path / "a.csv", "--log").code == 0
    (counted,) = keepwell(*query).document["rows"]
    assert keepwell(*words, "-o", tmp_path / "b.csv").code == 0
    assert keepwell(*query).document["rows"] == [counted]
    assert 120 in (counted.values() if isinstance(counted, dict) else counted)


def test_a_job_is_carried_out_by_name(keepwell: Any, shop: Path) -> None:
    document = keepwell("predict", "--job", "nightly", "-C", shop, "--json").document
    assert (document["rows"], document["job"]) == (120, "nightly")
    lines = (shop / "scored" / "nightly.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["prediction"] in ("yes", "no")
    assert "rows compared" in keepwell("predict", "--job", "nightly", "-C", shop).out
    listed = keepwell("runs", "-C", shop).out
    assert "120 rows" in listed
    unknown = keepwell("predict", "--job", "nihgtly", "-C", shop)
    assert "did you mean 'nightly'?" in unknown.err
    assert keepwell("predict", "new.csv", "--job", "nightly", "-C", shop).code == 2


def test_a_pipe_is_answered(shop: Path) -> None:
    events = '{"tenure": 3, "plan": "monthly", "charges": 90}\n{"tenure": "x"}\n'
    done = subprocess.run(
        [sys.executable, "-m", "keepwell", "predict", "--follow", "-", "-C", str(shop)],
        input=events,
        capture_output=True,
        text=True,
        check=True,
    )
    first, second = map(json.loads, done.stdout.splitlines())
    assert first["prediction"] in ("yes", "no")
    assert "'tenure'" in second["error"]["what"]
    assert "2 events answered, 1 of them by an error" in done.stderr


def test_a_file_is_followed_until_nothing_comes(keepwell: Any, shop: Path, tmp_path: Path) -> None:
    row = {"tenure": 3, "plan": "monthly", "charges": 70.0}
    (tmp_path / "events.jsonl").write_text(f"{json.dumps(row)}\n" * 3)
    words = ["predict", "--follow", tmp_path / "events.jsonl", "-o", tmp_path / "answers.jsonl"]
    ended = keepwell(*words, "--until-idle", "0.3s", "-C", shop)
    assert "ends after 300ms without an event" in ended.err
    assert "3 events answered" in ended.out


def test_what_is_missing_is_asked_for(keepwell: Any, shop: Path) -> None:
    nothing = keepwell("predict", "-C", shop)
    assert nothing.code == 2
    assert "keepwell predict new.csv -o scored.csv" in nothing.err
    nowhere = keepwell("predict", "--follow", shop / "a.jsonl", "-C", shop)
    assert "-o answers.jsonl" in nowhere.err


def test_labels_that_training_never_saw_are_told_by_column(
    keepwell: Any, shop: Path, tmp_path: Path
) -> None:
    lines = (shop / "new.csv").read_text().splitlines()
    source = tmp_path / "strange.csv"
    strange = [line.replace("monthly", "weekly").replace("yearly", "daily") for line in lines[1:4]]
    source.write_text("\n".join([lines[0], *strange, *lines[4:]]))
    words = ("predict", source, "-C", shop)
    told = keepwell(*words, "-o", tmp_path / "a.csv")
    assert "column 'plan': 3 rows hold labels that training never saw: '" in told.err
    document = keepwell(*words, "-o", f"{tmp_path}/parts/", "--json").document
    assert document["unseen"]["plan"]["rows"] == 3
    assert set(document["unseen"]["plan"]["examples"]) <= {"weekly", "daily"}
    manifest = json.loads((tmp_path / "parts" / "_manifest.json").read_text())
    assert manifest["unseen"] == document["unseen"]
    fine = keepwell("predict", shop / "new.csv", "-C", shop, "-o", tmp_path / "b.csv", "--json")
    assert fine.document["unseen"] == {}
