"""Healed is what is seen, not what is hoped."""

from dataclasses import replace
from typing import Any

import pytest

from keepwell.operations.loop.actions import CloseIncident, Wait
from keepwell.operations.loop.view import Look, View
from keepwell.testing.loop_views import (
    DRIFT,
    FALLEN,
    NOW,
    make_incident,
    make_look,
    make_view,
    only,
)
from keepwell.testing.loop_world import make_live, make_policy, make_signal


def verifying_view(*looks: Look, **changes: Any) -> View:
    evidence = {"promoted": 900.0, "broken": 0.6}
    incident = make_incident("verifying", DRIFT, FALLEN, candidate=2, evidence=evidence)
    return make_view(*looks, **{"version": 2, "incident": incident, **changes})


def closed(view: View, now: float = NOW) -> CloseIncident:
    action = only(view, now)
    assert isinstance(action, CloseIncident)
    return action


def test_it_is_healed_once_the_metric_shows_it() -> None:
    action = closed(verifying_view(make_look(version=2, live=make_live(2, 0.88))))
    assert action.resolution == "healed"
    assert action.evidence["healed"]["value"] == 0.88
    assert action.evidence["broken"] == 0.6


@pytest.mark.parametrize(
    "shown",
    [
        make_look(version=2, live=make_live(2, 0.88, rows=99)),  # too few outcomes
        make_look(version=2, live=make_live(2, 0.5)),  # worse than before
        make_look(make_signal("performance", version=2), version=2, live=make_live(2, 0.88)),
        make_look(version=1, live=make_live(1, 0.88)),  # not about the new champion
        make_look(version=2, time=899.0, live=make_live(2, 0.88)),  # before the promotion
        make_look(version=2),  # no outcomes at all
    ],
)
def test_it_is_not_healed_before_that_is_seen(shown: Look) -> None:
    assert isinstance(only(verifying_view(shown)), Wait)


def test_a_lower_error_is_healed_too() -> None:
    shown = make_look(version=2, live=make_live(2, 0.4))
    assert closed(verifying_view(shown, direction=-1)).resolution == "healed"


def test_moved_inputs_alone_are_healed_when_they_are_seen_gone() -> None:
    incident = make_incident("verifying", DRIFT, candidate=2, evidence={"promoted": 900.0})
    gone = [make_look(version=2, time=time) for time in (990.0, 1000.0)]
    assert closed(verifying_view(*gone, incident=incident)).resolution == "healed"
    remaining = make_look(make_signal("drift", "age", version=2), version=2, time=1000.0)
    assert isinstance(only(verifying_view(gone[0], remaining, incident=incident)), Wait)
    unseen = replace(gone[1], rows=5)
    assert isinstance(only(verifying_view(gone[0], unseen, incident=incident)), Wait)


def test_past_the_deadline_it_has_failed_with_numbers() -> None:
    late = 900.0 + make_policy().verify_deadline
    worse = closed(verifying_view(make_look(version=2, live=make_live(2, 0.5))), late)
    assert worse.resolution == "failed"
    assert "did not help within 15m of its promotion: accuracy is 0.5000" in worse.summary
    unseen = closed(verifying_view(make_look(version=2, live=make_live(2, 0.9, rows=12))), late)
    assert "12 of 100 outcomes came" in unseen.summary


def test_a_candidate_that_was_replaced_was_not_seen_to_help() -> None:
    action = closed(verifying_view(make_look(), version=1))
    assert action.resolution == "failed"
    assert "version 1 took the place of version 2" in action.reason.lower()


def test_what_remains_after_healing_is_accepted() -> None:
    remaining = make_signal("drift", "age", version=2)
    action = closed(verifying_view(make_look(remaining, version=2, live=make_live(2, 0.88))))
    assert action.accepted == (remaining,)
    assert action.accepted_until is None
