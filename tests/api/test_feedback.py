"""Outcomes, posted back."""

import pytest
from console_customers import NAME
from console_world import Told
from starlette.testclient import TestClient

URL = f"/endpoints/{NAME}/feedback"


def test_each_outcome_is_counted_once(client: TestClient, told: Told) -> None:
    new = told.predictions[-20]
    outcomes = [
        {"prediction_id": new, "outcome": "Yes"},
        {"prediction_id": told.predictions[0], "outcome": "No"},
        {"prediction_id": "01AAAAAAAAAAAAAAAAAAAAAAAA", "outcome": "No"},
    ]
    answer = client.post(URL, json={"outcomes": outcomes})
    assert answer.json() == {"accepted": 1, "unknown": 1, "duplicate": 1}
    assert client.get(f"/api/v1/predictions/{new}").json()["outcome"] == "Yes"


def test_a_key_names_its_latest_prediction(client: TestClient, told: Told) -> None:
    key = client.get(f"/api/v1/predictions/{told.predictions[-15]}").json()["key"]
    answer = client.post(URL, json={"outcomes": [{"key": key, "outcome": "No"}]})
    assert answer.json()["accepted"] == 1


@pytest.mark.parametrize(
    ("body", "status", "what"),
    [
        (b"{", 400, "the body is not JSON"),
        (b"", 400, "the body is not JSON"),
        (b"\xff\xfe", 400, "the body is not JSON"),
        (b"[]", 422, "'outcomes' is missing"),
        (b'{"outcomes": {}}', 422, "'outcomes' is not a list"),
        (b'{"outcomes": [{"prediction_id": "x"}]}', 422, "outcomes[0] cannot be used"),
        (b'{"outcomes": [{"predictionid": "x", "outcome": 1}]}', 422, "outcomes[0] cannot be used"),
        (b'{"outcomes": ["x"]}', 422, "outcomes[0] cannot be used"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(
    client: TestClient, body: bytes, status: int, what: str
) -> None:
    answer = client.post(URL, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert answer.json()["what"].startswith(what)


def test_an_unknown_endpoint_is_named(client: TestClient) -> None:
    answer = client.post("/endpoints/chrun/feedback", json={"outcomes": []})
    assert answer.status_code == 404
    assert "did you mean 'churn'?" in answer.json()["now"]


def test_fifty_megabytes_are_refused_and_the_server_lives(client: TestClient) -> None:
    answer = client.post(URL, content=b" " * (50 << 20))
    assert answer.status_code == 413
    assert client.get("/healthz").status_code == 200


def test_packed_outcomes_are_taken_and_bombs_refused(client: TestClient) -> None:
    import gzip
    import json

    path = f"/endpoints/{NAME}/feedback"
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    outcome = {"prediction_id": "01KFN3C8Q4T5D8Z7W9R2M1XYZA", "outcome": "Yes"}
    packed = gzip.compress(json.dumps({"outcomes": [outcome]}).encode())
    answer = client.post(path, content=packed, headers=headers)
    assert (answer.status_code, answer.json()["unknown"]) == (200, 1)
    bomb = gzip.compress(b" " * (100 << 20))
    refused = client.post(path, content=bomb, headers=headers)
    assert refused.status_code == 413
    assert "what" in refused.json()
    assert refused.headers["x-content-type-options"] == "nosniff"
    assert client.post(path, content=b"{}", headers=headers).status_code == 400
    other = client.post(path, content=b"{}", headers=headers | {"content-encoding": "br"})
    assert other.status_code == 415
