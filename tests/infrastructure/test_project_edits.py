"""Single values of a project file are changed, and everything else stays as it was written."""

from pathlib import Path

import pytest
import yaml

from keepwell.core.errors import ProjectFileError
from keepwell.infrastructure.project_edits import set_values
from keepwell.infrastructure.project_file import load_project

HEAD = "project: shop   # ours\ndata: {source: a.csv}\n"
FILES = {
    "nothing of it": HEAD,
    "another key": f"{HEAD}serve:\n  # where\n  port: 4500\n\ntrain:\n  budget: 1m\n",
    "the key": f"{HEAD}serve:\n  workers: 1      # one is enough\n  port: 4500\n",
    "in braces": f"{HEAD}serve: {{port: 4500, workers: 2}}  # short\n",
    "other braces": f"{HEAD}serve: {{limits: {{rows: 10}}}}\n",
    "empty braces": f"{HEAD}serve: {{}}\n",
    "an empty section": f"{HEAD}serve:\ntrain: {{budget: 1m}}\n",
    "an empty section deeper": f"{HEAD}serve:\n  limits:   # none\n  port: 4500\n",
    "deep": f"{HEAD}serve:\n    limits:\n        rows: 10\n",
    "no last line's end": HEAD + "serve:\n  port: 4500",
}


@pytest.mark.parametrize("name", FILES)
def test_values_are_there_and_the_rest_is_as_before(name: str, tmp_path: Path) -> None:
    path = tmp_path / "keepwell.yaml"
    path.write_text(FILES[name])
    wanted = {"serve.workers": 3, "serve.limits.in_flight": 40}
    told = set_values(path, wanted)
    assert "workers: 3" in told
    spec = load_project(path)
    assert (spec.serve.workers, spec.serve.limits.in_flight) == (3, 40)
    before, after = yaml.safe_load(FILES[name]), yaml.safe_load(path.read_text())
    old = before.pop("serve", None) or {}
    new = after.pop("serve")
    assert after == before
    limits = new.pop("limits")
    assert limits == (old.pop("limits", None) or {}) | {"in_flight": 40}
    assert new == old | {"workers": 3}
    comments = [line.partition("#")[2] for line in FILES[name].splitlines() if "#" in line]
    assert all(comment in path.read_text() for comment in comments)
    assert not list(tmp_path.glob(".*"))
    assert set_values(path, wanted) == ""


def test_what_is_no_single_value_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "keepwell.yaml"
    path.write_text(HEAD + "serve: {workers: [1, 2]}\n")
    with pytest.raises(ProjectFileError, match=r"'serve\.workers' cannot be changed"):
        set_values(path, {"serve.workers": 2})
    assert path.read_text() == HEAD + "serve: {workers: [1, 2]}\n"


def test_a_value_that_the_project_refuses_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "keepwell.yaml"
    path.write_text(HEAD)
    with pytest.raises(ProjectFileError):
        set_values(path, {"serve.workers": 0})
    assert path.read_text() == HEAD
    assert not list(tmp_path.glob(".*"))
