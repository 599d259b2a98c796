"""A forecast is asked for the values that it looked at last, through the server's own door."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from keepwell.core.records import BundleFile, Column, ColumnType, Route, Task
from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.deployment.labels import Labels
from keepwell.deployment.routing import Split
from keepwell.deployment.scoring import build_scorer_files, load_scorer
from keepwell.deployment.server.application import Application
from keepwell.deployment.server.heartbeat import Counters
from keepwell.deployment.server.hot.rows import OddRowError, raw_rows
from keepwell.deployment.server.messages import Request
from keepwell.deployment.server.prediction import Predictor
from keepwell.deployment.server.proxy import Proxy
from keepwell.deployment.server.snapshot import LiveEndpoint, LiveRoute, Snapshot
from keepwell.infrastructure.segments import SegmentWriter
from keepwell.training import train

START = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Application:
    days = [START + timedelta(days=at) for at in range(90)]
    sold = [10 + 3.0 * (at % 7) for at in range(90)]
    table = pa.table({"day": pa.array(days, pa.timestamp("us", tz="UTC")), "sold": sold})
    columns = [
        Column(name="day", type=ColumnType.DATETIME, nullable=False),
        Column(name="sold", type=ColumnType.NUMBER, nullable=False),
    ]
    spec = TrainSpec(task=Task.FORECAST, budget=5.0, horizon=7, learners=("baseline",))
    trained = train(table, columns, DataSpec(source="-", target="sold", time="day"), spec)
    files, _ = build_scorer_files(trained.pipeline, trained.signature, table.slice(80, 10))
    route = LiveRoute(
        version=1,
        role="champion",
        scorer=load_scorer(files.__getitem__, trained.signature),
        labels=Labels(trained.signature),
        files=(BundleFile(name="x", digest="x", size=1),),
    )
    split = Split("sales", [Route(version=1, weight=100)])
    endpoint = LiveEndpoint(name="sales", model="sales", key="", routes=(route,), split=split)
    predictor = Predictor(SegmentWriter(tmp_path_factory.mktemp("past"), "test"), Counters())
    predictor.snapshot = Snapshot(generation=1, endpoints={"sales": endpoint})
    return Application(predictor, Proxy(Path("nowhere"), asyncio.Event()))


def ask(application: Application, body: dict[str, Any]) -> tuple[int, Any]:
    path = "/endpoints/sales/predict"
    found = application.door(path)
    assert found is not None
    request = Request(path=path, body=json.dumps(body).encode(), headers={})

    async def asked() -> tuple[int, Any]:
        response = await application.answer(*found, request)
        return response.status, json.loads(bytes(response.body))

    return asyncio.run(asked())


def test_the_past_comes_beside_the_answer(application: Application) -> None:
    status, answer = ask(application, {"instances": [{"day": "2024-03-31"}], "history": 2})
    assert status == 200
    assert np.isfinite(answer["predictions"][0])
    assert list(answer["quantiles"][0]) == ["0.1", "0.9"]
    assert answer["history"] == [
        {
            "series": None,
            "times": ["2024-03-29T00:00:00Z", "2024-03-30T00:00:00Z"],
            "values": [22.0, 25.0],
        }
    ]


def test_nothing_of_the_past_comes_unasked(application: Application) -> None:
    _, answer = ask(application, {"instances": [{"day": "2024-03-31"}]})
    assert "history" not in answer


@pytest.mark.parametrize(("steps", "what"), [(-1, "`history` is -1"), ("x", "Expected `int`")])
def test_a_past_of_no_length_is_refused(application: Application, steps: Any, what: str) -> None:
    status, answer = ask(application, {"instances": [{"day": "2024-03-31"}], "history": steps})
    assert status == 422
    assert what in answer["what"]


def test_the_short_way_leaves_such_requests_to_the_long_one() -> None:
    with pytest.raises(OddRowError):
        raw_rows(b'{"instances": [{}], "history": 3}')
