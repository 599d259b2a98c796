"""A policy goes through the past as if it were the present."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from past_shop import LOOP, MONITOR, past_of, shop_with_past
from standing_world import DAY, START

from keepwell.core.errors import NotFoundError, UsageError
from keepwell.core.spec.looping import LoopSpec
from keepwell.monitoring.prediction_log.schema import OUTCOMES, PREDICTIONS, moment
from keepwell.operations.simulation import Candidate, Course, Plan, simulate
from keepwell.workspace import Workspace

HALF = Plan(step=DAY / 2)
FIVE_DAYS = Plan(since=START, until=START + 5 * DAY, step=DAY / 2)


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
    assert course.retrainings[0].outcomes >= 50
    assert [one.resolution for one in course.incidents] == ["simulated"]
    assert "nothing is trained in this simulation" in course.incidents[0].summary
    assert (found.predictions, found.actual.incidents) == (360, ())
    assert found.actual.quality is not None
    values = [point.value for point in found.actual.quality.points if point.value is not None]
    assert values[0] > 0.7
    assert values[-1] < 0.3


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


@pytest.fixture(scope="module")
def whole(shop: Workspace) -> Course:
    return simulate(past_of(shop), "shop", [policy(shop)], FIVE_DAYS).policies[0]


@settings(max_examples=4)
@given(looks=st.integers(6, 9), mode=st.sampled_from(["gone", "other"]))
def test_nothing_that_came_later_influences_what_was_decided(
    shop: Workspace, whole: Course, tmp_path_factory: pytest.TempPathFactory, looks: int, mode: str
) -> None:
    at = START + looks * DAY / 2
    predictions, outcomes = other_future(shop, at, mode)
    root = tmp_path_factory.mktemp("other") / "shop"
    with shop_with_past(root, days=0, replaced=looks / 2 + 0.01) as other:
        other.tables.write(PREDICTIONS, predictions, mode="overwrite")
        other.tables.write(OUTCOMES, outcomes, mode="overwrite")
        part = simulate(past_of(other), "shop", [policy(other)], FIVE_DAYS).policies[0]
    assert up_to(part, at) == up_to(whole, at)
    assert part.takeovers != whole.takeovers, "else the other future was none"


def other_future(shop: Workspace, at: float, mode: str) -> tuple[pa.Table, pa.Table]:
    """Return the log with another future than the one that came after a time."""
    predictions, outcomes = (shop.tables.read(name) for name in (PREDICTIONS, OUTCOMES))
    asked = pc.less_equal(predictions["time"], moment(at))
    came = pc.less_equal(outcomes["time"], moment(at))
    if mode == "gone":
        return predictions.filter(asked), outcomes.filter(came)
    said = pc.if_else(asked, predictions["prediction"], '"yes"')
    told = pc.if_else(came, outcomes["outcome"], '"no"')
    return (
        predictions.set_column(predictions.column_names.index("prediction"), "prediction", said),
        outcomes.set_column(outcomes.column_names.index("outcome"), "outcome", told),
    )


def up_to(course: Course, at: float) -> list[Any]:
    return [
        (one.time, one.action, one.reason, one.evidence)
        for one in course.decisions
        if one.time <= at
    ]


def test_the_version_that_really_served_is_the_one_that_is_looked_at(tmp_path: Path) -> None:
    with shop_with_past(tmp_path / "shop", days=3, replaced=1.5) as shop:
        found = simulate(past_of(shop), "shop", [policy(shop)], HALF)
    moved = [(one.time, one.version, one.why) for one in found.policies[0].takeovers]
    assert moved == [(START + 1.5 * DAY, 2, "by hand")]
    assert found.actual.takeovers == found.policies[0].takeovers


def test_without_a_past_there_is_nothing_to_replay(tmp_path: Path) -> None:
    with shop_with_past(tmp_path / "shop", days=0) as shop:
        with pytest.raises(NotFoundError, match="has no past"):
            simulate(past_of(shop), "shop", [policy(shop)])
        with pytest.raises(NotFoundError, match="no endpoint"):
            simulate(past_of(shop), "chop", [policy(shop)])


def test_a_time_before_anything_served_is_refused(shop: Workspace) -> None:
    with pytest.raises((UsageError, NotFoundError), match="has no past"):
        simulate(past_of(shop), "shop", [policy(shop)], Plan(until=START - 10 * DAY))


def test_what_has_just_begun_is_looked_at_once(tmp_path: Path) -> None:
    with shop_with_past(tmp_path / "shop", days=1, rows=1) as shop:
        shop.tables.write(OUTCOMES, shop.tables.read(OUTCOMES).slice(0, 0), mode="overwrite")
        found = simulate(past_of(shop), "shop", [policy(shop)])
    assert (found.predictions, found.policies[0].looks, found.until - found.since) == (1, 1, 1.0)
