"""`keepwell alerts` and what `keepwell incidents` does, as a user types it."""

from pathlib import Path
from typing import Any

import pytest
from alert_receivers import web_server

from keepwell.core.records import Alert, Hit
from keepwell.operations.alerts.judge import Judged
from keepwell.workspace import Workspace

ALERT = "01KTESTALERT00000000000000"


@pytest.fixture
def alerted(project: Path) -> Path:
    """Return the project with an alert that fires."""
    with Workspace.open(project) as workspace:
        hit = Hit(rule="slow", subject="endpoint:shop", endpoint="shop", message="shop is slow")
        alert = Alert(
            id=ALERT, cause="endpoint:shop", title="shop is slow", severity="warning",
            endpoint="shop", hits=(hit,), opened=1_800_000_000.0, told=("log",),
        )  # fmt: skip
        workspace.alerts.store.keep(Judged(alerts=(alert,)))
    return project


def channels(project: Path, text: str) -> None:
    file = project / "keepwell.yaml"
    file.write_text(file.read_text() + f"\nalerts:\n  channels: {text}\n")


def test_an_alert_is_listed_shown_and_taken_on(keepwell: Any, alerted: Path) -> None:
    assert "shop is slow" in keepwell("alerts", "-C", alerted).out
    shown = keepwell("alerts", "show", ALERT[:8].lower(), "-C", alerted)
    assert "endpoint:shop" in shown.out
    taken = keepwell("alerts", "ack", ALERT, "--why", "on it", "-C", alerted, "--json").document
    assert taken["note"] == "on it"
    assert taken["acknowledged_by"].startswith("user:")
    listed = keepwell("alerts", "list", "-C", alerted).out
    assert "taken on" in listed
    assert keepwell("alerts", "show", "zzz", "-C", alerted).code == 1


def test_a_silence_has_an_end_and_a_reason(keepwell: Any, alerted: Path) -> None:
    words = ("alerts", "silence", "--for", "2h", "--why", "load test", "-e", "shop")
    made = keepwell(*words, "-C", alerted, "--json").document
    assert made["until"] - made["since"] == 7200
    assert "load test" in keepwell("alerts", "silences", "-C", alerted).out
    assert keepwell("alerts", "unsilence", made["id"], "-C", alerted).code == 0
    assert keepwell("alerts", "silences", "-C", alerted).out == "no silence holds\n"
    assert keepwell("alerts", "silence", "--for", "soon", "--why", "x", "-C", alerted).code == 2
    assert keepwell("alerts", "silence", "--for", "2h", "--why", " ", "-C", alerted).code == 2
    assert keepwell("alerts", "silence", "--for", "2h", "-C", alerted).code == 2


def test_a_test_goes_the_real_way_and_says_what_failed(
    keepwell: Any, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with web_server() as received:
        monkeypatch.setenv("HOOK", f"http://127.0.0.1:{received.port}/hooks/verysecret")
        channels(project, "{ops: {webhook: $HOOK}}")
        tried = keepwell("alerts", "test", "-C", project)
        assert tried.code == 0
        assert "sent: HTTP 200" in tried.out
        assert received.documents[0]["kind"] == "test"
        received.status = 403
        refused = keepwell("alerts", "test", "ops", "-C", project, "--json")
    assert refused.code == 1
    assert "it answered 403" in refused.document["tests"][0]["attempts"][0]["error"]
    assert "verysecret" not in refused.out + refused.err + tried.out
    listed = keepwell("alerts", "channels", "-C", project)
    assert "webhook" in listed.out
    assert "verysecret" not in listed.out
    assert keepwell("alerts", "test", "opps", "-C", project).code == 1


def test_a_quiet_project_says_so(keepwell: Any, project: Path) -> None:
    assert keepwell("alerts", "-C", project).out == "nothing fires\n"
    assert "nothing sent yet" in keepwell("alerts", "channels", "-C", project).out


def test_incidents_are_tended_from_the_command_line(keepwell: Any, project: Path) -> None:
    noted = keepwell(
        "incidents", "note", "latest", "the supplier changed it", "-C", project, "--json"
    )
    assert noted.document["notes"][0]["id"] == 1
    assert keepwell("incidents", "assign", "latest", "ana", "-C", project).code == 0
    shown = keepwell("incidents", "show", "-C", project)
    assert "the supplier changed it" in shown.out
    assert "ana" in shown.out
    assert "- " in keepwell("incidents", "postmortem", "-C", project).out
    refused = keepwell("incidents", "close", "--why", "x", "-C", project)
    assert refused.code == 1
    assert "is closed" in refused.err
    assert keepwell("incidents", "ack", "-C", project).code == 1
    assert "change-failure rate" in keepwell("incidents", "figures", "-C", project).out
    document = keepwell("incidents", "figures", "--days", 10000, "-C", project)
    assert document.code == 2
