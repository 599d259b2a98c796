"""A version comes out the same when it is made again; where it does not, that is said."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from keepwell.core.errors import NotFoundError
from keepwell.core.records import Estimate
from keepwell.operations.build.recipe import ANSWERS, RECIPE
from keepwell.operations.reproduction import Reproduction, reproduce
from keepwell.operations.reproduction.surroundings import differences, needed
from keepwell.workspace import Workspace


def outcome(found: Reproduction) -> dict[str, bool | None]:
    return {check.name: check.same for check in found.checks}


@pytest.mark.parametrize("version", [1, 2])
def test_makes_a_version_again_to_the_last_bit(judged: Workspace, version: int) -> None:
    made = judged.registry.get("shop", version)
    assert made.learner in ("linear", "lightgbm", "ensemble")
    found = reproduce(judged.bench, made)
    assert found.reproduced
    assert found.identical
    assert found.after == found.before
    assert set(outcome(found).values()) == {True}


def test_says_so_where_metric_and_answers_are_others(judged: Workspace) -> None:
    version = judged.registry.get("shop", 1)
    claimed = replace(version, metrics={version.metric: Estimate(value=0.999)})
    kept = judged.runs.read(version.run, ANSWERS)
    shifted = np.frombuffer(kept, dtype=np.float64) + 1e-3
    judged.runs.attach(version.run, ANSWERS, shifted.tobytes())
    try:
        found = reproduce(judged.bench, claimed)
    finally:
        judged.runs.attach(version.run, ANSWERS, kept)
    assert not found.reproduced
    assert not found.identical
    assert found.largest == pytest.approx(1e-3)
    assert outcome(found)["metric"] is False
    assert outcome(found)["answers"] is False


def test_leaves_a_program_that_runs_by_itself(judged: Workspace, tmp_path: Path) -> None:
    reproduce(judged.bench, judged.registry.get("shop", 2), output=tmp_path / "out")
    assert {item.name for item in (tmp_path / "out").iterdir()} == {
        "train.py", "train.parquet", "test.parquet", "answers.npy",
    }  # fmt: skip


def test_brings_code_back_without_touching_the_repository(
    judged: Workspace, tmp_path: Path
) -> None:
    from keepwell.operations.reproduction.source import restore

    root = judged.bench.spec.root
    run = judged.runs.get(judged.registry.get("shop", 1).run)
    before = sorted(item.name for item in (root / ".git").iterdir())
    (root / "keepwell.yaml").write_text("changed: since\n")
    diff = judged.blobs.read(run.code.diff) if run.code.diff else b""
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


def test_refuses_a_version_without_a_recipe(judged: Workspace) -> None:
    version = judged.registry.get("shop", 1)
    bare = judged.runs.start("shop")
    with pytest.raises(NotFoundError, match="shop/1 has no recipe"):
        reproduce(judged.bench, replace(version, run=bare.id))
    recipe = (
        b'{"target": "churn", "metric": "roc_auc", "script": false, "reason": "a net of theirs"}'
    )
    judged.runs.attach(bare.id, RECIPE, recipe)
    with pytest.raises(NotFoundError, match="a net of theirs"):
        reproduce(judged.bench, replace(version, run=bare.id))


def test_names_the_packages_that_differ_and_counts_the_others() -> None:
    program = "import numpy as np\nfrom sklearn.linear_model import Ridge\n"
    names = needed(program)
    assert "scikit-learn" in names
    then = {"packages": {"NumPy": "1.0", "scikit-learn": "1.5", "rich": "1"}}
    now = {"packages": {"numpy": "2.0", "scikit-learn": "1.5", "rich": "2"}}
    assert differences(then, now, names) == (["numpy 1.0 then, 2.0 now"], 1)
