"""The laws of the tick itself; what it decides in which state is tested in `states`."""

import pytest

from keepwell.core.records import Incident
from keepwell.operations.loop.actions import AdvanceRollout, StartRetraining
from keepwell.operations.loop.tick import tick
from keepwell.testing.loop_views import (
    DRIFT,
    NOW,
    make_incident,
    make_look,
    make_trial,
    make_view,
    only,
)


def test_it_has_nothing_to_say_about_an_endpoint_that_is_well() -> None:
    assert tick(make_view(), NOW) == ()
    assert tick(make_view(make_look()), NOW) == ()


def test_asking_twice_gives_the_same_answer() -> None:
    view = make_view(make_look(DRIFT, time=990.0), make_look(DRIFT))
    assert tick(view, NOW) == tick(view, NOW)


@pytest.mark.parametrize("status", ["open", "retraining", "rolling_out", "verifying"])
def test_every_status_of_an_open_incident_has_a_state(status: str) -> None:
    incident: Incident = make_incident(status)
    assert isinstance(tick(make_view(make_look(DRIFT), incident=incident), NOW), tuple)


def test_a_rollout_moves_while_an_incident_waits_for_it() -> None:
    view = make_view(make_look(DRIFT), incident=make_incident(), trial=make_trial())
    assert isinstance(only(view), AdvanceRollout)


def test_a_retraining_starts_only_once_the_rollout_is_over() -> None:
    looks = [make_look(DRIFT, time=990.0), make_look(DRIFT)]
    ended = make_view(*looks, incident=make_incident(), trial=make_trial(status="promoted"))
    assert isinstance(only(ended), StartRetraining)
