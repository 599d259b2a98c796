"""Scaling over HTTP: what is wanted, what answers, what is refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from keepwell.api.app import create_app
from keepwell.core.ports import Point
from keepwell.workspace import Workspace

PATH = "/api/v1/scale"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[TestClient]:
    """Return a client of a project of this test's own."""
    (tmp_path / "keepwell.yaml").write_text("project: shop\ndata: {source: rows.csv}\n")
    with Workspace.open(tmp_path) as workspace:
        workspace.scaling.begin(1, {"shop": 1}, keep=False, why="", endpoints=["shop"])
        yield TestClient(create_app(workspace), base_url="http://localhost")


def test_a_change_is_wanted_at_once_and_recorded(own: TestClient) -> None:
    before = own.get(PATH).json()
    assert before["workers"] == {"wanted": 1, "answering": 0}  # nobody serves this one
    assert before["processes"] == []

    told = own.patch(PATH, json={"workers": 4, "pools": {"shop": 2}, "why": "a sale"})
    assert told.status_code == 200
    assert told.json()["workers"]["wanted"] == 4
    assert told.json()["pools"] == {"shop": {"wanted": 2, "answering": 0}}

    event = own.get("/api/v1/events", params={"kind": "scale"}).json()["events"][0]
    assert (event["actor"], event["why"]) == (
        "api",
        "workers 1 → 4, workers of shop 1 → 2; a sale",
    )


@pytest.mark.parametrize(
    ("wish", "status", "what"),
    [
        ({"workers": 0}, 400, "0 general workers are too few"),
        ({"workers": 1000}, 400, "1001 workers are too many"),
        ({"pools": {"shpo": 1}}, 404, "there is no endpoint called 'shpo'"),
        ({"pools": {"shop": -1}}, 400, "'shop' cannot have -1 workers of its own"),
    ],
)
def test_what_cannot_be_is_refused(
    own: TestClient, wish: dict[str, object], status: int, what: str
) -> None:
    told = own.patch(PATH, json=wish)
    assert told.status_code == status
    assert told.json()["what"] == what
    assert own.get(PATH).json()["workers"]["wanted"] == 1


def test_a_misspelt_wish_is_refused(own: TestClient) -> None:
    told = own.patch(PATH, json={"worker": 2})
    assert told.status_code == 400
    assert "worker" in told.text


def test_advice_is_read_and_taken(own: TestClient, tmp_path: Path) -> None:
    with Workspace.open(tmp_path) as workspace:
        now = workspace.clock.now()
        workspace.endpoints.deploy("shop", "shop", 1, "for a test")
        minutes = [
            Point(name, now - 7200 + at * 60, at * amount)
            for at in range(121)
            for name, amount in (("cpu_seconds", 90.0), ("requests", 600.0))
        ]
        workspace.measurements.append("usage:endpoint:shop", minutes)
    told = own.get(f"{PATH}/advice").json()
    parts = {part["name"]: part for part in told["parts"]}
    assert parts["shop"]["peak"] == pytest.approx(1.5)
    assert parts["shop"]["requests"] == pytest.approx(10.0)
    assert parts["shop"]["now"] == 1
    wanted = min(3, max(1, int(told["cores"])))
    assert parts["shop"]["advised"] == wanted
    taken = own.post(f"{PATH}/advice").json()
    assert taken["pools"]["shop"]["wanted"] == wanted
    if wanted > 1:
        event = own.get("/api/v1/events", params={"kind": "scale"}).json()["events"][0]
        assert "as advised: shop: its busiest minutes took 1.50 processors" in event["why"]
