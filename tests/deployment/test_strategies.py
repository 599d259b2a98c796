"""Strategies beside the canary, step by step, with a clock moved by hand."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.clock import ManualClock
from keepwell.core.errors import ConflictError, NotFoundError, UsageError
from keepwell.core.events import Change
from keepwell.core.ports import MetadataStore
from keepwell.core.records import Endpoint, Flags, GateVerdict, Route
from keepwell.core.references import Ref
from keepwell.core.spec import RolloutSpec
from keepwell.deployment.endpoints import Endpoints
from keepwell.deployment.rollouts import Rollouts
from keepwell.deployment.rollouts.timeline import timeline
from keepwell.deployment.routing import Split
from keepwell.infrastructure.metadata import open_metadata


@dataclass(kw_only=True)
class Place:
    clock: ManualClock
    store: MetadataStore
    endpoints: Endpoints
    rollouts: Rollouts

    def probe(self, endpoint: Endpoint, keys: Sequence[str]) -> Mapping[str, int]:
        """Answer as routed, and by name where a version is asked for by name."""
        split = Split(endpoint.name, endpoint.routes)
        return {
            key: int(key.split("-")[1][1:])
            if key.startswith("warm-")
            else endpoint.routes[split.pick(key)].version
            for key in keys
        }

    @property
    def routes(self) -> list[tuple[int, float, str]]:
        return [
            (route.version, round(route.weight, 6), route.role)
            for route in self.endpoints.read("churn").routes
        ]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    clock = ManualClock(1000.0)
    store = open_metadata(f"sqlite:///{tmp_path / 'record.db'}", clock=clock)
    endpoints = Endpoints(store, clock)
    endpoints.deploy("churn", "churn", 1, "first", key="customer")
    yield Place(
        clock=clock, store=store, endpoints=endpoints, rollouts=Rollouts(store, endpoints, clock)
    )
    store.close()


def nobody(endpoint: Endpoint, keys: Sequence[str]) -> Mapping[str, int]:
    return dict.fromkeys(keys, 0)


def test_blue_green_warms_up_switches_at_once_and_can_be_switched_back(place: Place) -> None:
    spec = RolloutSpec(strategy="blue-green", hold=30.0, keep=600.0, watch=0.0)
    begun = place.rollouts.start("churn", 2, spec=spec, probe=place.probe)
    assert place.routes == [(1, 100, "champion"), (2, 0, "challenger")]
    assert begun.history[-1].verified  # it was asked by name, and answered
    place.clock.advance(30)
    done = place.rollouts.promote(begun.id, probe=place.probe)
    assert done.status == "promoted"
    assert place.routes == [(2, 100, "champion"), (1, 0, "standby")]
    assert done.kept_until == 1630.0
    assert place.endpoints.read("churn").logs == ()  # nothing is watched
    back = place.rollouts.roll_back(begun.id, reason="worse", probe=place.probe)
    assert (back.status, back.notes) == ("rolled_back", "worse")
    assert place.routes == [(1, 100, "champion")]


def test_the_version_before_is_let_go_when_its_time_is_over(place: Place) -> None:
    spec = RolloutSpec(strategy="blue-green", keep=600.0)
    begun = place.rollouts.start("churn", 2, spec=spec)
    place.rollouts.promote(begun.id)
    place.rollouts.release(begun.id, kept=True)
    assert place.routes == [(2, 100, "champion")]
    assert place.endpoints.read("churn").previous == 1


def test_a_version_that_does_not_answer_warm_is_seen(place: Place) -> None:
    def cold(endpoint: Endpoint, keys: Sequence[str]) -> Mapping[str, int]:
        answered = place.probe(endpoint, keys)
        return {key: 0 if version == 2 else version for key, version in answered.items()}

    begun = place.rollouts.start("churn", 2, spec=RolloutSpec(strategy="blue-green"), probe=cold)
    assert begun.history[-1].verified is False
    assert "no answer in place of v2" in begun.history[-1].finding
    held = place.rollouts.promote(begun.id, probe=cold)
    assert held.status == "running"
    assert place.routes[0] == (1, 100, "champion")  # nobody was sent to it


def test_a_shadow_gets_no_traffic_and_changes_nothing(place: Place) -> None:
    begun = place.rollouts.start("churn", 2, spec=RolloutSpec(strategy="shadow"), probe=place.probe)
    assert place.routes == [(1, 100, "champion")]
    verdict = GateVerdict(passed=True)
    done = place.rollouts.complete(begun.id, reason="compared", verdict=verdict, probe=place.probe)
    assert (done.status, done.history[-1].verdict) == ("completed", verdict)
    assert place.endpoints.read("churn").rollout == ""
    with pytest.raises(ConflictError):
        place.rollouts.roll_back(begun.id, reason="nothing to take back")


def test_several_versions_share_by_weights_and_one_is_promoted(place: Place) -> None:
    spec = RolloutSpec(strategy="ab")
    begun = place.rollouts.start("churn", [2, 3], spec=spec, weights={1: 2, 2: 1, 3: 1})
    assert place.routes == [(1, 50, "champion"), (2, 25, "challenger"), (3, 25, "challenger")]
    assert begun.history[-1].shares == {"1": 50.0, "2": 25.0, "3": 25.0}
    with pytest.raises(ConflictError, match="has no next step"):
        place.rollouts.advance(begun.id)
    with pytest.raises(UsageError, match="none was named"):
        place.rollouts.promote(begun.id)
    with pytest.raises(UsageError, match="takes no part"):
        place.rollouts.promote(begun.id, version=9)
    done = place.rollouts.promote(begun.id, version=3, probe=place.probe)
    assert (done.status, done.candidate) == ("promoted", 3)
    assert place.routes == [(3, 100, "champion")]


def test_the_champion_may_win_its_comparison(place: Place) -> None:
    begun = place.rollouts.start("churn", [2, 3], spec=RolloutSpec(strategy="ab"))
    done = place.rollouts.promote(begun.id, version=1, probe=place.probe)
    assert (done.status, place.routes) == ("completed", [(1, 100, "champion")])


def test_rows_are_logged_for_every_version_that_is_compared(place: Place) -> None:
    def logs() -> tuple[int, ...]:
        return place.endpoints.read("churn").logs

    begun = place.rollouts.start("churn", 2, spec=RolloutSpec(strategy="shadow"))
    assert logs() == (1, 2)
    place.rollouts.complete(begun.id, reason="compared")
    assert logs() == ()
    begun = place.rollouts.start("churn", 2, spec=RolloutSpec(strategy="all-at-once"))
    place.rollouts.promote(begun.id)
    assert logs() == (1,)  # which goes on as the shadow while the promotion is watched
    place.rollouts.release(begun.id, watched=True)
    assert logs() == ()


def test_each_allocation_of_a_bandit_is_kept(place: Place) -> None:
    begun = place.rollouts.start("churn", [2], spec=RolloutSpec(strategy="bandit"))
    place.clock.advance(60)
    place.rollouts.reallocate(begun.id, {1: 20, 2: 80}, {"chances": {"2": 0.8}}, "by chance")
    found = place.rollouts.get(begun.id)
    assert found is not None
    assert [step.percent for step in found.history] == [50, 80]
    assert found.history[0].ended == 1060.0
    assert found.history[1].numbers == {"chances": {"2": 0.8}}
    assert place.routes[1][1] == 80


def test_a_rollback_that_is_not_seen_is_reported_as_failed_and_tried_again(place: Place) -> None:
    begun = place.rollouts.start("churn", 2, spec=RolloutSpec(strategy="all-at-once"))
    done = place.rollouts.promote(begun.id, probe=place.probe)
    assert done.watched_until == 1000.0 + 3600.0
    failed = place.rollouts.roll_back(begun.id, reason="worse", probe=nobody)
    assert failed.status == "rollback_failed"
    assert "no answer in place of v1" in failed.notes
    again = place.rollouts.roll_back(begun.id, reason="worse", probe=place.probe)
    assert again.status == "rolled_back"
    with pytest.raises(ConflictError):
        place.rollouts.roll_back(begun.id, reason="once more")


def test_a_promotion_that_others_replaced_is_not_taken_back(place: Place) -> None:
    begun = place.rollouts.start("churn", 2, spec=RolloutSpec(strategy="all-at-once"))
    place.rollouts.promote(begun.id)
    place.endpoints.deploy("churn", "churn", 3)
    with pytest.raises(ConflictError, match="served by version 3"):
        place.rollouts.roll_back(begun.id, reason="worse")


@pytest.mark.parametrize(
    ("spec", "versions", "said"),
    [
        (RolloutSpec(strategy="canari"), [2], "did you mean 'canary'"),
        (RolloutSpec(strategy="canary"), [2, 3], "use --strategy ab"),
        (RolloutSpec(strategy="ab"), [2, 2], "named twice"),
        (RolloutSpec(strategy="bandit", explore=40), [2, 3], "explore at most 33.3%"),
        (RolloutSpec(strategy="shadow", sample=0.0), [2], "no share of the rows"),
    ],
)
def test_what_cannot_be_carried_out_is_refused(
    place: Place, spec: RolloutSpec, versions: list[int], said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        place.rollouts.start("churn", versions, spec=spec)
    assert said in str(caught.value)
    assert place.endpoints.read("churn").rollout == ""


def test_what_served_at_any_time_is_one_question(place: Place) -> None:
    begun = place.rollouts.start("churn", 2, spec=RolloutSpec(steps=(10.0, 100.0)), reason="try")
    place.clock.advance(100)
    place.rollouts.abort(begun.id, reason="enough")
    periods = timeline(place.endpoints, "churn")
    assert [(one.since, one.until, one.change) for one in periods] == [
        (1100.0, None, "routed"),
        (1000.0, 1100.0, "routed"),
        (1000.0, 1000.0, "deployed"),
    ]
    then = place.endpoints.read("churn", at=1050.0)
    assert [route.weight for route in then.routes] == [90, 10]


def test_nobody_served_while_the_models_were_switched_off(place: Place) -> None:
    for flags in (
        Flags(killed=True, reason="nonsense"),
        Flags(killed=True, reason="nonsense", fallback=("v3", '"no"')),
        Flags(killed=True, reason="nonsense", fallback=('"no"',)),
        Flags(),
    ):
        place.clock.advance(10)
        place.endpoints.switch("churn", flags, "switched")
    answered = [
        (one.since, [(route.version, route.weight) for route in one.answering])
        for one in timeline(place.endpoints, "churn")
    ]
    assert answered == [
        (1040.0, [(1, 100.0)]),
        (1030.0, []),
        (1020.0, [(3, 100.0)]),
        (1010.0, []),
        (1000.0, [(1, 100.0)]),
    ]
    assert timeline(place.endpoints, "churn")[1].routes  # what is routed stays


def test_an_endpoint_that_was_removed_serves_no_more(place: Place) -> None:
    place.clock.advance(50)
    ref = Ref("endpoint", "churn")
    place.store.commit([Change(ref=ref, verb="removed", data=None, why="not needed any more")])
    last, first = timeline(place.endpoints, "churn")
    assert (last.change, last.answering, last.until) == ("removed", (), None)
    assert (first.until, [route.version for route in first.answering]) == (1050.0, [1])
    with pytest.raises(NotFoundError):
        timeline(place.endpoints, "churm")


weights = st.lists(st.floats(1, 100), min_size=3, max_size=5)


def routes_of(parts: Sequence[float]) -> list[Route]:
    total = sum(parts)
    return [
        Route(version=at + 1, weight=part / total * 100, role="challenger" if at else "champion")
        for at, part in enumerate(parts)
    ]


@settings(max_examples=40, deadline=None)
@given(weights, st.integers(0, 2), st.floats(1.1, 5))
def test_when_one_version_grows_keys_move_only_to_it(
    parts: list[float], which: int, factor: float
) -> None:
    grown = [part * factor if at == which else part for at, part in enumerate(parts)]
    before, after = Split("churn", routes_of(parts)), Split("churn", routes_of(grown))
    for number in range(200):
        was, now = before.pick(f"key-{number}"), after.pick(f"key-{number}")
        assert now in (was, which)


@settings(max_examples=10, deadline=None)
@given(weights)
def test_each_version_gets_its_share_of_keys(parts: list[float]) -> None:
    routes = routes_of(parts)
    split = Split("churn", routes)
    counts = [0] * len(routes)
    for number in range(3000):
        counts[split.pick(f"customer {number}")] += 1
    for count, route in zip(counts, routes, strict=True):
        assert count / 30 == pytest.approx(route.weight, abs=5)
