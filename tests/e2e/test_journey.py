"""From a table to a live model, as a new user does it."""

import json
import time
from pathlib import Path

import outside
import pytest

ROW = {"tenure": 2, "plan": "monthly", "charges": 95.5}


def test_run_reports_the_contract_that_scripts_rely_on(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text(outside.customers(600))
    outside.keepwell("init", "shop", "--data", "customers.csv", "--target", "churn", cwd=tmp_path)
    project = tmp_path / "shop"

    first = outside.keepwell_json("run", cwd=project)
    assert first["project"] == "shop"
    assert {step["status"] for step in first["steps"]} == {"done"}
    assert first["dataset"] == {"name": "shop", "version": 1, "rows": 600, "columns": 5}
    assert first["run"]["metrics"]["roc_auc"] > 0.7
    assert first["model"] == {"name": "shop", "version": 1, "aliases": ["champion"]}
    assert first["gate"]["passed"] is True

    second = outside.keepwell_json("run", cwd=project)
    assert {step["status"] for step in second["steps"]} == {"cached"}
    assert second["model"] == first["model"]

    (tmp_path / "customers.csv").write_text(outside.customers(650))
    third = outside.keepwell_json("run", cwd=project, check=False)  # its gate may well be closed
    assert third["steps"][0]["status"] == "done"
    assert "600 → 650 rows" in third["steps"][0]["reason"]
    assert third["dataset"]["version"] == 2


def test_a_prediction_is_answered_logged_and_joined_with_its_outcome(
    served: outside.Served,
) -> None:
    answer = served.http.post("/endpoints/shop/predict", json={"instances": [ROW, ROW]}).json()
    assert answer["model"] == {"name": "shop", "version": 1}
    assert answer["predictions"] == ["yes", "yes"]
    assert all(set(item) == {"no", "yes"} for item in answer["probabilities"])
    ids = answer["prediction_ids"]
    assert len(set(ids)) == 2

    outcomes = [
        {"prediction_id": ids[0], "outcome": "yes"},
        {"prediction_id": "0" * 26, "outcome": "no"},
    ]
    counts = served.http.post("/endpoints/shop/feedback", json={"outcomes": outcomes}).json()
    assert (counts["accepted"], counts["unknown"], counts["duplicate"]) == (1, 1, 0)
    again = served.http.post("/endpoints/shop/feedback", json={"outcomes": outcomes[:1]}).json()
    assert (again["accepted"], again["duplicate"]) == (0, 1)

    endpoint = served.http.get("/api/v1/endpoints/shop").json()
    assert (
        endpoint["champion"]["version"] == 1
        if isinstance(endpoint["champion"], dict)
        else endpoint["champion"] == 1
    )
    assert served.http.get("/api/v1/incidents").status_code == 200
    metrics = served.http.get("/metrics").text
    assert "keepwell_" in metrics


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        (b"{not json", 400, ""),
        (json.dumps({"instances": [{**ROW, "tenure": "many"}]}).encode(), 422, "tenure"),
        (json.dumps({"rows": []}).encode(), 422, "instances"),
        (b'{"instances": [' + b" " * 50_000_000 + b"]}", 413, ""),
    ],
    ids=["malformed", "text for a number", "no instances", "50 MB"],
)
def test_a_bad_request_is_refused_and_the_worker_lives(
    served: outside.Served, body: bytes, status: int, named: str
) -> None:
    refusal = served.http.post(
        "/endpoints/shop/predict", content=body, headers={"content-type": "application/json"}
    )
    assert (
        refusal.status_code in {status, 400}
        if named == "instances"
        else refusal.status_code == status
    )
    assert named in refusal.json()["what"]
    assert served.http.post("/endpoints/shop/predict", json={"instances": [ROW]}).status_code == 200


def test_a_promotion_by_hand_reaches_the_workers_and_can_be_taken_back(
    served: outside.Served,
) -> None:
    project = served.project
    config = project / "keepwell.yaml"
    text = config.read_text().replace("budget: 5s", "budget: 5s, seed: 7")
    config.write_text(text + "\nserve: {rollout: {strategy: all-at-once}}\n")
    result = outside.keepwell_json("run", cwd=project, check=False)
    assert result["model"]["version"] == 2
    if result["gate"]["passed"]:
        _wait_for_version(served, 2)
    else:
        outside.keepwell("models", "promote", "shop", "2", "--force", cwd=project)
        _wait_for_version(served, 2)
    outside.keepwell("models", "rollback", "shop", cwd=project)
    _wait_for_version(served, 1)


def _wait_for_version(served: outside.Served, version: int) -> None:
    end = time.monotonic() + 15
    while time.monotonic() < end:
        answer = served.http.post("/endpoints/shop/predict", json={"instances": [ROW]})
        assert answer.status_code == 200, answer.text
        if answer.json()["model"]["version"] == version:
            return
        time.sleep(0.1)
    raise AssertionError(f"version {version} never answered")
