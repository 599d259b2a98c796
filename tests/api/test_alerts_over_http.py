"""Alerts and incidents over HTTP: each change is an event in somebody's name."""

import time
from collections.abc import Iterator

import pytest
from console_alerts import tell_alerts
from console_world import Told, start_canary, tell
from starlette.testclient import TestClient

from keepwell.api.app import create_app


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Return a workspace of its own: these tests change it."""
    told = tell(tmp_path_factory.mktemp("alerted") / "churn", time.time())
    start_canary(told)
    tell_alerts(told)
    yield told
    told.workspace.close()


@pytest.fixture
def client(told: Told) -> TestClient:
    return TestClient(create_app(told.workspace), base_url="http://127.0.0.1:4400")


def actor(told: Told) -> str:
    return told.workspace.metadata.events(newest_first=True, limit=1)[0].actor


def test_an_alert_is_read_and_taken_on(client: TestClient, told: Told) -> None:
    (slow, lost) = sorted(
        client.get("/api/v1/alerts?status=firing").json()["alerts"], key=lambda one: one["id"]
    )
    assert len(client.get("/api/v1/alerts").json()["alerts"]) == 3
    read = client.get(f"/api/v1/alerts/{slow['id'].lower()}").json()
    assert read["deliveries"][0]["attempts"][0]["answer"] == "written"
    url = f"/api/v1/alerts/{slow['id']}/acknowledge"
    taken = client.post(url, json={"by": "ana", "text": "on it"}).json()
    assert (taken["acknowledged_by"], taken["note"]) == ("api:ana", "on it")
    incident = client.get(f"/api/v1/incidents/{slow['incident']}").json()
    assert (incident["owner"], incident["notes"][0]["text"]) == ("ana", "on it")
    assert actor(told) == "api:ana"
    assert lost["silenced"]
    assert client.get("/api/v1/alerts/01KNOTHERE").status_code == 404
    over = client.post("/api/v1/alerts/01KALERT000000000000000003/acknowledge", json={})
    assert over.status_code == 409
    assert "is over" in over.json()["what"]


def test_a_silence_begins_and_ends(client: TestClient) -> None:
    wish = {"seconds": 60, "reason": "load test", "endpoint": "churn", "by": "bo"}
    made = client.post("/api/v1/alerts/silences", json=wish).json()
    held = client.get("/api/v1/alerts/silences").json()["silences"]
    assert made["id"] in [one["id"] for one in held]
    assert client.delete(f"/api/v1/alerts/silences/{made['id']}").status_code == 200
    held = client.get("/api/v1/alerts/silences").json()["silences"]
    assert made["id"] not in [one["id"] for one in held]
    every = client.get("/api/v1/alerts/silences?ended=true").json()["silences"]
    assert made["id"] in [one["id"] for one in every]
    assert client.post("/api/v1/alerts/silences", json=wish | {"seconds": 0}).status_code == 400
    assert client.post("/api/v1/alerts/silences", json=wish | {"reason": " "}).status_code == 400


def test_a_channel_is_tried_the_way_every_message_goes(client: TestClient) -> None:
    sent = client.post("/api/v1/alerts/channels/log/test").json()
    assert (sent["status"], sent["kind"]) == ("sent", "test")
    (log,) = client.get("/api/v1/alerts/channels").json()["channels"]
    assert log["last"]["id"] == sent["id"]
    assert client.post("/api/v1/alerts/channels/opps/test").status_code == 404


def test_an_incident_is_tended_by_requests(client: TestClient, told: Told) -> None:
    opened = client.get("/api/v1/incidents?status=open").json()["incidents"][0]["id"]
    url = f"/api/v1/incidents/{opened}"
    assert client.post(f"{url}/assign", json={"text": "bo", "by": "ana"}).json()["owner"] == "bo"
    noted = client.post(f"{url}/notes", json={"text": "seen before"}).json()["notes"]
    number = noted[-1]["id"]
    changed = client.post(f"{url}/notes", json={"text": "seen in May", "number": number}).json()
    assert changed["notes"][-1]["text"] == "seen in May"
    around = client.get(f"{url}/surroundings").json()
    assert {"deployment", "data", "alert"} <= {one["kind"] for one in around["changes"]}
    assert "seen in May" in client.get(f"{url}/post-mortem").text
    assert client.post(f"{url}/close", json={}).status_code == 400
    closed = client.post(f"{url}/close", json={"text": "a test", "by": "bo"}).json()
    assert (closed["status"], closed["resolution"]) == ("closed", "by_hand")
    assert actor(told) == "api:bo"
    assert client.post(f"{url}/close", json={"text": "again"}).status_code == 409


def test_the_figures_are_read(client: TestClient) -> None:
    found = client.get("/api/v1/incidents/figures?days=7").json()
    assert found["deployments"] == 2
    assert found["recover"] > 0
    assert client.get("/api/v1/incidents/figures?days=0").status_code == 400
