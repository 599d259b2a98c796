"""The loop over HTTP: seen, agreed to and taken back, in somebody's name and with their role."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from console_customers import NAME
from console_loop import tell_loop
from console_world import Told, tell
from starlette.testclient import TestClient

from keepwell.api.app import create_app
from keepwell.core.records import Decision, Intervention

URL = "/api/v1/loop"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Return a workspace of its own: these tests change it."""
    told = tell(tmp_path_factory.mktemp("looped") / "churn", time.time())
    tell_loop(told)
    yield told
    told.workspace.close()


@pytest.fixture
def client(told: Told) -> TestClient:
    return TestClient(create_app(told.workspace), base_url="http://127.0.0.1:4400")


def propose(told: Told, name: str, *, approval: str = "", status: str = "proposed") -> str:
    """Leave an intervention in the record and return its id."""
    now = told.clock.now()
    one = Intervention(
        id=name,
        endpoint=NAME,
        playbook="scale",
        reason="busy",
        approval=approval,
        status=status,
        decided=now,
    )
    decision = Decision(id=f"d-{name}", time=now, endpoint=NAME, action="propose", reason="busy")
    told.workspace.incidents.write(decision, interventions=(one,))
    return name


def test_its_status_is_read(client: TestClient) -> None:
    found = client.get(URL).json()
    (status,) = found["endpoints"]
    assert status["endpoint"] == NAME
    assert status["rules"][1]["waits"] == "it waits for somebody to agree"
    assert status["limits"][1]["used"] == "1h 58m"
    assert [one["playbook"] for one in found["proposals"]] == ["quarantine"]


def test_its_history_tells_trigger_action_and_effects(client: TestClient) -> None:
    found = client.get(f"{URL}/history", params={"days": 30}).json()["history"]
    scaled = next(one for one in found if one["action"] == "scale")
    assert scaled["trigger"].startswith("busy: ")
    assert (scaled["predicted"]["after"], scaled["measured"]["after"]) == (160.0, 118.0)
    assert {"roll_back", "quarantine"} <= {one["action"] for one in found}


def test_a_proposal_is_agreed_to_in_a_name(client: TestClient, told: Told) -> None:
    name = propose(told, "one")
    said = client.post(f"{URL}/interventions/{name}/approve", json={"by": "ana"}).json()
    assert (said["status"], said["approved_by"]) == ("approved", "api:ana")
    again = client.post(f"{URL}/interventions/{name}/approve", json={})
    assert again.status_code == 409
    assert "waits for nobody's word" in again.json()["what"]
    assert told.workspace.metadata.events(newest_first=True, limit=1)[0].actor == "api:ana"


def test_a_role_is_shown_by_a_token(client: TestClient, told: Told) -> None:
    tokens = told.workspace.tokens
    _, with_role = tokens.create("ops", roles=("operator",))
    _, without = tokens.create("shop")
    name = propose(told, "two", approval="operator")
    url = f"{URL}/interventions/{name}/approve"
    for headers in ({}, {"authorization": f"Bearer {without}"}, {"authorization": "Bearer kw_a_b"}):
        refused = client.post(url, json={}, headers=headers)
        assert refused.status_code == 403, headers
    assert told.workspace.looping.consent.find(name).status == "proposed"
    said = client.post(url, json={}, headers={"authorization": f"Bearer {with_role}"}).json()
    assert (said["status"], said["approved_by"]) == ("approved", "token:ops")


def test_a_form_shows_its_token_in_the_body(client: TestClient, told: Told) -> None:
    _, text = told.workspace.tokens.create("night", roles=("operator",))
    name = propose(told, "three", approval="operator")
    answer = client.post(
        f"{URL}/interventions/{name}/refuse", json={"text": "not now", "token": text}
    ).json()
    assert (answer["status"], answer["outcome"]) == ("refused", "not now")


def test_what_is_in_force_is_taken_back(client: TestClient, told: Told) -> None:
    name = propose(told, "four", status="watching")
    said = client.post(f"{URL}/interventions/{name}/undo", json={"by": "bo", "text": "sale over"})
    assert said.json()["status"] == "undoing"
    assert said.json()["outcome"] == "sale over (api:bo)"
    refused = client.post(f"{URL}/interventions/{propose(told, 'five')}/undo", json={"by": "bo"})
    assert refused.status_code == 409


def test_what_a_person_said_outlives_what_the_loop_writes(told: Told) -> None:
    workspace = told.workspace
    name = propose(told, "six", status="acting")
    acting, _ = workspace.incidents.intervention(f"{NAME}/{name}")
    workspace.looping.consent.undo(name, "wrong")
    propose(told, "six", status="watching")
    kept, _ = workspace.incidents.intervention(acting.key)
    assert (kept.status, kept.outcome.startswith("wrong")) == ("undoing", True)
    refused = replace(acting, id="seven", status="refused")
    decision = Decision(id="d7", time=1.0, endpoint=NAME, action="x", reason="y")
    workspace.incidents.write(decision, interventions=(refused,))
    propose(told, "seven", status="acting")
    assert workspace.looping.consent.find("seven").status == "refused"


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ({"playbook": "scael", "endpoint": NAME, "dry_run": True}, 400, "did you mean 'scale'?"),
        ({"playbook": "scale", "endpoint": NAME, "extra": 1}, 400, "extra"),
    ],
)
def test_a_playbook_that_is_none_is_refused(
    client: TestClient, asked: dict[str, Any], status: int, said: str
) -> None:
    answer = client.post(f"{URL}/interventions", json=asked)
    assert answer.status_code == status
    assert said in answer.text


def test_one_that_is_not_there_is_named(client: TestClient) -> None:
    answer = client.get(f"{URL}/interventions/nothing")
    assert answer.status_code == 404
    assert "there is no intervention 'nothing'" in answer.json()["what"]
