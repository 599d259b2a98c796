"""Alive, ready, and in numbers."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from console_customers import NAME
from console_world import Told, new_workspace
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from keepwell.api.app import create_app
from keepwell.core.clock import ManualClock
from keepwell.deployment.server.heartbeat import Counters, Models, RequestError, WorkerState
from keepwell.deployment.server.routes import publish_routes
from keepwell.operations.leadership import Leadership, Place

HOME = "http://127.0.0.1:4400"


class Crew:
    """Workers as they would say of themselves."""

    def __init__(self, *states: WorkerState) -> None:
        self.states = states

    def workers(self) -> Sequence[WorkerState]:
        return self.states


def worker(generation: int, **more: object) -> WorkerState:
    return WorkerState(index=0, pid=1, started=0.0, beat=1.0, generation=generation, **more)  # type: ignore[arg-type]


def ready(told: Told, *states: WorkerState) -> tuple[int, dict[str, object]]:
    app = create_app(told.workspace, supervisor=Crew(*states))
    answer = TestClient(app, base_url=HOME).get("/readyz")
    return answer.status_code, answer.json()


@pytest.fixture
def generation(told: Told) -> int:
    workspace = told.workspace
    return publish_routes(
        workspace.home, workspace.endpoints.find(), workspace.registry.get, blobs="blobs"
    )


def test_it_is_alive(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_nobody_is_ready_before_there_is_a_champion(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path / "young", ManualClock(1e9))
    answer = TestClient(create_app(workspace), base_url=HOME).get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["now"] == "keepwell run"
    workspace.close()


def test_it_is_ready_once_a_worker_answers_by_the_newest_routes(
    told: Told, generation: int
) -> None:
    assert ready(told, worker(generation))[0] == 200
    assert ready(told, worker(generation - 1), worker(generation))[0] == 200


def test_it_is_not_ready_while_workers_start_or_load(told: Told, generation: int) -> None:
    status, document = ready(told)
    assert (status, document["what"]) == (503, "no worker is up yet")
    status, document = ready(told, worker(generation - 1))
    assert (status, document["why"]) == (503, f"they are loading generation {generation}")


def test_a_version_that_cannot_be_loaded_is_the_reason(told: Told, generation: int) -> None:
    status, document = ready(told, worker(generation - 1, problems=("version 2: no such file",)))
    assert (status, document["why"]) == (503, "version 2: no such file")


def test_it_tells_who_leads_and_is_as_ready_as_a_follower(told: Told, generation: int) -> None:
    workspace = told.workspace
    assert ready(told, worker(generation))[1]["leader"] is None
    assert "keepwell_leader" not in scrape(told)
    elsewhere = Leadership(workspace.metadata.leases, Place(key="there", told="web-2 (process 7)"))
    elsewhere.look()
    status, document = ready(told, worker(generation))
    assert (status, document["leader"]) == (200, {"told": "web-2 (process 7)", "here": False})
    assert scrape(told)["keepwell_leader"] == [({}, 0.0)]
    elsewhere.close()
    here = Leadership(workspace.metadata.leases, Place.here(workspace.home))
    here.look()
    found = scrape(told)
    assert found["keepwell_leader"] == [({}, 1.0)]
    assert found["keepwell_leader_changes_total"] == [({}, 2.0)]
    assert found["keepwell_leader_quiet_seconds"][0][1] >= 0
    here.close()


def scrape(told: Told, crew: Crew | None = None) -> dict[str, list[tuple[dict[str, str], float]]]:
    client = TestClient(create_app(told.workspace, supervisor=crew), base_url=HOME)
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def test_metrics_count_by_endpoint_version_and_status(told: Told) -> None:
    counters = Counters()
    for milliseconds in (0.2, 0.4, 30.0):
        counters.answered(NAME, 2, 1, milliseconds)
    counters.refused(RequestError(time=0.0, endpoint=NAME, version=0, status=422, what="age"))
    found = scrape(told, Crew(worker(1, traffic=counters.traffic(), rss=1 << 20)))
    place = {"endpoint": NAME, "model": NAME, "version": "2", "worker": "0"}
    assert ({**place}, 3.0) in found["keepwell_predictions_total"]
    assert ({**place, "status": "200"}, 3.0) in found["keepwell_requests_total"]
    assert ({**place, "version": "0", "status": "422"}, 1.0) in found["keepwell_requests_total"]
    buckets = found["keepwell_request_duration_seconds_bucket"]
    by_limit = {labels["le"]: count for labels, count in buckets if labels["version"] == "2"}
    assert (by_limit["0.0005"], by_limit["0.025"], by_limit["+Inf"]) == (2.0, 2.0, 3.0)
    assert found["keepwell_request_duration_seconds_count"][-1][1] in {0.0, 3.0}
    sums = found["keepwell_request_duration_seconds_sum"]
    assert {labels["version"]: value for labels, value in sums}["2"] == pytest.approx(0.0306)


def test_metrics_count_models_by_why_they_came_and_went(told: Told) -> None:
    models = Models(loaded=2, bytes=5000, loads={"start": 3, "demand": 4}, unloads={"budget": 5})
    found = scrape(told, Crew(worker(1, models=models)))
    assert ({"worker": "0"}, 2.0) in found["keepwell_models_loaded"]
    assert ({"worker": "0"}, 5000.0) in found["keepwell_models_memory_bytes"]
    assert found["keepwell_model_loads_total"] == [
        ({"worker": "0", "reason": "demand"}, 4.0),
        ({"worker": "0", "reason": "start"}, 3.0),
    ]
    assert found["keepwell_model_unloads_total"] == [({"worker": "0", "reason": "budget"}, 5.0)]


def test_metrics_tell_champion_drift_quality_incidents_and_process(told: Told) -> None:
    found = scrape(told)
    assert ({"endpoint": NAME, "model": NAME}, 2.0) in found["keepwell_champion_version"]
    quality = {labels["metric"]: value for labels, value in found["keepwell_live_metric"]}
    assert quality["accuracy"] == pytest.approx(0.828, abs=0.05)
    drift = {labels["column"]: value for labels, value in found["keepwell_drift_score"]}
    assert drift["MonthlyCharges"] > drift["tenure"]
    closed = {"endpoint": NAME, "resolution": "healed"}
    assert (closed, 1.0) in found["keepwell_incidents_closed_total"]
    assert found["keepwell_loop_enabled"] == [({}, 1.0)]
    assert found["keepwell_loop_running"] == [({}, 0.0)]
    assert found["process_resident_memory_bytes"][0][1] > 0
