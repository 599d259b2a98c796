import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from rollout_world import make_project

from keepwell.cli.main import run


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("commands") / "churn")


@pytest.fixture
def project(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "churn"
    shutil.copytree(home, root)
    monkeypatch.chdir(root)
    return root


def answer(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    assert run([*words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_before_the_first_rollout_the_next_step_is_told(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(capsys, "rollout", "status")["next"] == "keepwell rollout start VERSION"
    assert answer(capsys, "rollout", "history") == {"rollouts": []}
    for words in (["rollout", "status"], ["rollout"], ["rollout", "history"]):
        assert run(words) == 0
        assert "keepwell rollout start VERSION" in capsys.readouterr().out
    error = answer(capsys, "rollout", "promote", code=1)["error"]
    assert error["what"] == "no rollout is in progress"


def test_a_rollout_goes_from_start_to_promotion_and_back(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = answer(
        capsys, "rollout", "start", "2", "--steps", "10,100", "--hold", "5m", "--set", "watch=30m"
    )
    assert (begun["steps"], begun["hold"], begun["watch"]) == ([10, 100], 300, 1800)
    assert run(["rollout", "status"]) == 0
    assert "canary of version 2 against version 1 at churn" in capsys.readouterr().out
    at_a_glance = answer(capsys, "status")["rollout"]
    assert (at_a_glance["step"], at_a_glance["steps"], at_a_glance["percent"]) == (1, [10, 100], 10)
    assert run(["status"]) == 0
    told = capsys.readouterr().out
    assert "canary of version 2 against version 1: 10% of the traffic, step 1 of 2" in told
    assert "`keepwell up`: nobody serves" in told
    assert answer(capsys, "rollout", "promote")["status"] == "promoted"
    now = answer(capsys, "rollout", "at")
    assert (now["champion"], now["change"]) == (2, "routed")
    assert answer(capsys, "rollout", "back", "--why", "worse")["notes"] == "worse"
    assert [one["status"] for one in answer(capsys, "rollout", "list")["rollouts"]] == [
        "rolled_back"
    ]


def test_several_versions_are_told_side_by_side(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("rollout", "start", "2", "3", "--strategy", "ab", "--weights", "1=2,2=1,3=1")
    assert [arm["share"] for arm in answer(capsys, *words)["arms"]] == [50, 25, 25]
    assert run(["status"]) == 0
    assert "version 1 50%, version 2 25%, version 3 25%" in capsys.readouterr().out
    assert run(["rollout", "status"]) == 0
    told = capsys.readouterr().out
    assert "decision  undecided so far" in told
    assert "keepwell rollout promote --version 2, or keepwell rollout abort" in told
    assert answer(capsys, "rollout", "abort", "--why", "enough")["status"] == "aborted"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rollout", "start", "2", "--strategy", "canari"], "did you mean 'canary'"),
        (["rollout", "start", "2", "--set", "wacht=1h"], "what can be set"),
        (["rollout", "start", "2", "--hold", "10"], "no duration"),
        (
            ["rollout", "start", "2", "--strategy", "ab", "--weights", "x=1"],
            "no share of a version",
        ),
        (["rollout", "at", "yesterday"], "is no time"),
        (["flags", "fallback", "No"], "in quotes"),
        (["flags", "rules", "tenur < 6 -> v2"], "did you mean 'tenure'"),
    ],
)
def test_what_is_not_understood_says_what_to_write(
    project: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert run(words) == 2
    assert said in capsys.readouterr().err


def test_flags_are_switched_and_shown(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["flags"]) == 0
    assert "nothing is switched" in capsys.readouterr().out
    answer(capsys, "flags", "rules", "tenure < 6 -> v2")
    answer(capsys, "flags", "fallback", "previous", '"no"', "--limit-ms", "50")
    killed = answer(capsys, "flags", "kill", "--why", "complaints")
    assert (killed["killed"], killed["limit_ms"]) == (True, 50)
    assert run(["flags"]) == 0
    told = capsys.readouterr().out
    assert "OFF: complaints" in told
    assert "tenure < 6 -> v2" in told
    assert answer(capsys, "flags", "revive")["killed"] is False


def test_a_version_is_deployed_at_once(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = answer(capsys, "deploy", "2", "--why", "now")
    assert (done["routes"][0]["version"], done["previous"]) == (2, 1)
    assert done["changed"]
    assert not answer(capsys, "deploy", "2")["changed"]
    assert run(["deploy", "2"]) == 0
    assert "version 2 already serves" in capsys.readouterr().out
    assert answer(capsys, "deploy", "9", code=1)["error"]["error"] == "NotFoundError"
    assert answer(capsys, "models", "show", "champion")["version"] == 2
