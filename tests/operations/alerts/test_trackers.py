"""Issues are opened once, whatever gets lost, in the forms of three trackers."""

from pathlib import Path

import pytest
from tracker_server import issue_tracker

from keepwell.core.alerting import ChannelSpec
from keepwell.core.clock import ManualClock
from keepwell.core.records import Delivery
from keepwell.infrastructure.metadata import open_metadata
from keepwell.infrastructure.project_file import load_project
from keepwell.operations.alerts.channels.trackers import TRACKERS
from keepwell.operations.alerts.courier import Courier
from keepwell.operations.alerts.store import AlertStore

ADDRESSES = {
    "github": "/repos/o/r/issues",
    "gitlab": "/api/v4/projects/7/issues",
    "jira": "/rest/api/2/issue?project=OPS&type=Bug",
}
SIGNED = {
    "github": ("authorization", "Bearer s3cret"),
    "gitlab": ("private-token", "s3cret"),
    "jira": ("authorization", "Bearer s3cret"),
}


def message(kind: str, stage: int = 1) -> Delivery:
    return Delivery(
        id=f"a1/{stage}/tracker",
        alert="a1",
        channel="tracker",
        kind=kind,
        title="churn is slow",
        body="very",
        severity="warning",
        created=1000.0,
        due=1000.0,
        link="http://here/incidents/1",
    )


@pytest.mark.parametrize("kind", TRACKERS)
def test_it_is_opened_once_and_commented_on_after_that(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_TOKEN", "s3cret")
    with issue_tracker() as issues:
        address = f"http://127.0.0.1:{issues.port}{ADDRESSES[kind]}"
        channel = ChannelSpec(name="tracker", kind=kind, to=(address,), secret="$TRACKER_TOKEN")
        clock = ManualClock(1000.0)
        metadata = open_metadata(f"sqlite:///{tmp_path}/record.db", clock=clock)
        store = AlertStore(metadata, clock)
        courier = Courier(store, lambda: [channel], clock)
        issues.lose = 1
        store.post(message("firing"))
        first = courier.hand_over(store.delivery("a1/1/tracker"))
        assert first.status == "waiting"
        second = courier.hand_over(first)
        assert second.status == "sent"
        assert second.attempts[-1].answer.endswith("is open already")
        assert len(issues.opened) == 1, "what got lost was found again"
        store.post(message("resolved", stage=2))
        third = courier.hand_over(store.delivery("a1/2/tracker"))
        assert third.attempts[-1].answer.startswith("commented on ")
        assert len(issues.comments) == 1
        assert issues.headers[0][SIGNED[kind][0]] == SIGNED[kind][1]
        told = str(issues.opened[0])
        assert "churn is slow" in told
        assert "http://here/incidents/1" in told
        assert "s3cret" not in str(store.delivery("a1/1/tracker"))
        metadata.close()


def test_jira_names_its_project_and_its_own_form_of_text() -> None:
    url, document = TRACKERS["jira"].opened(
        "https://x.example.com/rest/api/3/issue?project=OPS", message("issue"), "keepwell-1"
    )
    assert url == "https://x.example.com/rest/api/3/issue"
    assert document["fields"]["project"] == {"key": "OPS"}
    assert document["fields"]["issuetype"] == {"name": "Task"}
    assert document["fields"]["description"]["type"] == "doc"
    basic = TRACKERS["jira"].headers("me@example.com:token")
    assert basic["authorization"].startswith("Basic ")


def test_trackers_stand_in_the_project_file(tmp_path: Path) -> None:
    file = tmp_path / "keepwell.yaml"
    file.write_text(
        "project: shop\ndata: {source: a.csv, target: b}\n"
        "alerts:\n  channels:\n"
        "    bugs: {gitlab: https://gitlab.example.com/api/v4/projects/7/issues, secret: $TOKEN}\n"
    )
    (channel,) = load_project(file).alerts.channels
    assert (channel.kind, channel.secret) == ("gitlab", "$TOKEN")
