"""Anomalies and forecasts over HTTP."""

import platform
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from keepwell.api.app import create_app
from keepwell.core.ports import Point
from keepwell.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    (tmp_path / "keepwell.yaml").write_text("project: shop\ndata: {source: rows.csv}\n")
    with Workspace.open(tmp_path) as workspace:
        yield workspace


def test_an_odd_minute_and_a_filling_disk_are_told(workspace: Workspace) -> None:
    client = TestClient(create_app(workspace), base_url="http://localhost")
    assert client.get("/api/v1/anomalies").json() == {"anomalies": []}
    empty = client.get("/api/v1/forecasts").json()
    assert (empty["forecasts"], empty["hit_rate"]) == ([], None)
    now, host = workspace.clock.now(), f"host:{platform.node()}"
    busy = [Point("cpu_percent", now - 5.0 * at, 20 + at % 3) for at in range(400, 0, -1)]
    disk = [Point("disk_percent", now - 60.0 * at, 90.0 - at / 60.0) for at in range(600, 0, -1)]
    workspace.measurements.append(host, [*busy, Point("cpu_percent", now, 99.0), *disk])
    workspace.foresight.look()
    odd = client.get("/api/v1/anomalies", params={"seconds": 60}).json()["anomalies"]
    assert [(one["series"], one["value"]) for one in odd] == [("cpu_percent", 99.0)]
    (told,) = client.get("/api/v1/forecasts").json()["forecasts"]
    assert "the disk will be full in" in told["message"]
    assert told["forecast"]["fate"] == "open"


def test_no_time_at_all_is_refused(workspace: Workspace) -> None:
    client = TestClient(create_app(workspace), base_url="http://localhost")
    assert client.get("/api/v1/anomalies", params={"seconds": 0}).status_code in (400, 422)
