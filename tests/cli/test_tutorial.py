"""The tutorial is run: every Python and shell block of it, in order, as a reader would."""

import os
import re
import subprocess
import sys
from pathlib import Path

import outside
import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorial" / "first-five-minutes.md"
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
QUICK = "\ntrain: {budget: 5s, learners: [linear]}\n"


def shell(code: str, folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"{code}\npwd > {folder}/.where"],
        cwd=(folder / ".where").read_text().strip() if (folder / ".where").exists() else folder,
        env={**outside.ENVIRONMENT, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_tutorial_runs(tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    server: outside.Served | None = None
    try:
        for language, code in BLOCK.findall(PAGE.read_text()):
            if language == "python":
                monkeypatch.chdir(tmp_path)
                exec(compile(code, str(PAGE), "exec"), {})
            elif code.strip() == "keepwell up":
                server = outside.Served(tmp_path / "shop", free_port)
                server.wait_ready()
            else:
                said.append(shell(code.replace("4400", str(free_port)), tmp_path))
                if "keepwell init" in code:
                    file = tmp_path / "shop" / "keepwell.yaml"
                    file.write_text(file.read_text() + QUICK)
    finally:
        if server is not None:
            server.stop()
    everything = "\n".join(said)
    for words in (
        "customer  identifier  key      every one of 2,000 values is different",
        "model    shop/1  (champion)",
        '"prediction_ids":["',
        '"accepted":1',
        "no incident so far",
        "dataset  shop/2  2,001 rows",
        "added    1",
        "intact",
    ):
        assert words in everything
