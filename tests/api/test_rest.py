"""What is known, over HTTP."""

import json

import pytest
from console_customers import NAME
from console_world import Told
from starlette.testclient import TestClient


def test_an_endpoint_tells_champion_challenger_traffic_and_counts(
    client: TestClient, told: Told
) -> None:
    document = client.get(f"/api/v1/endpoints/{NAME}").json()
    assert document["champion"] == told.second.version
    assert document["challenger"] is None
    assert document["traffic"] == [{"version": 2, "weight": 100.0, "role": "champion"}]
    assert document["counts"]["predictions"] == len(told.predictions)
    assert document["counts"]["by_version"] == {"2": len(told.predictions)}
    assert 0 < document["counts"]["outcomes"] < len(told.predictions)
    assert document["incident"] is None


def test_endpoints_are_listed(client: TestClient) -> None:
    listed = client.get("/api/v1/endpoints").json()["endpoints"]
    assert [item["name"] for item in listed] == [NAME]


def test_incidents_are_listed_newest_first(client: TestClient, told: Told) -> None:
    listed = client.get("/api/v1/incidents").json()["incidents"]
    assert [item["id"] for item in listed] == [told.incident.id]
    assert listed[0]["resolution"] == "healed"
    assert client.get("/api/v1/incidents?status=open").json() == {"incidents": []}


def test_an_incident_has_signals_causes_and_a_story(client: TestClient, told: Told) -> None:
    document = client.get(f"/api/v1/incidents/{told.incident.id}").json()
    assert {signal["kind"] for signal in document["signals"]} == {"drift", "performance"}
    assert document["causes"][0]["score"] == 0.82
    story = client.get(f"/api/v1/incidents/{told.incident.id}/post-mortem")
    assert story.headers["content-type"].startswith("text/markdown")
    assert told.incident.title in story.text


def test_decisions_carry_their_numbers(client: TestClient, told: Told) -> None:
    listed = client.get(f"/api/v1/decisions?incident={told.incident.id}").json()["decisions"]
    assert [item["action"] for item in listed] == [
        "close",
        "promote",
        "start_rollout",
        "retrain",
        "open_incident",
    ]
    assert listed[0]["evidence"]["comparison"]["gain"] == 0.182


def test_runs_models_and_datasets_can_be_read(client: TestClient, told: Told) -> None:
    run = client.get(f"/api/v1/runs/{told.run.id}").json()
    assert run["metrics"]["roc_auc"]["value"] == pytest.approx(0.85)
    assert client.get("/api/v1/runs?kind=retrain").json()["runs"][0]["kind"] == "retrain"
    model = client.get(f"/api/v1/models/{NAME}").json()
    assert (model["aliases"], len(model["versions"])) == ({"champion": 2}, 2)
    version = client.get(f"/api/v1/models/{NAME}/versions/champion").json()
    assert version["signature"]["target"] == "Churn"
    dataset = client.get(f"/api/v1/datasets/{NAME}/versions/1").json()
    assert dataset["rows"] == 600
    profile = client.get(f"/api/v1/datasets/{NAME}/versions/1/profile").json()
    assert len(profile["columns"]) == len(dataset["columns"])


def test_lists_name_what_there_is(client: TestClient) -> None:
    assert client.get("/api/v1/models").json()["models"][0]["newest"] == 2
    assert client.get("/api/v1/datasets").json()["datasets"][0]["name"] == NAME
    assert client.get(f"/api/v1/datasets/{NAME}").json()["versions"][0]["version"] == 2


def test_curves_and_artifacts_of_a_run_can_be_read(client: TestClient, told: Told) -> None:
    curves = client.get(f"/api/v1/runs/{told.run.id}/curves").json()["series"]
    assert len(curves["validation_loss"]) == 40
    artifact = client.get(f"/api/v1/runs/{told.run.id}/artifacts/plots/roc_curve.json")
    assert artifact.headers["content-disposition"] == "attachment"
    assert "data" in json.loads(artifact.content)


def test_what_the_monitor_measured_can_be_read(client: TestClient) -> None:
    series = client.get(f"/api/v1/endpoints/{NAME}/series").json()["series"]
    assert len(series["metric:accuracy"]) == 360
    assert client.get(f"/api/v1/endpoints/{NAME}/report").json()["endpoint"] == NAME


def test_a_prediction_is_found_by_its_id(client: TestClient, told: Told) -> None:
    document = client.get(f"/api/v1/predictions/{told.predictions[0]}").json()
    assert document["id"] == told.predictions[0]
    assert document["version"] == 2
    assert document["inputs"]["tenure"] >= 0
    assert document["outcome"] in {"Yes", "No"}
    newest = client.get(f"/api/v1/endpoints/{NAME}/predictions?limit=5").json()["predictions"]
    assert [item["id"] for item in newest] == list(told.predictions[:-6:-1])
    assert newest[0]["outcome"] is None


def test_events_can_be_followed(client: TestClient) -> None:
    newest = client.get("/api/v1/events?limit=3").json()["events"]
    assert [item["seq"] for item in newest] == sorted((i["seq"] for i in newest), reverse=True)
    following = client.get("/api/v1/events?oldest_first=true&after=2&limit=2").json()["events"]
    assert [item["seq"] for item in following] == [3, 4]
    assert following[1]["previous"] == following[0]["hash"]
    about = client.get(f"/api/v1/events?subject=endpoint:{NAME}").json()["events"]
    assert {item["subject"] for item in about} == {f"endpoint:{NAME}"}


@pytest.mark.parametrize(
    ("path", "status", "what"),
    [
        ("/api/v1/endpoints/chrun", 404, "there is no endpoint called 'chrun'"),
        ("/api/v1/runs/01AAAAAAAAAAAAAAAAAAAAAAAA", 404, "there is no run"),
        ("/api/v1/models/none", 404, "there is no model called 'none'"),
        ("/api/v1/predictions/nope", 404, "there is no prediction 'nope'"),
        ("/api/v1/events?subject=churn", 400, "subject:"),
        ("/api/v1/events?limit=0", 400, "'limit'"),
        ("/api/v1/nothing", 404, "there is nothing at /api/v1/nothing"),
    ],
)
def test_refusals_say_what_why_and_what_now(
    client: TestClient, path: str, status: int, what: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    document = answer.json()
    assert document["what"].startswith(what)
    assert set(document) == {"error", "headline", "what", "why", "now", "details"}


def test_a_close_name_is_suggested(client: TestClient) -> None:
    assert "did you mean 'churn'?" in client.get("/api/v1/endpoints/chrun").json()["now"]


def test_every_path_is_described(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert "/endpoints/{endpoint}/feedback" in document["paths"]
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            assert described["description"], f"{method} {path} says nothing about itself"
            assert described["tags"], f"{method} {path} belongs nowhere"


def test_the_control_process_says_who_answers_predictions(client: TestClient) -> None:
    answer = client.post(f"/endpoints/{NAME}/predict", json={"instances": []})
    assert answer.status_code == 503
    assert "workers stand in front" in answer.json()["why"]


def test_a_request_is_found_by_its_id(client: TestClient, told: Told) -> None:
    one = client.get(f"/api/v1/predictions/{told.predictions[0]}").json()
    found = client.get(f"/api/v1/requests/{one['request']}").json()["predictions"]
    assert one["id"] in [item["id"] for item in found]
    assert {item["request"] for item in found} == {one["request"]}
    missing = client.get("/api/v1/requests/nope")
    assert missing.status_code == 404
    assert "'nope'" in missing.json()["what"]


def test_the_log_is_asked_in_sql(client: TestClient, told: Told) -> None:
    sql = "SELECT version, count(*) AS n, max(time) AS newest FROM predictions GROUP BY 1"
    answer = client.post("/api/v1/predictions/query", json={"sql": sql}).json()
    assert answer["columns"] == ["version", "n", "newest"]
    assert answer["rows"][0][:2] == [2, len(told.predictions)]
    assert answer["truncated"] is False
    wrong = client.post("/api/v1/predictions/query", json={"sql": "DROP TABLE predictions"})
    assert wrong.status_code == 400
    many = {"sql": "SELECT * FROM range(20000)"}
    answer = client.post("/api/v1/predictions/query", json=many).json()
    assert (len(answer["rows"]), answer["truncated"]) == (10_000, True)
