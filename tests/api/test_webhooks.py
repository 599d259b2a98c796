"""Alerts of other systems, posted."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from elsewhere_world import NAME, NOW, watching
from starlette.testclient import TestClient

from keepwell.api.app import create_app
from keepwell.core.clock import ManualClock
from keepwell.operations.inbound.signing import SECRET
from keepwell.workspace import Workspace

URL = "/api/v1/webhooks"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with watching(tmp_path / "shop", ManualClock(NOW)) as workspace:
        yield workspace


@pytest.fixture
def posting(workspace: Workspace) -> TestClient:
    return TestClient(create_app(workspace), base_url="http://127.0.0.1:4400")


def test_an_alert_is_kept_and_listed(posting: TestClient) -> None:
    alert = {"id": "a", "title": "late", "endpoint": NAME}
    (kept,) = posting.post(f"{URL}/generic", json=alert).json()["alerts"]
    assert (kept["source"], kept["endpoint"], kept["resolved"]) == ("generic", NAME, None)
    assert len(posting.get("/api/v1/webhooks/alerts").json()["alerts"]) == 1
    posting.post(f"{URL}/generic", json={**alert, "resolved": True})
    assert posting.get("/api/v1/webhooks/alerts").json()["alerts"] == []


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


def test_a_secret_keeps_strangers_out(
    posting: TestClient, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET, "s")
    _, good = workspace.tokens.create("prometheus", scopes=("signal",))
    _, other = workspace.tokens.create("shop", scopes=("predict",))
    _, narrow = workspace.tokens.create("narrow", scopes=("signal",), endpoints=(NAME,))
    for token, status in (("", 401), ("kw_x", 401), (other, 401), (narrow, 401), (good, 200)):
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = posting.post(f"{URL}/generic", json={"title": "x"}, headers=headers)
        assert answer.status_code == status, token
