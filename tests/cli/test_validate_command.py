"""`keepwell validate` from a terminal."""

from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_a_project_without_a_champion_says_so(project: Path, keepwell: Callable[..., Any]) -> None:
    assert "nothing was validated yet" in keepwell("validate", "--history", "-C", project).out
    ended = keepwell("validate", "-C", project)
    assert ended.code == 1
    assert "no champion" in ended.err


def test_too_few_outcomes_decide_nothing(project: Path, keepwell: Callable[..., Any]) -> None:
    from keepwell.workspace import Workspace

    with Workspace.open(project) as workspace:
        workspace.endpoints.deploy("shop", "shop", 1)
    ended = keepwell("validate", "--json", "-C", project)
    assert ended.code == 0
    (one,) = ended.document["validations"]
    assert one["verdict"] == "too few outcomes: 0 of 100; no limit is set"
    listed = keepwell("validate", "--history", "-C", project)
    assert "shop/1" in listed.out
    assert "too few outcomes" in listed.out


def test_without_a_limit_the_line_that_sets_one_is_told(
    project: Path, keepwell: Callable[..., Any]
) -> None:
    from keepwell.workspace import Workspace

    with Workspace.open(project) as workspace:
        workspace.endpoints.deploy("shop", "shop", 1)
    told = keepwell("validate", "-C", project)
    assert "no limit is set" in told.err
    assert "monitor: {validation: {min: {roc_auc: 0.8}}}" in told.out
    file = project / "keepwell.yaml"
    file.write_text(file.read_text() + "\nmonitor: {validation: {min: {roc_auc: 0.8}}}\n")
    told = keepwell("validate", "-C", project)
    assert told.code == 0
    assert "no limit" not in told.out + told.err
