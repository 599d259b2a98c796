"""The guide's commands are typed, on a project that was built as a reader would build it."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import outside
import pytest

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "export.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
QUICK = "\ntrain: {budget: 3s, learners: [linear]}\n"


@pytest.fixture(scope="module")
def churn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with a trained champion."""
    folder = tmp_path_factory.mktemp("exported")
    (folder / "customers.csv").write_text(outside.customers(600))
    outside.keepwell(
        "init", "churn", "--data", "customers.csv", "--target", "churn", cwd=folder
    )  # fmt: skip
    project = folder / "churn"
    file = project / "keepwell.yaml"
    file.write_text(file.read_text() + QUICK)
    outside.keepwell("run", cwd=project)
    return project


def test_the_guide_is_typed_as_it_stands(
    churn: Path, keepwell: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(churn)
    lines = "".join(BLOCK.findall(GUIDE.read_text())).splitlines()
    assert len(lines) >= 6
    for line in lines:
        program, *words = shlex.split(line)
        assert program == "keepwell"
        ended = keepwell(*words, "--json")
        assert ended.code == 0, ended.err
        if "-o" in words:
            document = ended.document
            if words[1] != "bundle":
                assert document["figures"]["rows_compared"] == 200  # of the training data
                assert document["figures"]["largest_difference"] == 0
            assert (churn / words[words.index("-o") + 1] / "keepwell-export.json").is_file()
    row = {"tenure": 3, "plan": "monthly", "charges": 70.0}
    asked = json.dumps({"instances": [row]})
    program = (
        "import json, sys, handler; print(json.dumps(handler.handler(json.load(sys.stdin), 0)))"
    )
    ended = subprocess.run(
        [sys.executable, "-B", "-c", program],
        cwd=churn / "churn-function",
        input=asked,
        capture_output=True,
        text=True,
        check=True,
    )
    ours = keepwell("predict", json.dumps(row), "--json").document
    assert json.loads(ended.stdout) == ours


def test_every_target_is_in_the_guide() -> None:
    from keepwell.deployment.targets.exporting import targets

    ours = {"bundle", "docker", "edge", "kubernetes", "lambda", "mlflow", "onnx"}
    assert ours <= set(targets())
    text = GUIDE.read_text()
    assert all(f"keepwell export {name}" in text for name in ours)
