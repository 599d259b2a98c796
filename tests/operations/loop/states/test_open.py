"""An open incident: what it waits for, what it does, how it ends unhandled."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from keepwell.core.records import Signal
from keepwell.core.spec.looping import LoopSpec
from keepwell.operations.loop.actions import AddSignals, CloseIncident, StartRetraining, Wait
from keepwell.operations.loop.interventions.actions import Propose
from keepwell.operations.loop.retrainings import Retraining
from keepwell.operations.loop.tick import tick
from keepwell.operations.loop.view import Accepted, View
from keepwell.testing.loop_views import (
    DRIFT,
    FALLEN,
    NOW,
    make_incident,
    make_look,
    make_view,
    only,
)
from keepwell.testing.loop_world import make_policy, make_signal


def open_view(*signals: Signal, **changes: Any) -> View:
    shown = signals or (DRIFT,)
    incident = changes.pop("incident", make_incident("open", *shown))
    looks = tuple(make_look(*shown, time=time) for time in (980.0, 990.0, 1000.0))
    return make_view(*looks, incident=incident, **changes)


def test_it_retrains_on_data_up_to_now() -> None:
    action = only(open_view())
    assert isinstance(action, StartRetraining)
    assert action.retraining == Retraining(
        id="I-1",
        endpoint="churn",
        baseline=1,
        decided=NOW,
        reason="retrain on data up to now, because inputs moved",
        incident="I",
        windows=action.retraining.windows,
        budget=60.0,
    )


@pytest.mark.parametrize(
    ("signals", "first"), [((DRIFT,), "all"), ((FALLEN,), "recent"), ((DRIFT, FALLEN), "recent")]
)
def test_the_window_is_chosen_by_what_is_wrong(signals: tuple[Signal, ...], first: str) -> None:
    action = only(open_view(*signals))
    assert isinstance(action, StartRetraining)
    assert action.retraining.windows[0].name == first
    assert {w.since for w in action.retraining.windows if w.older < 1} == {400.0}


REASONS: dict[str, tuple[Callable[[], View], str]] = {
    "few outcomes": (lambda: open_view(labels=99), "outcomes since the last training are needed"),
    "cooldown": (lambda: open_view(last_retraining=500.0), "the cooldown of 10m ends at"),
    "switched off": (
        lambda: open_view(policy=replace(make_policy(), loop=LoopSpec(enabled=False))),
        "loop.enabled: false",
    ),
    "the service fails": (
        lambda: open_view(DRIFT, make_signal("errors")),
        "the monitor reports errors",
    ),
    "nothing retraining mends": (
        lambda: open_view(make_signal("latency")),
        "retraining does not answer latency",
    ),
    "damaged inputs": (
        lambda: open_view(make_signal("quality", "age")),
        "retraining does not answer quality",
    ),
}


def damaged(column: str, damage: str, value: float = 1.0) -> Signal:
    return replace(make_signal("quality", column, value=value), damage=damage)


@pytest.mark.parametrize(
    "broke",
    [
        damaged("age", "unit"),
        damaged("age", "constant"),
        damaged("age", "wrong", 0.3),
        damaged("age", "missing", 0.6),
    ],
)
def test_what_a_break_upstream_makes_is_not_learnt(broke: Signal) -> None:
    action = only(open_view(DRIFT, broke))
    assert isinstance(action, Wait)
    assert "'age' broke upstream, and training would learn the break" in action.reason
    for harm in (FALLEN, make_signal("prediction_drift")):
        (action,) = tick(open_view(DRIFT, harm, broke), NOW)
        assert isinstance(action, Propose)
        assert action.intervention is not None
        assert action.intervention.playbook == "quarantine"


@pytest.mark.parametrize(
    "harmless",
    [
        damaged("age", "unseen"),
        damaged("age", "outside"),
        damaged("age", ""),
        damaged("age", "missing", 0.15),  # a few rows
        damaged("noise", "constant"),  # the model leans on others, and one of them moved further
    ],
)
def test_what_the_world_may_bring_and_what_hardly_counts_is_learnt(harmless: Signal) -> None:
    moved = make_signal("drift", "age", value=2.0)
    assert isinstance(only(open_view(moved, harmless)), StartRetraining)


def test_a_break_counts_until_its_column_is_right_again() -> None:
    """A while later nothing sound is left to hold it against: it is merely out of range."""
    known = make_incident("open", DRIFT, damaged("age", "unit"))
    waiting = only(open_view(DRIFT, damaged("age", "outside"), incident=known))
    assert isinstance(waiting, Wait)
    mended = tick(open_view(make_signal("drift", "income"), incident=known), NOW)[-1]
    assert isinstance(mended, StartRetraining)


def test_a_break_that_somebody_accepted_is_none_any_more() -> None:
    broke = damaged("age", "unit")
    view = open_view(make_signal("drift", "income", value=2.0), broke)
    assert isinstance(only(view), Wait)
    accepted = (Accepted(kind="quality", column="age", version=1, value=1.0, incident="H"),)
    view = replace(view, memory=replace(view.memory, accepted=accepted))
    assert isinstance(only(view), StartRetraining)


def test_that_it_is_a_break_is_news_though_it_has_not_grown() -> None:
    outside, unit = damaged("age", "outside"), damaged("age", "unit")
    view = open_view(unit, incident=make_incident("open", outside), labels=0)
    added = tick(view, NOW)[0]
    assert isinstance(added, AddSignals)
    assert [one.damage for one in added.signals] == ["unit"]


@pytest.mark.parametrize("name", REASONS)
def test_it_waits_and_says_why(name: str) -> None:
    make, reason = REASONS[name]
    action = only(make())
    assert isinstance(action, Wait)
    assert reason in action.reason


def test_what_comes_later_is_added_with_new_causes() -> None:
    view = open_view(DRIFT, make_signal("quality", "age"), incident=make_incident(), labels=0)
    added, waiting = tick(view, NOW)
    assert isinstance(added, AddSignals)
    assert [signal.kind for signal in added.signals] == ["quality"]
    assert added.causes[0].title == "upstream: 'age' arrives damaged"
    assert isinstance(waiting, Wait)


@pytest.mark.parametrize(("value", "added"), [(0.49, False), (0.51, True)])
def test_only_clear_growth_is_written_down(value: float, added: bool) -> None:
    view = open_view(make_signal("drift", "age", value=value), incident=make_incident(), labels=0)
    assert isinstance(tick(view, NOW)[0], AddSignals) == added


def test_quiet_looks_close_it() -> None:
    looks = [make_look(time=time) for time in (980.0, 990.0, 1000.0)]
    action = only(make_view(*looks, incident=make_incident()))
    assert isinstance(action, CloseIncident)
    assert action.resolution == "no_change"
    assert isinstance(only(make_view(*looks[1:], incident=make_incident())), StartRetraining)


def test_it_is_healed_if_somebody_deployed_another_version_meanwhile() -> None:
    looks = [make_look(time=time, version=2) for time in (980.0, 990.0, 1000.0)]
    action = only(make_view(*looks, version=2, incident=make_incident()))
    assert isinstance(action, CloseIncident)
    assert action.resolution == "healed"
    assert "Version 2 took over from version 1" in action.summary


def test_a_signal_about_the_whole_endpoint_is_of_no_older_version() -> None:
    incident = make_incident("open", make_signal("external", "Feature store is down", version=0))
    looks = [make_look(time=time) for time in (980.0, 990.0, 1000.0)]
    action = only(make_view(*looks, incident=incident))
    assert isinstance(action, CloseIncident)
    assert action.resolution == "no_change"
    assert "went away by themselves" in action.summary


def test_used_up_attempts_close_it_as_failed() -> None:
    spent = make_incident(attempts=3, evidence={"last_attempt": "the disk is full"})
    action = only(open_view(incident=spent))
    assert isinstance(action, CloseIncident)
    assert action.resolution == "failed"
    assert "the disk is full" in action.summary
    assert action.accepted == (DRIFT,)
    assert action.accepted_until == NOW + 2400.0
