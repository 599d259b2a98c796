"""Predictions that a device made by itself, handed in later."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from console_customers import NAME
from console_world import Told, tell
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from keepwell.core.identifiers import new_id
from keepwell.deployment.example import example_of

URL = f"/endpoints/{NAME}/import"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Return a history of its own: what is handed in here must not be counted elsewhere."""
    told = tell(tmp_path_factory.mktemp("imports") / "churn", time.time())
    yield told
    told.workspace.close()


@pytest.fixture
def made(told: Told) -> dict[str, Any]:
    """Return a prediction as a device queues it."""
    moment = time.time() - 3600
    return {
        "id": new_id(moment),
        "time": moment,
        "version": told.first.version,
        "key": "c-1",
        "inputs": {**example_of(told.first.signature), "unknown": 1},
        "prediction": told.first.signature.classes[1],
        "probabilities": [0.25, 0.75],
        "latency_ms": 0.4,
    }


def test_each_prediction_is_kept_once(client: TestClient, told: Told, made: dict[str, Any]) -> None:
    other = {**made, "id": new_id(made["time"])}
    first = client.post(URL, json={"device": "till-7", "predictions": [made, made]})
    assert first.status_code == 200, first.text
    assert first.json() == {"accepted": 1, "duplicate": 1}
    again = client.post(URL, json={"device": "till-7", "predictions": [made, other]})
    assert again.json() == {"accepted": 1, "duplicate": 1}
    kept = client.get(f"/api/v1/predictions/{made['id']}").json()
    assert kept["caller"] == "till-7"
    assert kept["role"] == "edge"
    assert kept["version"] == told.first.version
    assert kept["prediction"] == made["prediction"]
    assert kept["probabilities"] == [0.25, 0.75]
    assert kept["inputs"] == example_of(told.first.signature)
    assert told.workspace.predictions.locate([made["id"], other["id"]]).num_rows == 2
    outcome = {"prediction_id": made["id"], "outcome": made["prediction"]}
    answer = client.post(f"/endpoints/{NAME}/feedback", json={"outcomes": [outcome]})
    assert answer.json()["accepted"] == 1


def test_devices_that_hand_in_the_same_at_once_double_nothing(
    client: TestClient, told: Told, made: dict[str, Any]
) -> None:
    batch = [{**made, "id": new_id(made["time"])} for _ in range(20)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(lambda _: client.post(URL, json={"predictions": batch}).json(), range(4))
        )
    assert sum(answer["accepted"] for answer in answers) == 20
    assert told.workspace.predictions.locate([one["id"] for one in batch]).num_rows == 20


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"id": "x"}, "not a ULID"),
        ({"time": 1.0}, "not the one that its id was stamped with"),
        ({"version": 99}, "has no version 99"),
        ({"version": "1"}, "not a version of"),
        ({"inputs": []}, "not an object"),
        ({"prediction": "Perhaps"}, "no class of"),
        ({"probabilities": [0.5]}, "not 2 finite numbers"),
    ],
)
def test_what_cannot_be_used_is_refused_whole(
    client: TestClient, told: Told, made: dict[str, Any], change: dict[str, Any], why: str
) -> None:
    answer = client.post(URL, json={"predictions": [made, {**made, **change}]})
    assert answer.status_code == 422
    assert answer.json()["what"].startswith("predictions[1] cannot be used")
    assert why in answer.json()["what"]
    assert told.workspace.predictions.find(made["id"]) is None


def test_a_clock_that_runs_ahead_is_told(client: TestClient, made: dict[str, Any]) -> None:
    ahead = time.time() + 1e6
    answer = client.post(URL, json={"predictions": [{**made, "id": new_id(ahead), "time": ahead}]})
    assert answer.status_code == 422
    assert "set the device's clock" in answer.json()["what"]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ["id", "time", "version", "key", "inputs", "prediction", "probabilities", "latency_ms"]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(field=st.sampled_from(FIELDS), value=ANYTHING, device=ANYTHING | st.just("till"))
def test_whatever_is_sent_is_taken_or_refused(
    client: TestClient, made: dict[str, Any], field: str, value: Any, device: Any
) -> None:
    body = {"device": device, "predictions": [{**made, field: value}]}
    answer = client.post(URL, content=json.dumps(body))
    assert answer.status_code in (200, 422), answer.text
    if answer.status_code == 422:
        assert answer.json()["now"]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"[]", 422), (b'{"predictions": {}}', 422), (b"[" * 100_000, 400)],
)
def test_other_bodies_are_refused(client: TestClient, body: bytes, status: int) -> None:
    assert client.post(URL, content=body).status_code == status
    device = client.post(URL, content=json.dumps({"device": 1, "predictions": []}))
    assert device.status_code == 422
