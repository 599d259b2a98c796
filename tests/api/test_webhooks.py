"""Alerts of other systems, posted."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from elsewhere_world import NAME, NOW, watching
from starlette.testclient import TestClient

from keepwell.api.app import create_app
from keepwell.core.clock import ManualClock
from keepwell.operations.inbound.signing import SECRET

URL = "/api/v1/webhooks"


@pytest.fixture
def posting(tmp_path: Path) -> Iterator[TestClient]:
    with watching(tmp_path / "shop", ManualClock(NOW)) as workspace:
        yield TestClient(create_app(workspace), base_url="http://127.0.0.1:4400")


def test_an_alert_is_kept_and_listed(posting: TestClient) -> None:
    alert = {"id": "a", "title": "late", "endpoint": NAME}
    (kept,) = posting.post(f"{URL}/generic", json=alert).json()["alerts"]
    assert (kept["source"], kept["endpoint"], kept["resolved"]) == ("generic", NAME, None)
    assert len(posting.get("/api/v1/alerts/external").json()["alerts"]) == 1
    posting.post(f"{URL}/generic", json={**alert, "resolved": True})
    assert posting.get("/api/v1/alerts/external").json()["alerts"] == []


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("generic", b"{", 400),
        ("generic", b"[]", 422),
        ("generic", b'{"title": ""}', 422),
        ("alertmanager", b"{}", 422),
        ("nagios", b"{}", 400),
        ("generic", b" " * (2 << 20) + b"{}", 413),
    ],
)
def test_anything_else_is_refused(posting: TestClient, path: str, body: bytes, status: int) -> None:
    answer = posting.post(f"{URL}/{path}", content=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["what"]


def test_a_secret_keeps_strangers_out(posting: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET, "s")
    assert posting.post(f"{URL}/generic", json={"title": "x"}).status_code == 401
