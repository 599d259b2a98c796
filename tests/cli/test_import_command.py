"""A version goes from one project to the next, and is the same in each."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from keepwell import Project
from keepwell.core.spec import DataSpec, ProjectSpec
from keepwell.infrastructure.project_file import render_project


def new_project(folder: Path, name: str = "visits") -> Path:
    folder.mkdir()
    spec = ProjectSpec(name=name, root=folder, data=DataSpec(source="v.csv", target="left"))
    (folder / "keepwell.yaml").write_text(render_project(spec))
    return folder


@pytest.fixture
def development(tmp_path: Path) -> Path:
    """Return a project with one version of a model, its champion."""
    import pandas as pd
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    random = np.random.default_rng(0)
    frame = pd.DataFrame({"age": random.normal(40, 9, 300), "visits": random.normal(5, 2, 300)})
    frame["left"] = np.where(frame["age"] + random.normal(0, 4, 300) > 40, "yes", "no")
    inputs = ["age", "visits"]
    pipeline = Pipeline([("scale", StandardScaler()), ("model", LogisticRegression())])
    pipeline.fit(frame[:200][inputs], frame[:200]["left"])
    folder = new_project(tmp_path / "development")
    with Project(folder) as project:
        version = project.register(pipeline, frame[200:], target="left")
        project.promote(version.version)
    return folder


def test_the_same_artifact_in_every_environment(
    keepwell: Any, development: Path, tmp_path: Path
) -> None:
    row = json.dumps({"age": 44.5, "visits": 3})
    before = keepwell("predict", row, "-C", development, "--json").document
    source, archive, artifacts = development, None, []
    for name in ("staging", "production"):
        out = tmp_path / f"for-{name}"
        written = keepwell("export", "bundle", "-o", out, "-C", source, "--json").document
        artifacts.append(written["figures"]["artifact"])
        archive = next(out.glob("*.keepwell"))
        assert archive.name == "visits-1.keepwell"
        source = new_project(tmp_path / name)
        digest = written["figures"]["sha256"]
        words = ["import", "bundle", archive, "--sha256", digest, "-C", source]
        ended = keepwell(*words, "--json")
        assert ended.code == 0, ended.err
        taken = ended.document
        assert taken["new"] is True
        assert taken["from"] == "visits/1"
        artifacts.append(taken["artifact"])
        again = keepwell(*words)
        assert "was here already" in again.out
        assert "keepwell models promote 1" in again.out
        assert keepwell("models", "promote", "1", "-C", source).code == 0
        after = keepwell("predict", row, "-C", source, "--json").document
        assert after == before
    assert len(set(artifacts)) == 1
    theirs = keepwell("models", "show", "1", "-C", development, "--json").document
    ours = keepwell("models", "show", "1", "-C", source, "--json").document
    for key in ("bundle", "signature", "metrics", "proof", "gate", "learner"):
        assert ours[key] == theirs[key]
    run = keepwell("runs", "show", ours["run"], "-C", source, "--json").document
    assert run["params"]["from"] == "visits/1"
    assert run["params"]["artifact"] == artifacts[0]
    assert keepwell("audit", "verify", "-C", source).code == 0


def test_a_project_of_another_name_says_how(
    keepwell: Any, development: Path, tmp_path: Path
) -> None:
    keepwell("export", "bundle", "-o", tmp_path / "out", "-C", development)
    archive = tmp_path / "out" / "visits-1.keepwell"
    other = new_project(tmp_path / "other", "visits-live")
    told = keepwell("import", "bundle", archive, "-C", other)
    assert "import it with --as visits-live" in told.out
    own = keepwell("import", "bundle", archive, "--as", "visits-live", "-C", other, "--json")
    assert own.document["model"] == {"name": "visits-live", "version": 1}
    assert keepwell("models", "promote", "1", "-C", other).code == 0


def test_what_was_altered_leaves_no_trace(keepwell: Any, development: Path, tmp_path: Path) -> None:
    keepwell("export", "bundle", "-o", tmp_path / "out", "-C", development)
    archive = tmp_path / "out" / "visits-1.keepwell"
    target = new_project(tmp_path / "target")
    wrong = keepwell("import", "bundle", archive, "--sha256", "0" * 64, "-C", target)
    assert wrong.code == 1
    assert "is not the archive that was exported" in wrong.err
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 0xFF
    archive.write_bytes(data)
    assert keepwell("import", "bundle", archive, "-C", target).code == 1
    assert keepwell("models", "-C", target, "--json").document == {"models": []}
    assert keepwell("runs", "-C", target, "--json").document["runs"] == []
