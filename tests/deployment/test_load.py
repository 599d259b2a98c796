"""What a worker takes on: how much of a request, for how long, and how many at once."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from plane_world import Wire, answers_in

from keepwell.core.records import BundleFile, Route
from keepwell.core.spec import LimitsSpec
from keepwell.deployment.labels import Labels
from keepwell.deployment.routing import Split
from keepwell.deployment.scoring import load_scorer
from keepwell.deployment.scoring.scorer import Scores
from keepwell.deployment.server.application import Application
from keepwell.deployment.server.heartbeat import Counters
from keepwell.deployment.server.messages import Request, Response
from keepwell.deployment.server.plane import Plane
from keepwell.deployment.server.plane.connection import Connection
from keepwell.deployment.server.prediction import Predictor
from keepwell.deployment.server.proxy import Proxy
from keepwell.deployment.server.routes import publish_routes
from keepwell.deployment.server.snapshot import LiveEndpoint, LiveRoute, Snapshot
from keepwell.infrastructure.segments import SegmentWriter


class World:
    """The endpoints `fast` and `slow`: the second one waits for `release`."""

    def __init__(self, folder: Path, made: Any, limits: LimitsSpec) -> None:
        self.release = threading.Event()
        self.predictor = Predictor(SegmentWriter(folder, "test"), Counters())
        endpoints = {}
        for name in ("fast", "slow"):
            scorer = load_scorer(made.files.__getitem__, made.signature)
            if name == "slow":
                self.slow = scorer
                scorer.compiled = False
                self._rows = scorer.rows
                scorer.rows = self._wait  # type: ignore[method-assign]
            route = LiveRoute(
                version=7,
                role="champion",
                scorer=scorer,
                labels=Labels(made.signature),
                files=(BundleFile(name="x", digest="x", size=1),),
            )
            split = Split(name, [Route(version=7, weight=100)])
            endpoints[name] = LiveEndpoint(
                name=name, model=name, key="", routes=(route,), split=split
            )
        self.predictor.snapshot = Snapshot(endpoints=endpoints, limits=limits)
        self.application = Application(self.predictor, Proxy(Path("nowhere"), asyncio.Event()))

    def _wait(self, instances: Sequence[Mapping[str, Any]]) -> Scores:
        self.release.wait(20)
        return self._rows(instances)

    async def ask(self, name: str, rows: Any) -> Response:
        path = f"/endpoints/{name}/predict"
        found = self.application.door(path)
        assert found is not None
        body = msgspec.json.encode({"instances": rows})
        return await self.application.answer(*found, Request(path=path, body=body))


@pytest.fixture
def made(model_of: Callable[..., Any]) -> Any:
    return model_of()


def test_a_slow_model_is_given_up_and_others_are_unharmed(
    tmp_path: Path, made: Any, a_row: dict[str, Any]
) -> None:
    world = World(tmp_path, made, LimitsSpec(seconds=0.2))

    async def play() -> None:
        waiting = asyncio.ensure_future(world.ask("slow", [a_row]))
        await asyncio.sleep(0.05)
        started = time.monotonic()
        assert (await world.ask("fast", [a_row])).status == 200
        assert time.monotonic() - started < 0.1
        answer = await waiting
        assert answer.status == 504
        document = json.loads(answer.body)
        assert document["what"] == "version 7 of 'slow' did not answer within 0.2 s"
        assert "serve.limits.seconds" in document["why"]
        assert document["details"]["limit"] == 0.2
        assert world.predictor.threads.stuck == 1  # nobody waits for it, but it is still there
        world.release.set()
        for _ in range(200):
            await asyncio.sleep(0.01)
            if not world.predictor.threads.stuck:
                break
        assert world.predictor.threads.stuck == 0
        assert (await world.ask("slow", [a_row])).status == 200

    asyncio.run(play())
    traffic = world.predictor.counters.traffic()["slow"]["7"]
    assert traffic.statuses == {"504": 1, "200": 1}


def test_who_comes_when_there_is_too_much_to_do_is_asked_to_come_again(
    tmp_path: Path, made: Any, a_row: dict[str, Any]
) -> None:
    world = World(tmp_path, made, LimitsSpec(in_flight=3))

    async def play() -> None:
        waiting = [asyncio.ensure_future(world.ask("slow", [a_row])) for _ in range(3)]
        await asyncio.sleep(0.05)
        refused = await world.ask("slow", [a_row])
        assert refused.status == 429
        assert (b"retry-after", b"1") in refused.headers
        assert "serve.limits.in_flight" in json.loads(refused.body)["why"]
        world.release.set()
        assert [answer.status for answer in await asyncio.gather(*waiting)] == [200] * 3
        assert (await world.ask("slow", [a_row])).status == 200

    asyncio.run(play())
    assert world.predictor.counters.in_flight == 0


def test_what_is_stuck_counts_as_in_flight(
    tmp_path: Path, made: Any, a_row: dict[str, Any]
) -> None:
    world = World(tmp_path, made, LimitsSpec(in_flight=2, seconds=0.05))

    async def play() -> None:
        assert (await world.ask("slow", [a_row])).status == 504
        assert (await world.ask("slow", [a_row])).status == 504
        assert (await world.ask("fast", [a_row])).status == 429
        world.release.set()

    asyncio.run(play())


def test_a_request_has_no_more_rows_than_it_may(
    tmp_path: Path, made: Any, a_row: dict[str, Any]
) -> None:
    world = World(tmp_path, made, LimitsSpec(rows=5))

    async def play() -> None:
        assert (await world.ask("fast", [a_row] * 5)).status == 200
        refused = await world.ask("fast", [a_row] * 6)
        assert refused.status == 413
        assert json.loads(refused.body)["details"] == {"limit": 5}

    asyncio.run(play())


def test_the_short_way_keeps_the_limits_too(
    tmp_path: Path, made: Any, a_row: dict[str, Any]
) -> None:
    world = World(tmp_path, made, LimitsSpec(rows=2, body=700))
    plane, wire = Plane(world.application), Wire()

    def post(rows: Any) -> bytes:
        body = msgspec.json.encode({"instances": rows})
        head = b"POST /endpoints/fast/predict HTTP/1.1\r\nhost: localhost\r\n"
        return head + b"content-length: %d\r\n\r\n" % len(body) + body

    async def play() -> None:
        connection = Connection(plane)
        connection.connection_made(wire)  # type: ignore[arg-type]
        long = a_row | {"note": "x" * 900}
        for rows in ([a_row], [a_row] * 2, [a_row] * 3, [long], [a_row]):
            connection.data_received(post(rows))
            for _ in range(5):
                await asyncio.sleep(0)

    asyncio.run(play())
    answers = answers_in(wire.sent)
    assert [answer.status for answer in answers] == [200, 200, 413, 413, 200]
    assert [answer.json()["details"]["limit"] for answer in answers[2:4]] == [2, 700]


def test_a_model_that_has_become_slow_leaves_the_loop_to_others(
    tmp_path: Path, made: Any, a_row: dict[str, Any]
) -> None:
    scorer = load_scorer(made.files.__getitem__, made.signature)
    scorer.rows([a_row])
    assert scorer.quick(1)
    scorer.took(1, 0.1)
    assert scorer.quick(1)  # one slow answer proves little
    for _ in range(5):
        scorer.took(1, 0.1)
    assert not scorer.quick(1)
    scorer.rows([a_row])
    assert scorer.quick(1)


def test_workers_follow_the_limits_of_the_project(
    house: Any, model_of: Callable[..., Any], a_row: dict[str, Any]
) -> None:
    house.register("churn", 1, model_of())
    supervisor = house.serve(generation=house.route("churn", {1: 100.0}))
    url = f"http://127.0.0.1:{supervisor.port}/endpoints/churn/predict"
    assert httpx2.post(url, json={"instances": [a_row] * 3}).status_code == 200
    generation = publish_routes(
        house.home,
        house.endpoints.values(),
        lambda model, version: house.versions[model, version],
        blobs=house.blobs,
        limits=replace(LimitsSpec(), rows=2),
    )
    assert supervisor.wait_for(generation)
    assert httpx2.post(url, json={"instances": [a_row] * 3}).status_code == 413
