"""A version comes out the same when it is made again; where it does not, that is said."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from outside import customers

from keepwell.core.errors import NotFoundError
from keepwell.core.records import Estimate
from keepwell.core.spec import DataSpec, ProjectSpec, TrainSpec
from keepwell.operations.build.recipe import ANSWERS, RECIPE
from keepwell.operations.reproduction import Reproduction, reproduce
from keepwell.operations.reproduction.surroundings import differences, needed
from keepwell.workspace import Workspace


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=n", "-c", "user.email=n@example.com")
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Return a project in a Git repository, built once by each learner."""
    root = tmp_path_factory.mktemp("again") / "shop"
    root.mkdir()
    (root / "keepwell.yaml").write_text("project: shop\ndata: {source: customers.csv}\n")
    (root / "customers.csv").write_text(customers(600))
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    data = DataSpec(source="customers.csv", target="churn", key="customer")
    for learner in ("linear", "lightgbm"):
        train = TrainSpec(budget=6.0, folds=2, learners=(learner,))
        with Workspace(ProjectSpec(name="shop", root=root, data=data, train=train)) as opened:
            opened.builder.run()
    with Workspace(ProjectSpec(name="shop", root=root, data=data)) as opened:
        yield opened


def outcome(found: Reproduction) -> dict[str, bool | None]:
    return {check.name: check.same for check in found.checks}


@pytest.mark.parametrize("version", [1, 2])
def test_makes_a_version_again_to_the_last_bit(workspace: Workspace, version: int) -> None:
    made = workspace.registry.get("shop", version)
    assert made.learner in ("linear", "lightgbm")
    found = reproduce(workspace.bench, made)
    assert found.reproduced
    assert found.identical
    assert found.after == found.before
    assert set(outcome(found).values()) == {True}


def test_says_so_where_metric_and_answers_are_others(workspace: Workspace) -> None:
    version = workspace.registry.get("shop", 1)
    claimed = replace(version, metrics={version.metric: Estimate(value=0.999)})
    kept = workspace.runs.read(version.run, ANSWERS)
    shifted = np.frombuffer(kept, dtype=np.float64) + 1e-3
    workspace.runs.attach(version.run, ANSWERS, shifted.tobytes())
    try:
        found = reproduce(workspace.bench, claimed)
    finally:
        workspace.runs.attach(version.run, ANSWERS, kept)
    assert not found.reproduced
    assert not found.identical
    assert found.largest == pytest.approx(1e-3)
    assert outcome(found)["metric"] is False
    assert outcome(found)["answers"] is False


def test_leaves_a_program_that_runs_by_itself(workspace: Workspace, tmp_path: Path) -> None:
    reproduce(workspace.bench, workspace.registry.get("shop", 2), output=tmp_path / "out")
    assert {item.name for item in (tmp_path / "out").iterdir()} == {
        "train.py", "train.parquet", "test.parquet", "answers.npy",
    }  # fmt: skip


def test_brings_code_back_without_touching_the_repository(
    workspace: Workspace, tmp_path: Path
) -> None:
    from keepwell.operations.reproduction.source import restore

    root = workspace.bench.spec.root
    run = workspace.runs.get(workspace.registry.get("shop", 1).run)
    before = sorted(item.name for item in (root / ".git").iterdir())
    (root / "keepwell.yaml").write_text("changed: since\n")
    diff = workspace.blobs.read(run.code.diff) if run.code.diff else b""
    folder, words = restore(root, run.code, diff, tmp_path / "code")
    assert folder is not None
    assert (folder / "keepwell.yaml").read_text().startswith("project: shop")
    assert run.code.commit[:12] in words
    assert sorted(item.name for item in (root / ".git").iterdir()) == before
    lost = replace(run.code, commit="0" * 40)
    assert restore(root, lost, b"", tmp_path / "none") == (
        None,
        "commit 000000000000 is not in the repository any more",
    )


def test_refuses_a_version_without_a_recipe(workspace: Workspace) -> None:
    version = workspace.registry.get("shop", 1)
    bare = workspace.runs.start("shop")
    with pytest.raises(NotFoundError, match="shop/1 has no recipe"):
        reproduce(workspace.bench, replace(version, run=bare.id))
    recipe = (
        b'{"target": "churn", "metric": "roc_auc", "script": false, "reason": "a net of theirs"}'
    )
    workspace.runs.attach(bare.id, RECIPE, recipe)
    with pytest.raises(NotFoundError, match="a net of theirs"):
        reproduce(workspace.bench, replace(version, run=bare.id))


def test_names_the_packages_that_differ_and_counts_the_others() -> None:
    program = "import numpy as np\nfrom sklearn.linear_model import Ridge\n"
    names = needed(program)
    assert "scikit-learn" in names
    then = {"packages": {"NumPy": "1.0", "scikit-learn": "1.5", "rich": "1"}}
    now = {"packages": {"numpy": "2.0", "scikit-learn": "1.5", "rich": "2"}}
    assert differences(then, now, names) == (["numpy 1.0 then, 2.0 now"], 1)
