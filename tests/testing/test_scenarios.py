"""Every scripted fault is seen for what it is and answered as it should be, and users can play them too."""

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from keepwell.core.errors import ConflictError, NotFoundError
from keepwell.testing.scenarios import SCENARIOS, Expected, Scenario, Stage, Verdict, run, running
from keepwell.testing.scenarios.__main__ import main
from keepwell.testing.scenarios.ground import ground_of
from keepwell.testing.scenarios.running import named, score, usual_ground
from keepwell.testing.scenarios.table import document_of, line_of, table_of
from keepwell.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "scenarios.md"


def _marked() -> Iterator[object]:
    for scenario in SCENARIOS:
        known = [pytest.mark.xfail(reason=scenario.known, strict=True)] if scenario.known else []
        yield pytest.param(scenario, id=scenario.name, marks=known)


@pytest.mark.parametrize("scenario", list(_marked()))
def test_a_fault_is_understood_and_answered(scenario: Scenario) -> None:
    verdict = run(scenario)
    assert verdict.skipped == ""
    assert verdict.details["wrong"] == []


def test_nothing_is_reported_while_all_is_well() -> None:
    assert usual_ground().alarms == ()


def test_every_scenario_is_told_once_and_expects_something() -> None:
    names = [scenario.name for scenario in SCENARIOS]
    assert len(names) == len(set(names)) >= 20
    for scenario in SCENARIOS:
        expected = scenario.expected
        assert scenario.story.endswith(".")
        assert expected.silent or expected.signals or expected.actions, scenario.name
        assert not (expected.silent and expected.actions), scenario.name


def test_the_page_names_every_scenario_once_in_order() -> None:
    told = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(), re.MULTILINE)
    assert told == [scenario.name for scenario in SCENARIOS]


def test_the_page_shows_known_failures_as_what_they_are() -> None:
    page = PAGE.read_text()
    wrong = re.findall(r"^\| `(\w+)` \|.*\*\*no\*\*", page, re.MULTILINE)
    known = [scenario for scenario in SCENARIOS if scenario.known]
    assert wrong == [scenario.name for scenario in known]
    for scenario in known:
        assert f"- `{scenario.name}`: {scenario.known}" in " ".join(page.split())


def _says_nothing(stage: Stage) -> None:
    stage.views.clear()


QUIET = Scenario(
    name="quiet", story="Nothing is looked at.", fault=_says_nothing, expected=Expected(silent=True)
)


def test_what_was_expected_and_does_not_come_is_said() -> None:
    wanted = Expected(signals=("drift:{number}",), cause="{number}", actions=("retrain",))
    verdict = run(replace(QUIET, expected=wanted))
    assert not verdict.diagnosed
    assert not verdict.acted
    assert verdict.details["wrong"] == [
        "drift:age_days was not seen",
        "the first cause is not 'age_days' but 'none'",
        "'retrain' was not done",
    ]


def test_what_a_project_lacks_skips_a_scenario(tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    usual = usual_ground()
    usual.copy(bare)
    text = (bare / "keepwell.yaml").read_text()
    (bare / "keepwell.yaml").write_text(text.replace("  slices: [carrier]\n", ""))
    verdict = run(named("drift_in_one_slice", SCENARIOS), replace(usual, folder=bare))
    assert verdict.skipped == "no slices are watched (monitor.slices)"
    assert score([verdict]) == "0 of 0 diagnosed, 0 of 0 acted as expected; 1 skipped"


def test_a_policy_that_does_not_train_is_not_expected_to(tmp_path: Path) -> None:
    careful = tmp_path / "careful"
    usual = usual_ground()
    usual.copy(careful)
    text = (careful / "keepwell.yaml").read_text()
    (careful / "keepwell.yaml").write_text(
        text.replace("on: [drift, performance]", "on: [performance]")
    )
    verdict = run(named("drift_sudden", SCENARIOS), replace(usual, folder=careful))
    assert verdict.details["expected"]["actions"] == ["open_incident"]
    assert verdict.details["wrong"] == []
    assert "retrain" not in verdict.details["actions"]


def _logged(folder: Path) -> set[str]:
    """Return the files of a project's tables, and its newest event."""
    with Workspace.open(folder) as workspace:
        newest = workspace.metadata.events(newest_first=True, limit=1)
    files = (path for path in (folder / ".keepwell" / "tables").rglob("*") if path.is_file())
    return {str(path.relative_to(folder)) for path in files} | {str(newest[0].seq)}


def test_a_project_is_only_read(tmp_path: Path) -> None:
    mine = usual_ground().copy(tmp_path / "mine")
    before = _logged(mine)
    ground = ground_of(mine)
    with Stage(ground, tmp_path / "copy") as stage:
        stage.live(1)
        assert stage.views[-1].look is not None
        assert stage.views[-1].look.rows == stage.traffic.rows  # what was logged stayed behind
    assert ground.own
    assert _logged(mine) == before


def test_a_project_is_played_by_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(running, "CALM_LOOKS", 1)
    mine = usual_ground().copy(tmp_path / "mine")
    assert main(["--only", "outlier_batch", "--json", "--project", str(mine)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["score"] == "1 of 1 diagnosed, 1 of 1 acted as expected"


def test_a_project_whose_record_is_elsewhere_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = usual_ground().copy(tmp_path / "mine")
    settings = mine / ".keepwell" / "workspace.json"
    settings.write_text(json.dumps({"format": 1, "metadata": "postgresql://db/keepwell"}))
    with pytest.raises(ConflictError, match="the metadata of mine is not in its folder"):
        ground_of(mine)
    monkeypatch.setenv("KEEPWELL_TABLES_URL", "s3://elsewhere")
    settings.write_text(json.dumps({"format": 1}))
    with pytest.raises(ConflictError, match="the tables of mine"):
        ground_of(mine)


def test_an_unknown_name_is_refused_with_a_hint() -> None:
    with pytest.raises(NotFoundError, match="there is no scenario 'drift_suden'"):
        named("drift_suden", SCENARIOS)


FOUND = {"actions": ["tell", "tell"], "cause": "x (0.9): y", "wrong": []}
RIGHT = Verdict(scenario="a", diagnosed=True, acted=True, details=FOUND, seconds=0.5)
WRONG = replace(
    RIGHT, scenario="b", acted=False, details={**FOUND, "wrong": ["'retrain' was done"]}
)


def test_verdicts_are_told_as_a_table_as_lines_and_as_a_document() -> None:
    table = table_of([RIGHT, WRONG, Verdict(scenario="c", skipped="it has none")])
    assert "| `a` | yes | yes | x | tell |" in table
    assert "| `b` | yes | **no** | x | tell |" in table
    assert "| `c` | - | - |  | it has none |" in table
    assert table.endswith("2 of 2 diagnosed, 1 of 2 acted as expected; 1 skipped.")
    assert line_of(RIGHT) == " ok   a (0.5 s): tell"
    assert line_of(WRONG).splitlines()[1].strip() == "'retrain' was done"
    assert json.loads(json.dumps(document_of([RIGHT])))["verdicts"][0]["scenario"] == "a"


def test_the_command_lists_and_refuses(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--list", "--only", "calm"]) == 0
    assert capsys.readouterr().out == "calm: A day like any other.\n"
    assert main(["--only", "clam"]) == 2
    assert logging.root.manager.disable == logging.NOTSET, "whoever calls it goes on logging"
    assert "there is no scenario 'clam'" in capsys.readouterr().err
    assert main(["--only", "calm", "--project", str(tmp_path)]) == 2
    assert "there is no keepwell.yaml" in capsys.readouterr().err
