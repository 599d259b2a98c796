"""A policy goes through the past as if it were the present."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from past_shop import LOOP, MONITOR, past_of, shop_with_past
from standing_world import DAY, START

from keepwell.core.clock import ManualClock
from keepwell.core.errors import NotFoundError, UsageError
from keepwell.core.spec import LoopSpec
from keepwell.monitoring.prediction_log.schema import OUTCOMES, PREDICTIONS, moment
from keepwell.operations.simulation import Candidate, Course, Plan, simulate
from keepwell.workspace import Workspace

HALF = Plan(step=DAY / 2)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with shop_with_past(tmp_path_factory.mktemp("past") / "shop") as opened:
        yield opened


def policy(shop: Workspace, name: str = "as it is", loop: LoopSpec = LOOP) -> Candidate:
    return Candidate(name=name, spec=replace(shop.spec, monitor=MONITOR, loop=loop))


def verbs(course: Course) -> list[str]:
    return [decision.action for decision in course.decisions]


def test_it_says_when_it_would_have_retrained_and_on_how_much(shop: Workspace) -> None:
    found = simulate(past_of(shop), "shop", [policy(shop)], HALF)
    course = found.policies[0]
    assert verbs(course) == ["open_incident", "retrain", "close"]
    opened = course.decisions[0].time
    assert START + 3 * DAY < opened <= START + 5 * DAY, "the world turned on the third day"
    assert course.retrainings[0].status == "noted"
    assert course.retrainings[0].outcomes >= 100
    assert [one.resolution for one in course.incidents] == ["simulated"]
    assert "nothing is trained in this simulation" in course.incidents[0].summary
    assert (found.predictions, found.actual.incidents) == (720, ())
    assert found.actual.quality is not None
    values = [point.value for point in found.actual.quality.points if point.value is not None]
    assert min(values[:4]) > 0.7 > 0.3 > max(values[-4:])


def test_policies_differ_by_what_they_say(shop: Workspace) -> None:
    off = replace(LOOP, enabled=False)
    eager = replace(LOOP, retrain=replace(LOOP.retrain, min_labels=10_000))
    found = simulate(
        past_of(shop), "shop", [policy(shop, "off", off), policy(shop, "eager", eager)], HALF
    )
    assert [course.name for course in found.courses] == ["off", "eager", "really"]
    assert not found.policies[0].retrainings
    assert not found.policies[1].retrainings
    assert found.policies[1].incidents[0].status == "open"


def cut(shop: Workspace, at: float, mode: str) -> tuple[pa.Table, pa.Table]:
    """Return the log with another future than the one that came after a time."""
    predictions, outcomes = (shop.tables.read(name) for name in (PREDICTIONS, OUTCOMES))
    asked = pa.compute.less_equal(predictions["time"], moment(at))
    came = pa.compute.less_equal(outcomes["time"], moment(at))
    if mode == "gone":
        return predictions.filter(asked), outcomes.filter(came)
    said = pa.compute.if_else(asked, predictions["prediction"], json.dumps("yes"))
    told = pa.compute.if_else(came, outcomes["outcome"], json.dumps("no"))
    return (
        predictions.set_column(predictions.schema.get_field_index("prediction"), "prediction", said),
        outcomes.set_column(outcomes.schema.get_field_index("outcome"), "outcome", told),
    )


def course_up_to(course: Course, at: float) -> list[Any]:
    return [
        (one.time, one.action, one.reason, one.evidence) for one in course.decisions if one.time <= at
    ]


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(looks=st.integers(5, 10), mode=st.sampled_from(["gone", "other"]))
def test_nothing_that_came_later_influences_what_was_decided(
    shop: Workspace, looks: int, mode: str
) -> None:
    plan = Plan(since=START, until=START + 5 * DAY, step=DAY / 2)
    at = START + looks * DAY / 2
    whole = simulate(past_of(shop), "shop", [policy(shop)], plan).policies[0]
    predictions, outcomes = cut(shop, at, mode)
    with shop_with_other_future(shop, predictions, outcomes, at) as other:
        part = simulate(past_of(other), "shop", [policy(other)], plan).policies[0]
    assert course_up_to(part, at) == course_up_to(whole, at)


def shop_with_other_future(
    shop: Workspace, predictions: pa.Table, outcomes: pa.Table, at: float
) -> Workspace:
    """Return a copy of the shop with another log, and whose version was replaced after a time."""
    import tempfile

    place = Path(tempfile.mkdtemp(dir=shop.root.parent))
    clock = ManualClock(START - DAY)
    other = shop_with_past(place / "shop", days=0)
    del clock
    other.tables.write(PREDICTIONS, predictions, mode="overwrite")
    other.tables.write(OUTCOMES, outcomes, mode="overwrite")
    first = other.registry.get("shop", 1)
    other.registry.register(
        "shop",
        run="another",
        bundle=first.bundle,
        signature=first.signature,
        metric="accuracy",
        metrics={},
    )
    other.endpoints.deploy("shop", "shop", 2, "long after")
    assert other.clock.now() > at
    return other


def test_what_really_served_is_what_is_looked_at(tmp_path: Path) -> None:
    with shop_with_past(tmp_path / "shop", days=0) as shop:
        pass
    assert shop is not None


def test_without_a_past_there_is_nothing_to_replay(tmp_path: Path) -> None:
    with shop_with_past(tmp_path / "shop", days=0) as shop:
        with pytest.raises(NotFoundError, match="has no past"):
            simulate(past_of(shop), "shop", [policy(shop)])
        with pytest.raises(NotFoundError, match="no endpoint"):
            simulate(past_of(shop), "chop", [policy(shop)])


def test_a_time_before_anything_served_is_refused(shop: Workspace) -> None:
    with pytest.raises((UsageError, NotFoundError), match="has no past"):
        simulate(past_of(shop), "shop", [policy(shop)], Plan(until=START - 10 * DAY))
