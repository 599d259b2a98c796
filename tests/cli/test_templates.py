"""Every template is started and its README walked through, command by command, as a newcomer would."""

import csv
import os
import re
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path
from random import Random

import outside
import pytest

from keepwell.cli.templates.catalog import NAMES, template
from keepwell.cli.templates.worlds.sentences import fill, mistyped

BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(project: Path) -> list[str]:
    return BLOCK.findall((project / "README.md").read_text())


def shell(code: str, project: Path, port: int) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code],
        cwd=project,
        env={
            **outside.ENVIRONMENT,
            "PATH": path,
            "BOT_ENDPOINT": f"http://127.0.0.1:{port}/endpoints/project/predict",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def rows_watched(project: Path, what: str) -> bool:
    """Return whether the monitors come to see the later rows (`rows`) with their outcomes (`performance`)."""
    for _ in range(60):
        report = outside.keepwell_json("monitor", cwd=project)["report"]
        if report and report[what]:
            return True
        time.sleep(1)
    return False


@pytest.mark.parametrize("name", NAMES)
def test_a_template_walks_through_all_seven_steps(
    name: str, tmp_path: Path, free_port: int
) -> None:
    outside.keepwell("init", "project", "--template", name, cwd=tmp_path)
    project = tmp_path / "project"
    settings = project / "keepwell.yaml"
    settings.write_text(settings.read_text().replace("budget: 20s", "budget: 3s"))
    told = template(name).outcomes
    said: list[str] = []
    server: outside.Served | None = None
    try:
        for code in commands(project):
            if code.endswith("keepwell up\n"):
                if before := code.removesuffix("keepwell up\n"):
                    said.append(shell(before, project, free_port))
                server = outside.Served(project, free_port)
                server.wait_ready()
            else:
                said.append(shell(code.replace("4400", str(free_port)), project, free_port))
        watched = rows_watched(project, "performance" if told else "rows")
    finally:
        if server is not None:
            server.stop()
    everything = "\n".join(said)
    assert "model    project/1  (champion)" in everything
    assert "gate     passed" in everything
    accepted = re.search(r"accepted +([\d,]+)", everything)
    assert (accepted is not None) is told, everything
    if accepted is not None:
        assert int(accepted[1].replace(",", "")) == template(name).later
    assert watched


@pytest.mark.parametrize("name", NAMES)
def test_a_world_is_the_same_for_the_same_seed_and_changes_later(name: str) -> None:
    world = template(name).world

    def some(later: bool) -> list[dict[str, object]]:
        return list(islice(world(Random(3), later), 300))

    assert some(False) == some(False)
    assert some(False) != some(True)


def test_what_is_in_the_folder_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    refused = outside.keepwell("init", "--template", "churn", cwd=tmp_path, check=False)
    assert refused.returncode == 1
    assert "README.md is there already" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
    outside.keepwell("init", "--template", "churn", "--overwrite", cwd=tmp_path)
    assert (tmp_path / "README.md").read_text().startswith("# Which customers")


def test_a_misspelt_template_is_suggested(tmp_path: Path) -> None:
    refused = outside.keepwell("init", "--template", "house-price", cwd=tmp_path, check=False)
    assert refused.returncode == 2
    assert "house-prices" in refused.stderr
    assert not list(tmp_path.iterdir())


def test_a_template_brings_its_own_data(tmp_path: Path) -> None:
    words = ("init", "--template", "churn", "--data", "mine.csv")
    refused = outside.keepwell(*words, cwd=tmp_path, check=False)
    assert refused.returncode == 2
    assert "--template churn and --data do not go together" in refused.stderr


def test_init_without_data_points_to_the_templates(tmp_path: Path) -> None:
    refused = outside.keepwell("init", cwd=tmp_path, check=False)
    assert refused.returncode == 2
    assert "keepwell init --templates" in refused.stderr


def test_the_list_names_every_template_and_how_it_is_deployed(tmp_path: Path) -> None:
    listed = outside.keepwell("init", "--templates", cwd=tmp_path).stdout
    for name in NAMES:
        assert re.search(rf"^{name} +{template(name).mode} ", listed, re.MULTILINE)


def test_keys_go_on_where_the_learnt_rows_end(tmp_path: Path) -> None:
    outside.keepwell("init", "--template", "spam", cwd=tmp_path)

    def keys(file: str) -> list[str]:
        with (tmp_path / "data" / file).open() as rows:
            return [row["message"] for row in csv.DictReader(rows)]

    assert not set(keys("messages.csv")) & set(keys("later.csv"))
    assert keys("later.csv") == keys("outcomes.csv")


def test_sentences_are_drawn_from_patterns() -> None:
    assert fill(Random(1), ["a {colour} dog"], colour=["red"]) == "a red dog"
    assert mistyped(Random(1), "abc", share=1) == "abc"
    assert sorted(mistyped(Random(1), "abcdef", share=1)) == sorted("abcdef")


def test_the_guide_lists_every_template_as_it_is() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "start-from-a-template.md"
    rows = [line for line in page.read_text().splitlines() if re.match(r"\| `[^-]", line)]
    assert rows == [
        f"| `{item.name}` | {item.mode} | {item.title} | `{item.project('x').train.metric}` |"
        for item in map(template, NAMES)
    ]
