"""Columns in quarantine: what is scored, what is logged, and that all workers and both faces agree."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.records import BundleFile, Field, Quarantined, Route
from keepwell.deployment.labels import Labels
from keepwell.deployment.quarantine import Quarantine
from keepwell.deployment.routing import Split
from keepwell.deployment.scoring import load_scorer
from keepwell.deployment.server.application import Application
from keepwell.deployment.server.assignment import sole_route
from keepwell.deployment.server.heartbeat import Counters
from keepwell.deployment.server.hot.lane import Lane
from keepwell.deployment.server.messages import Request
from keepwell.deployment.server.prediction import Predictor
from keepwell.deployment.server.proxy import Proxy
from keepwell.deployment.server.snapshot import LiveEndpoint, LiveRoute, Snapshot
from keepwell.infrastructure.logged_rows import MARK, believed
from keepwell.infrastructure.segments import SegmentWriter

CELLS = st.one_of(st.none(), st.integers(), st.text(max_size=5), st.floats(allow_nan=False))
ROWS = st.dictionaries(st.sampled_from(["age", "plan", "income", "other"]), CELLS)
COLUMNS = st.lists(
    st.builds(Quarantined, column=st.sampled_from(["age", "plan"]), value=CELLS),
    min_size=1,
    max_size=2,
    unique_by=lambda one: one.column,
)


@given(row=ROWS, columns=COLUMNS)
@settings(max_examples=40)
def test_a_logged_row_is_believed_as_it_was_scored(
    row: dict[str, Any], columns: list[Quarantined]
) -> None:
    quarantine = Quarantine(columns)
    (scored,) = quarantine.screened([row])
    logged = quarantine.marked(row)
    again = believed(json.loads(json.dumps(logged)))
    kept = {name: value for name, value in again.items() if value is not None}
    assert kept == {name: value for name, value in scored.items() if value is not None}
    assert {name: logged[name] for name in row} == row, "the log keeps what was sent"
    assert believed(row) == row


def endpoint_of(made: Any, quarantine: Quarantine | None) -> LiveEndpoint:
    route = LiveRoute(
        version=1,
        role="champion",
        scorer=load_scorer(made.files.__getitem__, made.signature),
        labels=Labels(made.signature),
        files=(BundleFile(name="x", digest="x", size=1),),
    )
    split = Split("churn", [Route(version=1, weight=100.0)])
    return LiveEndpoint(
        name="churn", model="churn", key="", routes=(route,), split=split, quarantine=quarantine
    )


def ask(folder: Path, endpoint: LiveEndpoint, rows: list[dict[str, Any]]) -> tuple[int, Any]:
    predictor = Predictor(SegmentWriter(folder, "test"), Counters())
    predictor.snapshot = Snapshot(generation=1, endpoints={"churn": endpoint})
    application = Application(predictor, Proxy(Path("nowhere"), asyncio.Event()))
    body = json.dumps({"instances": rows}).encode()
    request = Request(path="/endpoints/churn/predict", body=body)
    found = application.door(request.path)
    assert found is not None
    answer = asyncio.run(application.answer(*found, request))
    return answer.status, json.loads(answer.body)


@pytest.mark.parametrize("rows", [1, 3, 40])
def test_rows_are_answered_as_a_batch_without_the_column(
    tmp_path: Path, model_of: Callable[..., Any], a_row: dict[str, Any], rows: int
) -> None:
    made = model_of()
    field: Field = next(one for one in made.signature.inputs if not one.required)
    quarantine = Quarantine((Quarantined(column=field.name, reason="it broke"),))
    endpoint = endpoint_of(made, quarantine)
    sent = [{**a_row, field.name: {"not": "a value"}} for _ in range(rows)]
    status, answer = ask(tmp_path, endpoint, sent)
    assert status == 200, answer
    assert (
        f"column '{field.name}' is in quarantine: taken as missing (it broke)"
        in (answer["warnings"])
    )
    gone = [{**a_row, field.name: None}] * rows
    scorer = endpoint.routes[0].scorer
    table = pa.Table.from_pylist(
        [{k: v for k, v in row.items() if k != field.name} for row in gone]
    )
    expected = scorer.rows(gone).probabilities
    assert expected is not None
    names = [str(label) for label in made.signature.classes]
    said = [[one[name] for name in names] for one in answer["probabilities"]]
    assert np.allclose(said, expected, atol=1e-12)
    batch = scorer.batch(table)  # type: ignore[union-attr]
    assert batch.probabilities is not None
    assert np.allclose(said, batch.probabilities, atol=1e-9)


def test_nothing_in_quarantine_takes_the_short_way(model_of: Callable[..., Any]) -> None:
    alone = endpoint_of(model_of(), None)
    shut = endpoint_of(model_of(), Quarantine((Quarantined(column="age"),)))
    assert (sole_route(shut), Lane.of(shut)) == (None, None)
    assert sole_route(alone) is not None
    assert Lane.of(alone) is not None


def test_every_worker_follows_and_logs_what_was_sent(
    house: Any, model_of: Callable[..., Any], a_row: dict[str, Any], until: Callable[..., None]
) -> None:
    house.register("churn", 1, model_of())
    supervisor = house.serve(workers=2, generation=house.route("churn", {1: 100.0}))
    url = f"http://127.0.0.1:{supervisor.port}/endpoints/churn/predict"

    def asked(age: Any) -> dict[str, Any]:
        answer = httpx2.post(url, json={"instances": [{**a_row, "age": age}]}, timeout=30)
        document: dict[str, Any] = answer.json()
        return {"status": answer.status_code, **document}

    plain = asked(7)
    assert asked("x")["status"] == 422
    present = house.endpoints["churn"]
    broken = Quarantined(column="age", value=40.0, reason="it broke")
    house.endpoints["churn"] = replace(present, quarantined=(broken,))
    assert supervisor.wait_for(house.publish(), timeout=30)
    answers = [asked("x") for _ in range(8)]
    assert {one["status"] for one in answers} == {200}
    assert {json.dumps(one["probabilities"]) for one in answers} == {
        json.dumps(asked(40.0)["probabilities"])
    }
    house.endpoints["churn"] = present
    assert supervisor.wait_for(house.publish(), timeout=30)
    assert asked(7)["probabilities"] == plain["probabilities"]
    logged = [json.loads(row.inputs) for row in house.logged()]
    marked = [row for row in logged if MARK in row]
    assert sorted(str(row["age"]) for row in marked) == ["40.0", *["x"] * 8]
    assert all(row[MARK] == {"age": 40.0} for row in marked)
    assert len(logged) == len(marked) + 2
