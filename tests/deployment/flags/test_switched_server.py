"""Workers answer by the flags of the routing file, at once."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.errors import InvalidRequestError, NotFoundError, UnavailableError, UsageError
from keepwell.core.records import CohortRule, Endpoint, Flags, Route
from keepwell.core.spec import FlagsSpec
from keepwell.deployment.endpoints import Endpoints
from keepwell.deployment.flags import ConditionError
from keepwell.deployment.flags.switchboard import Switchboard
from keepwell.deployment.scoring.scorer import Scorer, Scores
from keepwell.deployment.server.assignment import sole_route
from keepwell.deployment.server.heartbeat import Counters
from keepwell.deployment.server.prediction import Answered, Call, Predictor
from keepwell.deployment.server.recording import document_of
from keepwell.deployment.server.routes import read_routes
from keepwell.deployment.server.snapshot import Snapshot, load_snapshot
from keepwell.infrastructure.blobs import open_blobs
from keepwell.infrastructure.metadata import open_metadata
from keepwell.infrastructure.segments import SegmentWriter

ROW = {
    "age": 30.0,
    "visits": 4,
    "member": True,
    "colour": "red",
    "since": "2020-01-01",
    "note": "x",
}


class Broken:
    """A model that raises, or takes its time."""

    def __init__(self, scorer: Scorer, *, seconds: float = 0.0) -> None:
        self.signature = scorer.signature
        self._scorer = scorer
        self._seconds = seconds

    def quick(self, rows: int) -> bool:
        return True

    def rows(self, instances: Sequence[Mapping[str, Any]]) -> Scores:
        if not self._seconds:
            raise RuntimeError("out of order")
        time.sleep(self._seconds)
        return self._scorer.rows(instances)


class Stage:
    """A worker's predictor without a worker."""

    def __init__(self, house: Any) -> None:
        self.house = house
        self.counters = Counters()
        writer = SegmentWriter(house.home / "serving" / "segments", "worker-0")
        self.predictor = Predictor(writer, self.counters)

    def follow(self, **changes: Any) -> None:
        base = Endpoint(
            name="churn",
            model="churn",
            routes=(Route(version=2, weight=100.0),),
            key="customer",
            previous=1,
        )
        self.house.endpoints["churn"] = replace(base, **changes)
        self.house.publish()
        blobs = open_blobs(self.house.blobs)
        before = self.predictor.snapshot
        self.predictor.snapshot = load_snapshot(read_routes(self.house.home), before, blobs.read)

    def break_model(self, version: int, *, seconds: float = 0.0) -> None:
        live = self.predictor.snapshot.endpoints["churn"]
        routes = tuple(
            replace(one, scorer=cast("Scorer", Broken(cast("Scorer", one.scorer), seconds=seconds)))
            if one.version == version
            else one
            for one in live.routes
        )
        self.predictor.snapshot = Snapshot(endpoints={"churn": replace(live, routes=routes)})

    async def ask(
        self, *rows: Mapping[str, Any], wanted: int = 0
    ) -> tuple[Answered, dict[str, Any]]:
        call = Call(endpoint="churn", request="r", started=time.perf_counter(), wanted=wanted)
        answered = await self.predictor.predict(call, [dict(row) for row in rows])
        return answered, document_of(answered.endpoint, answered.parts)


@pytest.fixture
def stage(house: Any, model_of: Callable[..., Any]) -> Stage:
    for version in (1, 2, 3):
        house.register("churn", version, model_of(seed=version % 3))
    return Stage(house)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


pytestmark = pytest.mark.anyio


async def test_an_endpoint_without_switches_is_plain(stage: Stage) -> None:
    stage.follow()
    live = stage.predictor.snapshot.endpoints["churn"]
    assert sole_route(live)
    assert live.flags is None
    answered, document = await stage.ask(ROW)
    assert answered.parts[0].part.route.version == 2
    assert "fallback" not in document
    stage.follow(
        routes=(Route(version=2, weight=50.0), Route(version=3, weight=50.0, role="challenger"))
    )
    assert not sole_route(stage.predictor.snapshot.endpoints["churn"])
    stage.follow(
        routes=(Route(version=2, weight=100.0), Route(version=1, weight=0.0, role="standby"))
    )
    assert sole_route(stage.predictor.snapshot.endpoints["churn"])


async def test_rules_decide_row_by_row(stage: Stage) -> None:
    rules = (
        CohortRule(when="colour == 'red'", version=3),
        CohortRule(when="key == 'c9'", version=1),
    )
    stage.follow(flags=Flags(rules=rules))
    rows = [ROW, {**ROW, "colour": "blue"}, {**ROW, "colour": "blue", "customer": "c9"}]
    answered, document = await stage.ask(*rows)
    assert [one["version"] for one in document["models"]] == [3, 2, 1]
    roles = {one.part.route.version: one.part.route.role for one in answered.parts}
    assert roles == {3: "rule", 2: "champion", 1: "rule"}
    logged = {row.version: row.role for row in stage.house.logged()}
    assert logged == roles


async def test_a_killed_endpoint_answers_by_its_fallback_or_says_why(stage: Stage) -> None:
    stage.follow(flags=Flags(killed=True, reason="nonsense"))
    with pytest.raises(UnavailableError, match="nonsense"):
        await stage.ask(ROW)
    stage.follow(
        flags=Flags(killed=True, reason="nonsense", fallback=('visits > 9 -> "Yes"', '"No"'))
    )
    answered, document = await stage.ask(ROW, {**ROW, "visits": 10})
    assert document["predictions"] == ["No", "Yes"]
    assert document["fallback"]["why"] == "switched off: nonsense"
    assert (b"x-keepwell-fallback", b"1") in answered.marks
    assert stage.counters.errors() == ()  # whoever switches it off knows
    assert [row.version for row in stage.house.logged()] == [0, 0]


async def test_the_previous_version_answers_for_one_that_fails(stage: Stage) -> None:
    stage.follow(flags=Flags(fallback=("previous", '"No"')))
    stage.break_model(2)
    answered, document = await stage.ask(ROW)
    assert answered.parts[0].part.route.version == 1
    assert document["fallback"] == {
        "rows": 1,
        "by": ["previous"],
        "in_place_of": 2,
        "why": "RuntimeError: out of order",
    }
    assert stage.counters.traffic()["churn"]["2"].fallbacks == 1
    assert "out of order" in stage.counters.errors()[0].what


async def test_a_slow_model_is_not_waited_for(stage: Stage) -> None:
    stage.follow(flags=Flags(fallback=('"No"',), limit_ms=30.0))
    stage.break_model(2, seconds=0.6)
    start = time.perf_counter()
    _, document = await stage.ask(ROW)
    assert time.perf_counter() - start < 0.4
    assert document["predictions"] == ["No"]
    assert "30 ms" in document["fallback"]["why"]


async def test_a_mistake_of_the_callers_is_no_failure_of_the_models(stage: Stage) -> None:
    stage.follow(flags=Flags(fallback=('"No"',)))
    with pytest.raises(InvalidRequestError):
        await stage.ask({**ROW, "visits": "many"})
    assert stage.counters.errors() == ()


async def test_without_anybody_left_the_models_own_error_is_told(stage: Stage) -> None:
    stage.follow(flags=Flags(fallback=("visits > 9 -> 1",)))
    stage.break_model(2)
    with pytest.raises(RuntimeError, match="out of order"):
        await stage.ask(ROW)


async def test_a_version_that_cannot_be_loaded_has_its_fallback(stage: Stage) -> None:
    blobs = open_blobs(stage.house.blobs)
    for file in stage.house.versions["churn", 2].bundle.files:
        if file not in stage.house.versions["churn", 1].bundle.files:
            blobs.remove(file.digest)
    stage.follow(flags=Flags(fallback=("previous",)))
    _, document = await stage.ask(ROW)
    assert document["model"]["version"] == 1
    assert document["fallback"]["why"] == "no version of it can be loaded"
    assert stage.predictor.snapshot.problems


async def test_a_probe_may_ask_a_version_that_has_no_share(stage: Stage) -> None:
    stage.follow(
        routes=(Route(version=2, weight=100.0), Route(version=3, weight=0.0, role="challenger"))
    )
    answered, _ = await stage.ask(ROW, wanted=3)
    assert answered.parts[0].part.route.version == 3
    with pytest.raises(NotFoundError, match="version 1 is not served"):
        await stage.ask(ROW, wanted=1)


async def test_rows_are_logged_with_the_columns_of_all_versions_compared(stage: Stage) -> None:
    signature = stage.house.versions["churn", 3].signature
    inputs = tuple(item for item in signature.inputs if item.name != "note")
    stage.house.versions["churn", 3] = replace(
        stage.house.versions["churn", 3], signature=replace(signature, inputs=inputs)
    )
    stage.follow(logs=())
    assert stage.predictor.snapshot.endpoints["churn"].columns == frozenset()
    stage.follow(logs=(1, 3))
    assert "note" in stage.predictor.snapshot.endpoints["churn"].columns
    await stage.ask({**ROW, "other": 1})
    assert set(json.loads(stage.house.logged()[-1].inputs)) == set(ROW)


async def test_a_constant_logs_nothing_that_is_kept_back(stage: Stage) -> None:
    stage.follow(flags=Flags(killed=True, fallback=('"No"',)))
    routes = read_routes(stage.house.home)
    blobs = open_blobs(stage.house.blobs)
    silent = replace(routes, log=replace(routes.log, redact=("note",)))
    stage.predictor.snapshot = load_snapshot(silent, Snapshot(), blobs.read)
    await stage.ask(ROW)
    assert "note" not in json.loads(stage.house.logged()[-1].inputs)


@pytest.fixture
def board(stage: Stage, tmp_path: Any) -> Iterator[tuple[Endpoints, Switchboard]]:
    clock = ManualClock(1000.0)
    store = open_metadata(f"sqlite:///{tmp_path / 'record.db'}", clock=clock)
    endpoints = Endpoints(store, clock)
    endpoints.deploy("churn", "churn", 1, "first", key="customer")

    def lookup(model: str, version: int) -> Any:
        if (model, version) not in stage.house.versions:
            raise NotFoundError(f"no version {version}")
        return stage.house.versions[model, version]

    yield endpoints, Switchboard(endpoints, lookup)
    store.close()


def test_every_flip_is_an_event(board: tuple[Endpoints, Switchboard]) -> None:
    endpoints, switchboard = board
    switchboard.kill("churn", "complaints")
    switchboard.revive("churn", "fixed")
    switchboard.route("churn", ["colour == 'red' -> v3"], "reds")
    switchboard.fall_back("churn", ["previous", '"No"'], "safety", limit_ms=50)
    switchboard.fall_back("churn", ["previous", '"No"'], "again", limit_ms=50)  # as it is already
    said = [(verb, why) for _, verb, why, _ in endpoints.history("churn")]
    assert said == [
        ("fallback set", "safety"),
        ("rules set", "reds"),
        ("revived", "fixed"),
        ("killed", "complaints"),
        ("deployed", "first"),
    ]
    assert endpoints.deploy("churn", "churn", 2).flags.fallback == ("previous", '"No"')
    assert endpoints.read("churn").previous == 1


def test_what_cannot_work_is_refused(board: tuple[Endpoints, Switchboard]) -> None:
    _, switchboard = board
    with pytest.raises(ConditionError, match="did you mean 'colour'"):
        switchboard.route("churn", ["color == 'red' -> v3"])
    with pytest.raises(NotFoundError):
        switchboard.route("churn", ["colour == 'red' -> v9"])
    with pytest.raises(UsageError):
        switchboard.fall_back("churn", ["No"])
    with pytest.raises(UsageError):
        switchboard.fall_back("churn", ['"No"'], limit_ms=-1)


def test_the_project_file_is_followed_once_for_each_change(
    board: tuple[Endpoints, Switchboard],
) -> None:
    endpoints, switchboard = board
    assert not switchboard.declare("churn", FlagsSpec())
    spec = FlagsSpec(rules=("colour == 'red' -> v3",), fallback=('"No"',), limit=0.05)
    assert switchboard.declare("churn", spec)
    assert endpoints.read("churn").flags.limit_ms == 50
    switchboard.route("churn", [])
    assert not switchboard.declare("churn", spec)  # what was switched by hand stays
    assert endpoints.read("churn").flags.rules == ()
    assert switchboard.declare("churn", FlagsSpec())
    assert endpoints.read("churn").flags.fallback == ()
