"""Trials, step by step."""

from typing import Any

import pytest

from keepwell.operations.loop.actions import (
    AbortRollout,
    Action,
    AdvanceRollout,
    CloseIncident,
    PromoteRollout,
    RejectCandidate,
    StartRollout,
    VerifyHealed,
    Wait,
)
from keepwell.operations.loop.view import Trial, View
from keepwell.testing.loop_views import (
    DRIFT,
    make_incident,
    make_look,
    make_result,
    make_retraining,
    make_trial,
    make_view,
    only,
)
from keepwell.testing.loop_world import make_policy


def rolling_view(trial: Trial | None, **changes: Any) -> View:
    incident = make_incident("rolling_out", candidate=2, rollout="R")
    return make_view(make_look(DRIFT), trial=trial, **{"incident": incident, **changes})


ROLLOUT_STEPS: dict[str, tuple[Trial, type[Action], str]] = {
    "held too short": (make_trial(held=29.0), Wait, "on trial with 10%"),
    "step done": (make_trial(), AdvanceRollout, "from 10% to 50%"),
    "next step done": (make_trial(50.0), AdvanceRollout, "from 50% to 100%"),
    "last step done": (make_trial(100.0), PromoteRollout, "version 2 becomes champion"),
    "breach": (make_trial(held=1.0, errors=30), AbortRollout, "failed 30 of 100 rows"),
    "too few": (make_trial(held=89.0, requests=29), Wait, "fewer than 30 rows at 10%"),
    "too few for long": (make_trial(held=90.0, requests=29), AdvanceRollout, "the policy says"),
    "few and bad": (make_trial(requests=5, errors=5), AbortRollout, "failed 5 of 5 rows"),
}


@pytest.mark.parametrize("name", ROLLOUT_STEPS)
@pytest.mark.parametrize("mine", [True, False], ids=["of an incident", "of somebody else"])
def test_a_rollout_moves_by_its_evidence(name: str, mine: bool) -> None:
    trial, kind, reason = ROLLOUT_STEPS[name]
    view = rolling_view(trial) if mine else make_view(make_look(), trial=trial)
    action = only(view)
    assert isinstance(action, kind)
    assert reason in action.reason
    assert action.evidence["candidate"]["requests"] == trial.candidate.requests


def test_a_strict_policy_aborts_what_stays_unsure() -> None:
    trial = make_trial(held=90.0, requests=29)
    action = only(rolling_view(trial, policy=make_policy(when_unsure="abort")))
    assert isinstance(action, AbortRollout)


def test_a_rollout_that_cannot_go_on_is_aborted() -> None:
    stuck = make_incident("rolling_out", candidate=2, rollout="R", failures=3)
    action = only(rolling_view(make_trial(), incident=stuck))
    assert isinstance(action, AbortRollout)
    assert "3 attempts in a row failed" in action.reason


def test_a_promoted_rollout_is_verified() -> None:
    action = only(rolling_view(make_trial(status="promoted"), version=2))
    assert isinstance(action, VerifyHealed)


def test_an_aborted_rollout_closes_the_incident_as_failed() -> None:
    action = only(rolling_view(make_trial(status="aborted")))
    assert isinstance(action, CloseIncident)
    assert action.resolution == "failed"
    assert "it failed too often" in action.summary
    assert action.accepted_until is not None


def test_an_unverified_rollback_is_tried_again_then_told_as_it_is() -> None:
    trial = make_trial(status="abort_failed")
    assert isinstance(only(rolling_view(trial)), AbortRollout)
    tired = make_incident("rolling_out", candidate=2, rollout="R", evidence={"aborts": 3})
    action = only(rolling_view(trial, incident=tired))
    assert isinstance(action, CloseIncident)
    assert "It may still be answering" in action.summary


def test_a_rollout_that_does_not_show_is_decided_again() -> None:
    pending = {"retraining": make_retraining(), "result": make_result()}
    action = only(rolling_view(None, **pending))
    assert isinstance(action, StartRollout)
    replaced = only(rolling_view(None, version=4, **pending))
    assert isinstance(replaced, RejectCandidate)
