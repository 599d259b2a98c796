"""Workers with more models than they may have in memory."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from keepwell.core.records import Endpoint, Flags, Route
from keepwell.deployment.scoring import load_scorer
from keepwell.deployment.server import publish_routes
from keepwell.deployment.server.application import Application
from keepwell.deployment.server.heartbeat import Counters
from keepwell.deployment.server.hot import HotPath
from keepwell.deployment.server.hot.lane import Lane
from keepwell.deployment.server.messages import Request, Response
from keepwell.deployment.server.prediction import Predictor
from keepwell.deployment.server.proxy import Proxy
from keepwell.deployment.server.routes import read_routes
from keepwell.deployment.server.shelf import Shelf, ShelvedScorer
from keepwell.deployment.server.snapshot import load_snapshot
from keepwell.infrastructure.blobs import open_blobs
from keepwell.infrastructure.segments import SegmentWriter

COLD = "x-keepwell-cold-start-ms"
NAMES = ("ants", "bees", "cats", "dogs", "eels")


def publish(house: Any, memory: int | None = None, idle: float | None = None) -> int:
    return publish_routes(
        house.home,
        house.endpoints.values(),
        lambda model, version: house.versions[model, version],
        blobs=house.blobs,
        memory=memory,
        idle=idle,
    )


@pytest.fixture
def zoo(house: Any, model_of: Callable[..., Any], a_row: dict[str, Any]) -> Any:
    """Return a house of five endpoints, and what each answers."""
    house.answers = {}
    for at, name in enumerate(NAMES):
        made = model_of(seed=at % 2, flavour="linear" if at % 2 else "tree")
        house.register(name, 1, made)
        house.endpoints[name] = Endpoint(
            name=name, model=name, routes=(Route(version=1, weight=100.0),)
        )
        scorer = load_scorer(made.files.__getitem__, made.signature)
        house.answers[name] = scorer.rows([a_row]).probabilities
    return house


def test_a_worker_answers_for_more_models_than_it_may_have_in_memory(
    zoo: Any, a_row: dict[str, Any], until: Callable[..., None]
) -> None:
    supervisor = zoo.serve(generation=publish(zoo, memory=10**12))
    state = supervisor.workers()[0].models
    assert (state.loaded, state.loads, state.unloads) == (5, {"start": 5}, {})
    assert state.bytes >= sum(
        file.size for record in zoo.versions.values() for file in record.bundle.files
    )
    budget = state.bytes * 3 // 5
    assert supervisor.wait_for(publish(zoo, memory=budget), timeout=30)
    with httpx2.Client(base_url=f"http://127.0.0.1:{supervisor.port}", timeout=30) as client:

        def ask(name: str) -> httpx2.Response:
            answer = client.post(f"/endpoints/{name}/predict", json={"instances": [a_row]})
            assert answer.status_code == 200, answer.text
            (said,) = answer.json()["probabilities"]
            assert list(said.values()) == pytest.approx(list(zoo.answers[name][0]))
            return answer

        cold = 0
        for name in NAMES * 2:
            cold += COLD in ask(name).headers
            assert COLD not in ask(name).headers
            time.sleep(0.2)  # some heartbeats are looked at in between
            models = supervisor.workers()[0].models
            assert models.bytes <= budget or models.loaded == 1
        assert cold >= 5  # the second round, whatever each was measured to take
        until(lambda: supervisor.workers()[0].models.loads.get("demand") == cold)
        models = supervisor.workers()[0].models
        assert sum(models.loads.values()) - sum(models.unloads.values()) == models.loaded
        assert models.unloads.keys() == {"budget"}

        assert supervisor.wait_for(publish(zoo, idle=0.3), timeout=30)
        until(lambda: supervisor.workers()[0].models.loaded == 0)
        assert supervisor.workers()[0].models.unloads["idle"] >= 1
        assert float(ask("cats").headers[COLD]) > 0

        assert supervisor.wait_for(publish(zoo), timeout=30)
        until(lambda: supervisor.workers()[0].models.loaded == 5)
        assert not any(COLD in ask(name).headers for name in NAMES)
    assert len(zoo.logged()) == 26


class Desk:
    """The doors of a worker that runs in this process."""

    def __init__(self, house: Any) -> None:
        self.house = house
        self.shelf = Shelf()
        self.predictor = Predictor(SegmentWriter(house.home / "segments", "test"), Counters())
        self.application = Application(self.predictor, Proxy(Path("nowhere"), asyncio.Event()))
        self.read = open_blobs(house.blobs).read

    def _read(self, digest: str) -> bytes:
        return self.read(digest)

    def follow(self, memory: int | None = None, idle: float | None = None) -> None:
        publish(self.house, memory, idle)
        routes = read_routes(self.house.home)
        self.predictor.snapshot = load_snapshot(
            routes,
            self.predictor.snapshot,
            self._read,
            shelf=self.shelf,
        )
        assert self.predictor.snapshot.problems == ()

    async def ask(self, name: str, row: dict[str, Any]) -> Response:
        path = f"/endpoints/{name}/predict"
        found = self.application.door(path)
        assert found is not None
        body = json.dumps({"instances": [row]}).encode()
        return await self.application.answer(*found, Request(path=path, body=body))

    def scorer(self, name: str) -> Any:
        return self.predictor.snapshot.endpoints[name].routes[0].scorer


def test_others_are_answered_while_a_model_is_being_loaded(
    zoo: Any, a_row: dict[str, Any], until: Callable[..., None]
) -> None:
    async def go() -> None:
        desk = Desk(zoo)
        desk.follow(memory=1)
        assert [desk.scorer(name).scorer is not None for name in NAMES] == [False] * 4 + [True]
        gate, plain, reads = threading.Event(), desk.read, []

        def slow(digest: str) -> bytes:
            reads.append(digest)
            assert gate.wait(10)
            return plain(digest)

        desk.read = slow
        waiting = [asyncio.create_task(desk.ask("ants", a_row)) for _ in range(40)]
        await asyncio.sleep(0.1)
        assert reads
        other = await asyncio.wait_for(desk.ask("eels", a_row), 5)
        assert other.status == 200
        assert COLD.encode() not in dict(other.headers)
        assert not any(task.done() for task in waiting)
        gate.set()
        answers = await asyncio.gather(*waiting)
        assert {answer.status for answer in answers} == {200}
        assert COLD.encode() in dict(answers[0].headers)
        assert desk.shelf.models().loads["demand"] == 1

    asyncio.run(go())


def test_a_model_whose_files_are_no_more_what_they_were_is_not_loaded_again(
    zoo: Any, a_row: dict[str, Any]
) -> None:
    async def go() -> None:
        desk = Desk(zoo)
        zoo.endpoints["bees"] = replace(zoo.endpoints["bees"], flags=Flags(fallback=('"No"',)))
        desk.follow(memory=1)
        desk.read = lambda digest: b"{}"
        answer = await desk.ask("ants", a_row)
        assert answer.status == 503
        assert json.loads(answer.body)["what"] == "version 1 of 'ants' could not be loaded again"
        fallen = await desk.ask("bees", a_row)
        assert fallen.status == 200
        assert json.loads(fallen.body)["predictions"] == ["No"]
        assert "could not be loaded again" in json.loads(fallen.body)["fallback"]["why"]

    asyncio.run(go())


def test_a_step_of_a_fallback_and_a_version_on_trial_are_models_like_others(
    house: Any, model_of: Callable[..., Any], a_row: dict[str, Any]
) -> None:
    async def go() -> None:
        for version in (1, 2, 3):
            house.register("churn", version, model_of(seed=version % 2))
        house.endpoints["churn"] = Endpoint(
            name="churn",
            model="churn",
            routes=(
                Route(version=2, weight=50.0),
                Route(version=3, weight=50.0, role="challenger"),
            ),
            previous=1,
            flags=Flags(fallback=("previous",), killed=True),
        )
        desk = Desk(house)
        desk.follow(memory=1)
        assert desk.shelf.models().loads == {"start": 3}
        loaded = desk.predictor.snapshot.endpoints["churn"].loaded
        assert all(isinstance(one.scorer, ShelvedScorer) for one in loaded.values())
        for version in (2, 3):
            scorer: Any = loaded[version].scorer
            await asyncio.to_thread(scorer.rows, [a_row])
        assert desk.shelf.models().loaded == 1
        answer = await desk.ask("churn", a_row)
        assert dict(answer.headers)[b"x-model-version"] == b"1"
        assert COLD.encode() in dict(answer.headers)

    asyncio.run(go())


def test_the_short_way_leaves_what_is_unloaded_to_the_long_way(
    zoo: Any, a_row: dict[str, Any]
) -> None:
    desk = Desk(zoo)
    desk.follow(idle=60.0)
    endpoint = desk.predictor.snapshot.endpoints["ants"]
    lane = Lane.of(endpoint)
    assert lane is not None
    body = json.dumps({"instances": [a_row]}).encode()
    scorer: Any = endpoint.routes[0].scorer
    used = scorer.used
    assert lane.take("r", "", body) is not None
    assert scorer.used > used  # it counts as a use
    desk.shelf.allow(1, None)
    desk.shelf.keep(desk.scorer(name) for name in NAMES)
    assert scorer.scorer is not None  # the one used last
    desk.scorer("bees").rows([a_row])
    assert scorer.scorer is None
    assert lane.take("r", "", body) is None
    scorer.rows([a_row])
    assert lane.take("r", "", body) is not None


def test_without_either_key_nothing_is_on_a_shelf(zoo: Any) -> None:
    desk = Desk(zoo)
    desk.follow(memory=1)
    before = desk.scorer("ants")
    desk.follow(memory=2)
    assert desk.scorer("ants") is before
    desk.follow()
    assert not any(isinstance(desk.scorer(name), ShelvedScorer) for name in NAMES)
    assert desk.shelf.models().loaded == 0
    assert HotPath(desk.predictor)._lane(desk.predictor.snapshot, "ants") is not None


def test_a_cold_start_beyond_the_time_limit_is_answered_by_the_fallback_and_goes_on(
    zoo: Any, a_row: dict[str, Any], until: Callable[..., None]
) -> None:
    flags = Flags(fallback=('"No"',), limit_ms=50.0)
    zoo.endpoints["ants"] = replace(zoo.endpoints["ants"], flags=flags)
    desk = Desk(zoo)
    desk.follow(memory=1)
    gate, plain = threading.Event(), desk.read

    def slow(digest: str) -> bytes:
        assert gate.wait(10)
        return plain(digest)

    desk.read = slow
    early = asyncio.run(desk.ask("ants", a_row))
    assert json.loads(early.body)["fallback"]["why"] == "TimeoutError: no answer within 50 ms"
    gate.set()
    until(lambda: desk.scorer("ants").scorer is not None)
    late = asyncio.run(desk.ask("ants", a_row))
    assert "fallback" not in json.loads(late.body)
    assert COLD.encode() not in dict(late.headers)
