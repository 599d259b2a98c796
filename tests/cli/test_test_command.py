"""`keepwell test` on a project that was built, and on one whose model, data or tests are broken."""

import csv
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keepwell.operations.verification.data import CHECKS as DATA
from keepwell.operations.verification.predictions import CHECKS as PREDICTIONS
from keepwell.operations.verification.training import CHECKS as TRAINING
from keepwell.workspace import Workspace

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "test-a-project.md"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with a champion."""
    root = tmp_path_factory.mktemp("shop")
    dice = random.Random(1)
    with (root / "shop.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["tenure", "plan", "left"])
        for _ in range(400):
            tenure = dice.randrange(60)
            left = "yes" if dice.random() < (0.8 if tenure < 20 else 0.2) else "no"
            writer.writerow([tenure, dice.choice(["year", "month"]), left])
    (root / "keepwell.yaml").write_text(
        "project: shop\ndata: {source: shop.csv, target: left}\n"
        "train: {budget: 3s, learners: [linear]}\ngate: {min: {roc_auc: 0.5}}\n"
    )
    with Workspace.open(root) as workspace:
        assert workspace.builder.run().passed
    return root


def statuses(document: Any) -> dict[str, str]:
    return {check["name"]: check["status"] for check in document["checks"]}


def test_a_sound_project_passes_and_nothing_is_left(
    built: Path, keepwell: Callable[..., Any]
) -> None:
    with Workspace.open(built) as workspace:
        before = len(workspace.metadata.events())
    ended = keepwell("test", "--json", "-C", built)
    assert ended.code == 0, ended.document
    assert set(statuses(ended.document).values()) == {"passed"}
    assert len(ended.document["checks"]) == len((*DATA, *TRAINING, *PREDICTIONS))
    with Workspace.open(built) as workspace:
        assert len(workspace.metadata.events()) == before
    shown = keepwell("test", "--only", "prediction", "-C", built)
    assert "7 passed, 0 failed" in shown.out


def test_a_changed_model_file_is_found(built: Path, keepwell: Callable[..., Any]) -> None:
    with Workspace.open(built) as workspace:
        version = workspace.registry.get("shop", "champion")
        file = version.bundle.files[0]
    (path,) = (built / ".keepwell" / "blobs").rglob(f"*{file.digest[4:]}*")
    whole = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(whole[:-1] + b"!")
    try:
        ended = keepwell("test", "--only", "prediction", "--json", "-C", built)
        assert ended.code == 1
        assert statuses(ended.document)["the model's files are whole"] == "failed"
    finally:
        path.write_bytes(whole)


def test_data_that_breaks_the_contract_is_found(built: Path, keepwell: Callable[..., Any]) -> None:
    source = built / "shop.csv"
    whole = source.read_text()
    source.write_text(whole.replace("left\n", "gone\n", 1))
    try:
        ended = keepwell("test", "--only", "data", "--json", "-C", built)
        assert ended.code == 1
        (check, _) = ended.document["checks"]
        assert check["status"] == "failed"
        assert "left" in check["detail"]
    finally:
        source.write_text(whole)


def test_the_projects_own_tests_run(built: Path, keepwell: Callable[..., Any]) -> None:
    folder = built / "tests"
    folder.mkdir()
    own = folder / "test_mine.py"
    own.write_text("def test_it():\n    assert 1 + 1 == 2\n")
    passed = keepwell("test", "--only", "own", "--json", "-C", built)
    assert (passed.code, passed.document["passed"]) == (0, 1)
    own.write_text("def test_it():\n    assert 1 + 1 == 3\n")
    failed = keepwell("test", "--only", "own", "--json", "-C", built)
    assert (failed.code, failed.document["failed"]) == (1, 1)
    assert "test_mine.py" in failed.document["checks"][0]["detail"]


def test_a_project_without_a_model_skips_what_needs_one(
    tmp_path: Path, keepwell: Callable[..., Any]
) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,a\n2,b\n")
    (tmp_path / "keepwell.yaml").write_text("data: {source: a.csv, target: y}\n")
    ended = keepwell("test", "--only", "prediction", "--json", "-C", tmp_path)
    assert (ended.code, ended.document["skipped"]) == (0, 7)
    assert keepwell("test", "--only", "predictoin", "-C", tmp_path).code == 2


def test_every_check_is_in_the_documentation() -> None:
    rows = [line.strip("|").split("|") for line in PAGE.read_text().splitlines() if "|" in line]
    described = {tuple(cell.strip() for cell in row) for row in rows[2:]}
    checks = {(check.group, check.name) for check in (*DATA, *TRAINING, *PREDICTIONS)}
    assert described == checks | {("own", "the project's own tests pass")}
