"""What is made of a retraining, result by result."""

from dataclasses import replace
from typing import Any

import pytest

from keepwell.operations.loop.actions import (
    CloseIncident,
    DropRetraining,
    RejectCandidate,
    StartRetraining,
    StartRollout,
    Wait,
)
from keepwell.operations.loop.retrainings import RetrainingResult
from keepwell.operations.loop.tick import tick
from keepwell.operations.loop.view import View
from keepwell.testing.loop_views import (
    DRIFT,
    FALLEN,
    NOW,
    make_incident,
    make_look,
    make_result,
    make_retraining,
    make_trial,
    make_view,
    only,
)
from keepwell.testing.loop_world import REFUSED, make_comparison


def retraining_view(outcome: RetrainingResult | None, **changes: Any) -> View:
    given = {"incident": make_incident("retraining"), "retraining": make_retraining(), **changes}
    return make_view(make_look(DRIFT), result=outcome, **given)


@pytest.mark.parametrize(
    ("gain", "loss", "tried"),
    [(0.0, 0.3, True), (-0.01, 0.3, False), (0.01, 0.01, False), (0.01, -0.3, False)],
)
def test_truer_probabilities_decide_where_the_order_is_no_worse(
    gain: float, loss: float, tried: bool
) -> None:
    order = make_comparison(0.9, 0.9 + gain)
    compared = replace(order, loss=make_comparison(-0.8, -0.8 + loss))
    action = tick(retraining_view(make_result(compared)), NOW)[0]
    assert isinstance(action, StartRollout if tried else RejectCandidate)
    assert action.evidence["comparison"]["loss"]["gain"] == pytest.approx(loss)


def test_while_it_runs_in_time_there_is_nothing_to_do() -> None:
    assert tick(retraining_view(RetrainingResult(status="running")), NOW) == ()


def test_a_better_candidate_goes_on_trial() -> None:
    action = only(retraining_view(make_result()))
    assert isinstance(action, StartRollout)
    assert (action.candidate, action.retraining, action.run) == (2, "I-1", "run-2")
    assert action.evidence["comparison"]["gain"] == pytest.approx(0.3)


def test_a_better_candidate_waits_for_another_rollout_to_end() -> None:
    trial = make_trial(held=10.0)
    other = replace(trial, rollout=replace(trial.rollout, candidate=7, incident=""))
    (waiting,) = tick(retraining_view(make_result(), trial=other), NOW)
    assert isinstance(waiting, Wait)
    assert "version 7 is on trial" in waiting.reason


def test_no_better_candidate_means_the_drift_does_no_harm() -> None:
    reject, close = tick(retraining_view(make_result(make_comparison(0.9, 0.91))), NOW)
    assert isinstance(reject, RejectCandidate)
    assert reject.no_change
    assert isinstance(close, CloseIncident)
    assert close.resolution == "no_change"
    assert close.accepted == (DRIFT,)
    assert close.accepted_until is None
    assert "gain +0.0100, 95% interval -0.0100 to +0.0300" in close.summary


def test_a_candidate_that_knows_newer_data_need_only_pass_its_gate() -> None:
    as_good = replace(make_result(make_comparison(0.9, 0.91)), renewed=True)
    action = only(retraining_view(as_good))
    assert isinstance(action, StartRollout)
    assert "passed its gate and knows newer data" in action.reason
    refused = replace(as_good, verdict=REFUSED)
    assert any(isinstance(one, RejectCandidate) for one in tick(retraining_view(refused), NOW))


def test_a_better_value_without_an_interval_proves_nothing() -> None:
    vague = make_comparison(0.6, 0.9)
    vague = replace(vague, gain=replace(vague.gain, low=None, high=None))
    assert isinstance(tick(retraining_view(make_result(vague)), NOW)[0], RejectCandidate)


OBJECTIONS = {
    "gate": (make_result(verdict=REFUSED), "it did not pass its gate: accuracy 0.50 < 0.80"),
    "no gate": (make_result(verdict=None), "it has not been through its gate"),
    "no comparison": (replace(make_result(), comparison=None), "could not be compared"),
}


@pytest.mark.parametrize("name", OBJECTIONS)
def test_an_objection_rejects_and_leaves_the_incident_open(name: str) -> None:
    outcome, reason = OBJECTIONS[name]
    action = only(retraining_view(outcome))
    assert isinstance(action, RejectCandidate)
    assert reason in action.reason
    assert not action.no_change


def test_a_candidate_compared_with_a_former_champion_is_rejected() -> None:
    action = only(retraining_view(make_result(make_comparison(0.6, 0.5)), version=5))
    assert isinstance(action, RejectCandidate)
    assert "compared with version 1, but version 5 is champion now" in action.reason
    assert not action.no_change


def test_where_performance_fell_no_better_candidate_is_no_end() -> None:
    incident = make_incident("retraining", DRIFT, FALLEN)
    action = only(retraining_view(make_result(make_comparison(0.6, 0.6)), incident=incident))
    assert isinstance(action, RejectCandidate)
    assert not action.no_change


def test_a_failed_retraining_is_dropped_with_its_error() -> None:
    action = only(retraining_view(RetrainingResult(status="failed", error="out of memory")))
    assert isinstance(action, DropRetraining)
    assert "out of memory" in action.reason
    assert not action.stop


def test_a_lost_retraining_is_started_again_as_the_same_one() -> None:
    action = only(retraining_view(None))
    assert isinstance(action, StartRetraining)
    assert (action.retraining.id, action.retraining.resumes) == ("I-1", 1)
    lost_again = only(retraining_view(None, retraining=make_retraining(resumes=2)))
    assert isinstance(lost_again, DropRetraining)


def test_a_retraining_over_its_deadline_is_stopped() -> None:
    running = RetrainingResult(status="running")
    assert tick(retraining_view(running), 900.0 + 3600.0) == ()
    action = only(retraining_view(running), 900.0 + 3600.1)
    assert isinstance(action, DropRetraining)
    assert action.stop
