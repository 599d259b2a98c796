"""The guides are typed: every shell and Python block, as a reader of the tutorial's shop would type it.

Their `sh` and `python` blocks stand for themselves. Only what no page can know is put in its place: the
port, the id of a real prediction, a token that was made a moment before. Blocks without a language are not
run: what they show is an answer, or an installation.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import outside
import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TUTORIAL = DOCS / "tutorial" / "first-five-minutes.md"
QUICK = """
train: {budget: 3s, learners: [linear]}
serve: {rollout: {hold: 1h}}
monitor: {export: [{to: json, path: logs/seen.jsonl, every: 1s}]}
"""
ROW = {"tenure": 3, "plan": "monthly", "charges": 79.5}
SERVING = 3

BEFORE = {
    "keepwell rollout start": ["!keepwell rollout abort"],
    "keepwell rollout status": ["!keepwell rollout abort", "keepwell rollout start 4"],
    "keepwell rollout abort": ["keepwell rollout start 5"],
    "keepwell rollout back": ["keepwell rollout start 5", "keepwell rollout promote"],
    "keepwell predict new.csv": ["cp ../customers.csv new.csv"],
    "keepwell predict --follow events.jsonl": [f"echo '{json.dumps(ROW)}' > events.jsonl"],
}
"""What a reader has done before a command, where the page tells it in words; `!`: it may fail."""


@dataclass
class Desk:
    """Where a reader types."""

    folder: Path
    port: int
    prediction: str
    keepwell: Any = None
    said: list[str] = field(default_factory=list)

    def type(self, command: str, *, may_fail: bool = False) -> None:
        found = re.findall(r"kw_\w{20,}", "\n".join(self.said))
        command = command.replace("4400", str(self.port))
        command = re.sub(r"01K[0-9A-Z]{23}", self.prediction, command)
        command = command.replace("kw_…", found[0] if found else "kw_")
        words = shlex.split(command, comments=True)
        if words[0] == "keepwell" and not {"|", ">"} & set(words):  # a process less
            ended = self.keepwell(*words[1:])
            code, out, err = ended.code, ended.out, ended.err
        else:
            code, out, err = self._shell(command)
        assert may_fail or code == 0, f"{command}\n{out}\n{err}"
        refused = '"error":' in out and '"what":' in out
        assert may_fail or not refused, f"{command}\n{out}"
        self.said.append(out)

    def _shell(self, command: str) -> tuple[int, str, str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=self.folder,
            env={**outside.ENVIRONMENT, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Return the tutorial's shop, served, with five versions of which the third serves."""
    from socket import socket

    folder = tmp_path_factory.mktemp("guides")
    (_, table), *_ = BLOCK.findall(TUTORIAL.read_text())
    before = Path.cwd()
    os.chdir(folder)
    try:
        exec(compile(table, str(TUTORIAL), "exec"), {})
    finally:
        os.chdir(before)
    outside.keepwell("init", "shop", "--data", "customers.csv", "--target", "churn", cwd=folder)
    shop = folder / "shop"
    file = shop / "keepwell.yaml"
    file.write_text(file.read_text() + QUICK)
    outside.keepwell("run", cwd=shop)
    _more_versions(shop)
    outside.keepwell("deploy", str(SERVING), cwd=shop)
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = outside.Served(shop, port)
    try:
        server.wait_ready()
        answer = server.http.post("/endpoints/shop/predict", json={"instances": [ROW]}).json()
        yield Desk(folder=shop, port=port, prediction=answer["prediction_ids"][0])
    finally:
        server.stop()


def _more_versions(shop: Path) -> None:
    """Register the champion's files four more times, as versions 2 to 5."""
    from keepwell.core.records import ModelVersion
    from keepwell.infrastructure.metadata import Collection
    from keepwell.workspace import Workspace

    with Workspace.open(shop) as workspace:
        first = workspace.registry.get("shop", 1)
        versions = Collection(workspace.metadata, "model_version", ModelVersion)
        for number in range(2, 6):
            versions.write(replace(first, version=number), "registered", "again")


@pytest.mark.parametrize(
    "page",
    [
        "how-to/ask-in-other-protocols.md",
        "how-to/connect-other-tools.md",
        "how-to/explain-an-answer.md",
        "how-to/get-told.md",
        "how-to/give-consumers-tokens.md",
        "how-to/let-the-loop-act.md",
        "how-to/look-into-the-prediction-log.md",
        "how-to/release-safely.md",
        "how-to/score-a-file.md",
        "how-to/trace-language-models.md",
        "how-to/watch-models-served-elsewhere.md",
        "how-to/watch-costs-and-machines.md",
        "how-to/watch-a-model.md",
        "reference/http.md",
    ],
)
def test_a_guide_is_typed_as_it_stands(
    desk: Desk, page: str, keepwell: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.keepwell = keepwell
    monkeypatch.chdir(desk.folder)
    blocks = BLOCK.findall((DOCS / page).read_text())
    assert blocks
    for language, code in blocks:
        if language == "sh":
            for command in _commands(code):
                for words, earlier in BEFORE.items():
                    for one in earlier if command.startswith(words) else ():
                        desk.type(one.removeprefix("!"), may_fail=one.startswith("!"))
                desk.type(command)
        else:
            _run(desk, code)
    desk.type("keepwell rollout abort", may_fail=True)
    assert keepwell("status", "--json").document["served"]


def test_what_is_seen_is_exported_while_it_is_up(desk: Desk) -> None:
    lines = (desk.folder / "logs" / "seen.jsonl").read_text().splitlines()
    kinds = {json.loads(line)["kind"] for line in lines}
    assert "metric" in kinds
    metrics = {name for line in lines for name in json.loads(line).get("metrics", ())}
    assert {"keepwell_champion_version", "keepwell_requests"} <= metrics


def _commands(code: str) -> list[str]:
    """Return the commands of a block; one that a backslash goes on with is one."""
    return re.sub(r"\\\n\s*", " ", code).strip().splitlines()


def _run(desk: Desk, code: str) -> None:
    """Run Python in a process of its own; what needs a library that is not here is left out."""
    for module in set(re.findall(r"^(?:import|from) (\w+)", code, re.MULTILINE)):
        pytest.importorskip(module)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code.replace("4400", str(desk.port))],
        cwd=desk.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"{code}\n{done.stderr}"


@pytest.mark.parametrize("page", sorted((DOCS / "how-to").glob("*.md")), ids=lambda page: page.stem)
def test_no_guide_asks_an_endpoint_that_the_docs_cannot_make(page: Path) -> None:
    text = "".join(code for _, code in BLOCK.findall(page.read_text()))
    assert set(
        re.findall(r"localhost:4400/endpoints/(\w+)|127\.0\.0\.1:4400/endpoints/(\w+)", text)
    ) <= {
        ("shop", ""),
        ("", "shop"),
    }
