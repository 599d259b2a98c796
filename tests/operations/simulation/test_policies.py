"""A policy file holds what differs, and its mistakes are told at its own lines."""

from pathlib import Path

import pytest

from keepwell.core.errors import NotFoundError, ProjectFileError
from keepwell.core.spec import MonitorSpec
from keepwell.infrastructure.project_file import load_project
from keepwell.operations.simulation import read_policy
from keepwell.operations.simulation.pace import looks_of, step_of, told

PROJECT = """\
project: shop
data:
  source: shop.csv
  target: left
monitor: {window: 2h}
loop:
  retrain: {cooldown: 3h}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    file = tmp_path / "keepwell.yaml"
    file.write_text(PROJECT)
    return file


def test_sections_that_it_lacks_are_those_of_the_project(project: Path, tmp_path: Path) -> None:
    file = tmp_path / "eager.yaml"
    file.write_text("loop: {retrain: {min_labels: 7}}")
    found = read_policy(file, load_project(project), project)
    assert found.name == "eager"
    assert found.spec.loop.retrain.min_labels == 7
    assert found.spec.loop.retrain.cooldown == 21600.0, "a section takes the place of a section"
    assert found.spec.monitor.window_seconds == 7200.0
    assert (found.spec.name, found.spec.root) == ("shop", tmp_path)


def test_a_whole_project_file_is_a_policy_too_and_only_that(project: Path, tmp_path: Path) -> None:
    file = tmp_path / "other.yaml"
    file.write_text(PROJECT.replace("shop.csv", "other.csv").replace("3h", "1d"))
    found = read_policy(file, load_project(project), project)
    assert found.spec.loop.retrain.cooldown == 86400.0
    assert found.spec.data.source == "shop.csv"


def test_mistakes_are_told_with_the_line_of_the_policy(project: Path, tmp_path: Path) -> None:
    file = tmp_path / "eager.yaml"
    file.write_text("loop:\n  retrain:\n    cooldwn: 1h\n")
    with pytest.raises(ProjectFileError) as caught:
        read_policy(file, load_project(project), project)
    assert "eager.yaml" in str(caught.value)
    assert "3" in str(caught.value)
    with pytest.raises(NotFoundError, match=r"no policy file"):
        read_policy(tmp_path / "none.yaml", load_project(project), project)


def test_some_hundreds_of_looks_are_made_and_no_row_is_left_out_for_that() -> None:
    monthly = 30 * 86400.0
    hourly = MonitorSpec(every=10.0, window_seconds=3600.0)
    assert step_of(hourly, monthly) == 3600.0, "else hours would lie between two windows"
    assert step_of(MonitorSpec(every=10.0, window_seconds=None, window_rows=500), monthly) == 6480.0
    assert len(looks_of(0.0, monthly, 6480.0)) == 400
    year = 365 * 86400.0
    assert step_of(hourly, year) == year / 2000
    assert len(told(hourly, step_of(hourly, year))) == 2
    assert told(hourly, 10.0) == []
