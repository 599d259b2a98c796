"""Commands that read the record: runs, models, incidents, audit."""

from pathlib import Path
from typing import Any

import pytest


def test_runs_are_listed_newest_first(keepwell: Any, project: Path) -> None:
    runs = keepwell("runs", "-C", project, "--json").document["runs"]
    assert [run["model"] for run in runs] == ["shop/2", "shop/1"]
    listed = keepwell("runs", "list", "-C", project, "--limit", 1).out
    assert "roc_auc 0.8200" in listed
    assert runs[1]["id"] not in listed


def test_a_run_is_found_by_the_beginning_of_its_id(keepwell: Any, project: Path) -> None:
    first = keepwell("runs", "list", "-C", project, "--json").document["runs"][1]["id"]
    shown = keepwell("runs", "show", first.lower(), "-C", project)
    assert first in shown.out
    assert "0.79 to 0.85" in shown.out
    assert keepwell("runs", "show", "-C", project, "--json").document["model"] == "shop/2"
    missing = keepwell("runs", "show", "zzz", "-C", project)
    assert missing.code == 1


def test_models_say_which_one_is_champion(keepwell: Any, project: Path) -> None:
    models = keepwell("models", "list", "-C", project, "--json").document["models"]
    assert [(model["version"], model["aliases"]) for model in models] == [
        (2, []),
        (1, ["champion"]),
    ]
    assert models[0]["metrics"] == {"roc_auc": pytest.approx(0.82)}


@pytest.mark.parametrize("words", [["1"], ["champion"], ["shop", "1"], ["shop", "champion"]])
def test_a_version_is_found_by_number_or_alias(
    keepwell: Any, project: Path, words: list[str]
) -> None:
    assert keepwell("models", "show", *words, "-C", project, "--json").document["version"] == 1


def test_a_version_says_what_it_takes(keepwell: Any, project: Path) -> None:
    shown = keepwell("models", "show", "-C", project).out
    assert "model shop/2" in shown
    assert shown.index("tenure") < shown.index("plan ")


def test_unknown_versions_are_refused_by_name(keepwell: Any, project: Path) -> None:
    ended = keepwell("models", "show", "champoin", "-C", project)
    assert ended.code == 1
    assert "did you mean 'champion'?" in ended.err
    assert keepwell("models", "show", "a", "b", "c", "-C", project).code == 2


def test_incidents_tell_cause_and_timeline(keepwell: Any, project: Path) -> None:
    (listed,) = keepwell("incidents", "-C", project, "--json").document["incidents"]
    assert listed["resolution"] == "healed"
    shown = keepwell("incidents", "show", "-C", project).out
    for words in (
        "accuracy of 'shop' fell",
        "closed healed",
        "1m 30s",
        "plan has a new value",
        "+0ms",
    ):
        assert words in shown
    assert keepwell("incidents", "show", "01KTEST", "-C", project).code == 0
    assert "# " in keepwell("incidents", "postmortem", "-C", project).out
    decisions = keepwell("incidents", "decisions", "-C", project, "--json").document["decisions"]
    assert decisions[0]["evidence"] == {"psi": 0.4}


def test_no_incident_is_said_in_words(keepwell: Any, tmp_path: Path) -> None:
    (tmp_path / "keepwell.yaml").write_text("project: calm\ndata: {source: a.csv}\n")
    assert keepwell("incidents", "-C", tmp_path).out == "no incident so far\n"
    assert keepwell("incidents", "show", "-C", tmp_path).code == 1
    assert keepwell("runs", "show", "-C", tmp_path).code == 1
    assert keepwell("audit", "head", "-C", tmp_path, "--json").document == {"head": ""}


def test_the_audit_log_is_newest_first_and_can_be_about_one_subject(
    keepwell: Any, project: Path
) -> None:
    events = keepwell("audit", "log", "-C", project, "--json").document["events"]
    assert [event["seq"] for event in events] == sorted((e["seq"] for e in events), reverse=True)
    (about,) = keepwell(
        "audit", "--about", "alias:shop/champion", "-C", project, "--json"
    ).document["events"]
    assert about["why"] == "gate passed"
    assert keepwell("audit", "log", "--about", "champion", "-C", project).code == 2


def test_the_head_is_an_anchor(keepwell: Any, project: Path) -> None:
    head = keepwell("audit", "head", "-C", project).out.strip()
    newest = keepwell("audit", "log", "-C", project, "--json").document["events"][0]
    assert head == f"{newest['seq']}:{newest['hash']}"
