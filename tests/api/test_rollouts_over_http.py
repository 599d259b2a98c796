"""Rollouts and flags over HTTP; nobody serves here, so nothing is claimed to be verified."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rollout_world import make_project
from starlette.testclient import TestClient

from keepwell.api.app import create_app
from keepwell.workspace import Workspace

CHURN = "/api/v1/endpoints/churn"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("http") / "churn")


@pytest.fixture
def web(home: Path, tmp_path: Path) -> Iterator[TestClient]:
    root = tmp_path / "churn"
    shutil.copytree(home, root)
    with Workspace.open(root) as workspace:
        yield TestClient(create_app(workspace), base_url="http://127.0.0.1:4400")


def start(web: TestClient, **wish: Any) -> Any:
    return web.post(f"{CHURN}/rollouts", json=wish)


def test_a_rollout_is_started_read_promoted_and_taken_back(web: TestClient) -> None:
    begun = start(web, versions=[2], strategy="canary", steps=[10, 100], hold=60, why="try")
    assert begun.status_code == 201
    rollout = begun.json()["id"]
    shown = web.get(f"/api/v1/rollouts/{rollout}").json()
    assert (shown["status"], shown["steps"], shown["reason"]) == ("running", [10, 100], "try")
    assert shown["paired"]["rows"] == 0
    assert start(web, versions=[3]).status_code == 409
    assert web.get(f"/api/v1/rollouts/{rollout[:12].lower()}").json()["id"] == rollout
    done = web.post(f"/api/v1/rollouts/{rollout}/promote", json={})
    assert done.json()["status"] == "promoted"
    back = web.post(f"/api/v1/rollouts/{rollout}/back", json={"why": "worse"})
    assert (back.json()["status"], back.json()["notes"]) == ("rolled_back", "worse")
    assert web.get(CHURN).json()["champion"] == 1
    listed = web.get(f"{CHURN}/rollouts").json()["rollouts"]
    assert [one["id"] for one in listed] == [rollout]


def test_a_comparison_shows_its_versions(web: TestClient) -> None:
    begun = start(web, versions=[2, 3], strategy="ab", weights={"1": 50, "2": 25, "3": 25}).json()
    shown = web.get(f"/api/v1/rollouts/{begun['id']}").json()
    assert [(arm["version"], arm["share"]) for arm in shown["arms"]] == [(1, 50), (2, 25), (3, 25)]
    assert "undecided" in shown["decision"]
    refused = web.post(f"/api/v1/rollouts/{begun['id']}/promote", json={})
    assert refused.status_code == 400
    aborted = web.post(f"/api/v1/rollouts/{begun['id']}/abort", json={"why": "enough"}).json()
    assert aborted["status"] == "aborted"


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"versions": []}, 400),
        ({"versions": [2], "strategi": "ab"}, 400),
        ({"versions": [2], "strategy": "abc"}, 400),
        ({"versions": [9]}, 404),
        ({"versions": [1]}, 409),
        ({"versions": [2], "sample": 3, "strategy": "shadow"}, 400),
        ({"versions": [2, 3], "strategy": "ab", "weights": {"1": 1}}, 400),
    ],
)
def test_what_cannot_be_started_is_refused(
    web: TestClient, wish: dict[str, Any], status: int
) -> None:
    assert start(web, **wish).status_code == status
    assert web.get(CHURN).json()["rollout"] is None


def test_what_served_at_a_time_is_one_request(web: TestClient) -> None:
    web.post(f"{CHURN}/deploy", json={"version": 2, "why": "now"})
    assert web.get(CHURN).json()["champion"] == 2
    assert web.get(CHURN, params={"at": "now"}).json()["previous"] == 1
    periods = web.get(f"{CHURN}/deployments").json()["periods"]
    assert [(one["champion"], one["why"]) for one in periods] == [(2, "now"), (1, "first")]
    before = web.get(CHURN, params={"at": str(periods[1]["since"])}).json()
    assert (before["champion"], before["counts"]) == (1, None)
    assert web.get(CHURN, params={"at": "9999d ago"}).status_code == 404
    assert web.get(CHURN, params={"at": "yesterday"}).status_code == 400


def test_flags_are_switched_one_by_one(web: TestClient) -> None:
    rules = web.patch(f"{CHURN}/flags", json={"rules": ["tenure < 6 -> v2"]})
    assert rules.json()["rules"] == [{"when": "tenure < 6", "version": 2}]
    more = web.patch(f"{CHURN}/flags", json={"fallback": ['"no"'], "limit_ms": 50})
    assert (more.json()["fallback"], more.json()["limit_ms"]) == (['"no"'], 50)
    assert more.json()["rules"]
    killed = web.patch(f"{CHURN}/flags", json={"killed": True, "why": "complaints"}).json()
    assert (killed["killed"], killed["reason"]) == (True, "complaints")
    assert web.patch(f"{CHURN}/flags", json={"limit_ms": 0}).json()["limit_ms"] is None
    wrong = web.patch(f"{CHURN}/flags", json={"rules": ["tenur < 6 -> v2"]})
    assert wrong.status_code == 400
    assert wrong.json()["now"] == "did you mean 'tenure'?"
    events = web.get("/api/v1/events", params={"subject": "endpoint:churn"}).json()["events"]
    assert [one["verb"] for one in events][:3] == ["fallback set", "killed", "fallback set"]


def test_flags_are_evaluated_in_bulk_and_only_when_they_changed(web: TestClient) -> None:
    asked = {"context": {"targetingKey": "c1", "tenure": 3}}
    first = web.post("/ofrep/v1/evaluate/flags", json=asked)
    values = {one["key"]: one["value"] for one in first.json()["flags"]}
    assert values == {"churn": 1, "churn.role": "champion", "churn.enabled": True}
    tag = {"if-none-match": first.headers["etag"]}
    assert web.post("/ofrep/v1/evaluate/flags", json=asked, headers=tag).status_code == 304
    web.patch(f"{CHURN}/flags", json={"rules": ["tenure < 6 -> v2"]})
    again = web.post("/ofrep/v1/evaluate/flags", json=asked, headers=tag)
    assert again.status_code == 200
    assert again.json()["flags"][0]["value"] == 2
    missing = web.post("/ofrep/v1/evaluate/flags/nothing", json=asked)
    assert (missing.status_code, missing.json()["errorCode"]) == (404, "FLAG_NOT_FOUND")
