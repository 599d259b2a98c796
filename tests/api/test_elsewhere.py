"""Predictions of models that are served elsewhere, handed in over HTTP."""

import importlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pytest
from elsewhere_world import NAME, NOW, told, watching
from starlette.testclient import TestClient

from keepwell.api.app import create_app
from keepwell.core.clock import ManualClock
from keepwell.workspace import Workspace

elsewhere: Any = importlib.import_module(
    "keepwell.api.routes.elsewhere"
)  # the name is the router's
URL = f"/api/v1/endpoints/{NAME}/predictions"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    root: Path = tmp_path_factory.mktemp("handed") / "shop"
    with watching(root, ManualClock(NOW)) as workspace:
        yield workspace


@pytest.fixture
def handing(workspace: Workspace) -> TestClient:
    return TestClient(create_app(workspace), base_url="http://127.0.0.1:4400")


def test_json_is_kept_once_and_outcomes_follow_by_one_address(handing: TestClient) -> None:
    items = [told(1), told(2, outcome="no")]
    first = handing.post(URL, json={"predictions": items}).json()
    assert first == {"accepted": 2, "duplicate": 0, "outcomes": 1, "rejected": []}
    assert handing.post(URL, json={"predictions": items}).json()["duplicate"] == 2
    later = {"outcomes": [{"prediction_id": "order-1", "outcome": "yes"}]}
    assert handing.post(f"/endpoints/{NAME}/feedback", json=later).json()["accepted"] == 1
    assert len(handing.get(URL).json()["predictions"]) >= 2


def _sheet(first: int) -> pa.Table:
    rows = [told(at) for at in range(first, first + 30)]
    return pa.table(
        {
            "order": [one["id"] for one in rows],
            "at": [one["time"] for one in rows],
            "age": [one["inputs"]["age"] for one in rows],
            "plan": [one["inputs"]["plan"] for one in rows],
            "said": [one["prediction"] for one in rows],
        }
    )


@pytest.mark.parametrize("kind", [elsewhere.CSV, elsewhere.ARROW])
def test_sheets_are_taken_by_the_names_of_their_columns(handing: TestClient, kind: str) -> None:
    table, body = _sheet(100 if kind == elsewhere.CSV else 200), io.BytesIO()
    if kind == elsewhere.CSV:
        pyarrow.csv.write_csv(table, body)
    else:
        with pa.ipc.new_stream(body, table.schema) as writer:
            writer.write_table(table)
    asked = f"{URL}?prediction=said&id=order&time=at"
    for expected in ((30, 0), (0, 30)):
        answer = handing.post(asked, content=body.getvalue(), headers={"content-type": kind})
        assert answer.status_code == 200, answer.text
        assert (answer.json()["accepted"], answer.json()["duplicate"]) == expected


@pytest.mark.parametrize(
    ("kind", "body", "asked", "status", "what"),
    [
        ("", b"{", "", 400, "not JSON"),
        ("", b'{"predictions": 3}', "", 422, "not a list"),
        ("", b'{"predictions": [{"inputs": {}}]}', "", 422, "predictions[0] cannot be used"),
        ("text/csv", b"", "", 422, "no CSV"),
        ("text/csv", b"a,b\n1,2\n", "", 422, "no column holds the predictions"),
        ("text/csv", b"a,said\n1,no\n", "?prediction=sayd", 422, "no column 'sayd'"),
        ("text/csv", b"a,a\n1,no\n", "?prediction=a", 422, "two columns are called 'a'"),
        (elsewhere.ARROW, b"nonsense", "", 422, "no Arrow stream"),
        ("application/xml", b"<a/>", "", 415, "application/xml"),
    ],
)
def test_what_cannot_be_read_is_told(
    handing: TestClient, kind: str, body: bytes, asked: str, status: int, what: str
) -> None:
    answer = handing.post(URL + asked, content=body, headers={"content-type": kind} if kind else {})
    assert answer.status_code == status, answer.text
    assert what in answer.json()["what"]
    assert answer.json()["now"]


def test_partial_keeps_the_others(handing: TestClient) -> None:
    bad: dict[str, Any] = told(301, prediction="perhaps")
    answer = handing.post(f"{URL}?partial=true", json={"predictions": [told(300), bad]}).json()
    assert answer["accepted"] == 1
    assert answer["rejected"][0]["index"] == 1


def test_only_models_that_are_served_elsewhere_are_told_of(
    handing: TestClient, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (
        handing.post("/api/v1/endpoints/x/predictions", json={"predictions": []}).status_code == 404
    )
    workspace.endpoints.deploy("here", NAME, 1)
    answer = handing.post("/api/v1/endpoints/here/predictions", json={"predictions": [told(1)]})
    assert answer.status_code == 409
    assert "keepwell monitor register" in answer.json()["now"]
    monkeypatch.setattr(elsewhere, "MOST_ROWS", 1)
    assert handing.post(URL, json={"predictions": [told(1), told(2)]}).status_code == 413
    assert handing.get(f"/api/v1/endpoints/{NAME}").json()["external"] is True
