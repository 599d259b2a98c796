from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.errors import ConflictError, NotFoundError, UnavailableError, UsageError
from keepwell.core.ports import MetadataStore
from keepwell.core.records import Alias, Endpoint, GateVerdict, Route
from keepwell.core.spec import RolloutSpec
from keepwell.deployment.endpoints import Endpoints
from keepwell.deployment.probing import LiveProbe
from keepwell.deployment.rollouts import Rollouts
from keepwell.deployment.routing import Split
from keepwell.infrastructure.metadata import Collection, open_metadata

PASSED = GateVerdict(passed=True)
CANARY = RolloutSpec(steps=(5.0, 25.0, 100.0), hold=120.0)


@dataclass(kw_only=True)
class Desk:
    store: MetadataStore
    clock: ManualClock
    endpoints: Endpoints
    rollouts: Rollouts
    asked: list[Sequence[str]] = field(default_factory=list)

    def probe(self, endpoint: Endpoint, keys: Sequence[str]) -> Mapping[str, int]:
        """Answer as routed."""
        self.asked.append(keys)
        split = Split(endpoint.name, endpoint.routes)
        return {key: endpoint.routes[split.pick(key)].version for key in keys}

    def alias(self, name: str) -> int | None:
        found = Collection(self.store, "alias", Alias).get(f"churn/{name}")
        return found.version if found is not None else None

    def shares(self) -> dict[int, float]:
        return {route.version: route.weight for route in self.endpoints.read("churn").routes}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    clock = ManualClock(1000.0)
    store = open_metadata(f"sqlite:///{tmp_path / 'record.db'}", clock=clock)
    endpoints = Endpoints(store, clock)
    endpoints.deploy("churn", "churn", 1, "first", key="customer")
    yield Desk(
        store=store, clock=clock, endpoints=endpoints, rollouts=Rollouts(store, endpoints, clock)
    )
    store.close()


def stubborn(version: int) -> Callable[[Endpoint, Sequence[str]], Mapping[str, int]]:
    return lambda endpoint, keys: dict.fromkeys(keys, version)


def test_a_deployment_is_an_endpoint_with_one_route(desk: Desk) -> None:
    endpoint = desk.endpoints.read("churn")
    assert endpoint.routes == (Route(version=1, weight=100.0),)
    assert (endpoint.champion, endpoint.challenger, endpoint.key) == (1, None, "customer")
    desk.clock.advance(10)
    assert desk.endpoints.deploy("churn", "churn", 2, "better").key == "customer"
    assert desk.endpoints.read("churn", at=1005.0).champion == 1
    assert desk.endpoints.at()["churn"].champion == 2
    assert desk.endpoints.at(500.0) == {}
    assert [one.name for one in desk.endpoints.find()] == ["churn"]


def test_deploying_what_is_deployed_writes_nothing(desk: Desk) -> None:
    before = desk.store.events()
    desk.endpoints.deploy("churn", "churn", 1, "again")
    assert desk.store.events() == before


def test_an_unknown_endpoint_is_suggested(desk: Desk) -> None:
    with pytest.raises(NotFoundError, match="did you mean 'churn'"):
        desk.endpoints.read("chrun")


def test_routes_that_do_not_divide_are_refused(desk: Desk) -> None:
    with pytest.raises(UsageError, match="add up to 60"):
        desk.endpoints.set_routes("churn", [Route(version=1, weight=60)])
    routes = [Route(version=1, weight=60), Route(version=2, weight=40, role="challenger")]
    assert desk.endpoints.set_routes("churn", routes, "by hand").challenger == 2


def test_a_canary_walks_its_steps_and_is_promoted(desk: Desk) -> None:
    rollout = desk.rollouts.start("churn", 2, spec=CANARY, incident="i1", probe=desk.probe)
    assert desk.shares() == {1: 95.0, 2: 5.0}
    assert (desk.alias("challenger"), desk.alias("champion")) == (2, None)
    assert desk.rollouts.running("churn") == rollout
    desk.clock.advance(120)
    desk.rollouts.advance(rollout.id, verdict=PASSED, probe=desk.probe)
    assert desk.shares() == {1: 75.0, 2: 25.0}
    desk.clock.advance(120)
    desk.rollouts.advance(rollout.id, verdict=PASSED, probe=desk.probe)
    assert desk.shares() == {1: 0.0, 2: 100.0}
    desk.clock.advance(120)
    done = desk.rollouts.promote(rollout.id, verdict=PASSED, probe=desk.probe)
    assert done.status == "promoted"
    assert done.incident == "i1"
    assert [(step.percent, step.started, step.ended) for step in done.history] == [
        (5.0, 1000.0, 1120.0),
        (25.0, 1120.0, 1240.0),
        (100.0, 1240.0, 1360.0),
    ]
    assert all(step.verified and step.verdict == PASSED for step in done.history)
    endpoint = desk.endpoints.read("churn")
    assert endpoint.routes == (Route(version=2, weight=100.0),)
    assert endpoint.rollout == ""
    assert (desk.alias("champion"), desk.alias("challenger")) == (2, None)
    assert desk.rollouts.running("churn") is None
    assert desk.rollouts.promote(rollout.id) == done
    assert desk.rollouts.find("churn") == [done]


def test_promotion_is_one_transaction(desk: Desk) -> None:
    rollout = desk.rollouts.start("churn", 2, spec=RolloutSpec(strategy="all-at-once"))
    assert (rollout.steps, rollout.hold) == ((100.0,), 0.0)
    seq = desk.store.events()[-1].seq
    desk.rollouts.promote(rollout.id)
    written = desk.store.events(after=seq)
    assert sorted(event.ref.kind for event in written) == ["alias", "alias", "endpoint", "rollout"]
    assert len({event.time for event in written}) == 1
    assert desk.rollouts.get(rollout.id).history[0].verified is None  # type: ignore[union-attr]


def test_a_promotion_that_is_not_seen_is_not_claimed(desk: Desk) -> None:
    rollout = desk.rollouts.start("churn", 2, spec=CANARY, probe=desk.probe)
    tried = desk.rollouts.promote(rollout.id, verdict=PASSED, probe=stubborn(1))
    assert tried.status == "running"
    assert tried.history[-1].verified is False
    assert "v1 in place of v2" in tried.history[-1].finding
    assert desk.endpoints.read("churn").champion == 1
    assert desk.alias("champion") is None
    assert desk.rollouts.promote(rollout.id, probe=desk.probe).status == "promoted"


def test_an_abort_that_is_seen(desk: Desk) -> None:
    rollout = desk.rollouts.start("churn", 2, spec=CANARY, probe=desk.probe)
    desk.clock.advance(60)
    failed = GateVerdict(passed=False)
    done = desk.rollouts.abort(rollout.id, reason="errors", verdict=failed, probe=desk.probe)
    assert (done.status, done.reason, done.ended) == ("aborted", "errors", 1060.0)
    assert done.history[-1].verdict == failed
    assert done.history[-1].verified is True
    assert desk.shares() == {1: 100.0}
    assert desk.alias("challenger") is None
    assert desk.rollouts.abort(rollout.id, reason="again", probe=stubborn(2)) == done


def test_an_abort_that_is_not_seen_says_so_and_is_tried_again(desk: Desk) -> None:
    rollout = desk.rollouts.start("churn", 2, spec=CANARY)
    failed = desk.rollouts.abort(rollout.id, reason="errors", probe=stubborn(2))
    assert failed.status == "abort_failed"
    assert "v2 in place of v1" in failed.reason
    assert desk.shares() == {1: 100.0}
    assert desk.endpoints.read("churn").rollout == rollout.id
    with pytest.raises(ConflictError, match="in progress"):
        desk.rollouts.start("churn", 3, spec=CANARY)
    silent = desk.rollouts.abort(rollout.id, reason="errors", probe=stubborn(0))
    assert "no answer in place of v1" in silent.reason
    assert desk.rollouts.abort(rollout.id, reason="errors", probe=desk.probe).status == "aborted"
    assert desk.rollouts.running("churn") is None


def test_a_step_is_not_taken_twice(desk: Desk) -> None:
    rollout = desk.rollouts.start("churn", 2, spec=CANARY)
    moved = desk.rollouts.advance(rollout.id, 25.0)
    assert desk.rollouts.advance(rollout.id, 25.0) == moved
    assert desk.rollouts.advance(rollout.id, 5.0) == moved
    assert desk.shares() == {1: 75.0, 2: 25.0}


def test_a_deployment_overtakes_a_rollout(desk: Desk) -> None:
    rollout = desk.rollouts.start("churn", 2, spec=CANARY)
    desk.endpoints.deploy("churn", "churn", 3, "by hand")
    ended = desk.rollouts.get(rollout.id)
    assert ended is not None
    assert (ended.status, ended.reason) == ("aborted", "overtaken by a deployment of version 3")
    assert desk.shares() == {3: 100.0}
    assert desk.rollouts.advance(rollout.id) == ended


def test_what_cannot_start_is_refused(desk: Desk) -> None:
    with pytest.raises(ConflictError, match="champion"):
        desk.rollouts.start("churn", 1, spec=CANARY)
    with pytest.raises(UsageError, match="steps"):
        desk.rollouts.start("churn", 2, spec=RolloutSpec(steps=(25.0, 5.0, 100.0)))
    with pytest.raises(NotFoundError):
        desk.rollouts.start("other", 2, spec=CANARY)
    with pytest.raises(NotFoundError, match="rollout"):
        desk.rollouts.promote("none")
    desk.endpoints.set_routes("churn", [])
    with pytest.raises(UnavailableError, match="no champion"):
        desk.rollouts.start("churn", 2, spec=CANARY)


def test_a_rollout_is_verified_on_the_live_endpoint(
    desk: Desk, house: Any, model_of: Callable[..., Any]
) -> None:
    for version in (1, 2):
        house.register("churn", version, model_of(seed=version))

    def publish() -> int:
        house.endpoints = desk.endpoints.at()
        return int(house.publish())

    supervisor = house.serve(workers=2, generation=publish())

    def lookup(model: str, version: int) -> Any:
        return house.versions[model, version]

    url = f"http://127.0.0.1:{supervisor.port}"
    probe = LiveProbe(url, lookup, lambda: supervisor.wait_for(publish()))
    deaf = LiveProbe(url, lookup, lambda: None)
    rollout = desk.rollouts.start("churn", 2, spec=CANARY, probe=probe)
    assert rollout.history[0].verified is True
    not_yet = desk.rollouts.advance(rollout.id, probe=deaf)  # nobody told the workers
    assert not_yet.history[-1].verified is False
    done = desk.rollouts.promote(rollout.id, probe=probe)
    assert done.status == "promoted"
    assert {row.caller for row in house.logged()} == {"probe"}
    supervisor.stop()
    again = desk.rollouts.start("churn", 1, spec=CANARY)
    lost = desk.rollouts.abort(again.id, reason="errors", probe=deaf)
    assert lost.status == "abort_failed"
    assert "no answer" in lost.reason
