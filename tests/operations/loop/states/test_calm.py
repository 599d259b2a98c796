"""No incident: one look is not enough, and much else has a right to wait."""

from dataclasses import replace

import pytest

from keepwell.core.spec.looping import LoopSpec, RetrainSpec
from keepwell.operations.loop.actions import (
    OpenIncident,
    RejectCandidate,
    StartRetraining,
    StartRollout,
    Wait,
)
from keepwell.operations.loop.retrainings import RetrainingResult
from keepwell.operations.loop.tick import tick
from keepwell.testing.loop_views import (
    DRIFT,
    FALLEN,
    NOW,
    make_look,
    make_result,
    make_retraining,
    make_trial,
    make_view,
    only,
)
from keepwell.testing.loop_world import make_comparison, make_live, make_policy, make_signal


def test_one_look_is_not_enough_and_two_open_an_incident() -> None:
    assert tick(make_view(make_look(DRIFT)), NOW) == ()
    action = only(make_view(make_look(DRIFT, time=990.0), make_look(DRIFT, FALLEN)))
    assert isinstance(action, OpenIncident)
    assert action.title == "Inputs of churn moved away from training: age"
    assert action.signals == (DRIFT, FALLEN)
    assert action.detected == 900.0
    assert action.causes[0].column == "age"
    assert action.evidence["signals"][0]["limit"] == 0.1


def test_a_performance_title_tells_what_was_promised() -> None:
    broken = make_live(1, 0.6)
    action = only(make_view(make_look(FALLEN, time=990.0), make_look(FALLEN, live=broken)))
    assert isinstance(action, OpenIncident)
    assert action.title == "Performance of churn v1 fell: accuracy 0.600, 0.900 was promised"


def test_a_fresh_deployment_has_to_settle_first() -> None:
    view = make_view(make_look(DRIFT, time=990.0), make_look(DRIFT), last_deployment=985.0)
    assert isinstance(only(view), Wait)
    assert isinstance(only(replace(view, last_deployment=980.0)), OpenIncident)


def test_while_a_version_is_on_trial_no_incident_opens() -> None:
    view = make_view(make_look(DRIFT, time=990.0), make_look(DRIFT), trial=make_trial(held=10.0))
    assert isinstance(only(view), Wait)


def test_the_schedule_starts_a_retraining_without_an_incident() -> None:
    policy = replace(
        make_policy(), loop=LoopSpec(retrain=RetrainSpec(schedule="0 * * * *", cooldown=600.0))
    )
    action = only(make_view(policy=policy), 7300.0)
    assert isinstance(action, StartRetraining)
    assert (action.retraining.id, action.retraining.incident) == ("scheduled-7200", "")
    assert "'0 * * * *' was due at 1970-01-01 02:00 UTC" in action.reason
    assert tick(make_view(policy=policy, last_retraining=7000.0), 7300.0) == ()  # cooldown
    assert tick(make_view(make_look(make_signal("errors")), policy=policy), 7300.0) == ()
    off = replace(policy, loop=replace(policy.loop, enabled=False))
    assert tick(make_view(policy=off), 7300.0) == ()


def test_a_model_is_trained_anew_once_there_are_twice_as_many_rows_and_nothing_is_amiss() -> None:
    grown = make_view(make_look(), known=3000, learnt=1500, labels=1500)
    action = only(grown)
    assert isinstance(action, StartRetraining)
    assert (action.retraining.id, action.retraining.incident) == ("grown-3000", "")
    assert tick(replace(grown, looks=(make_look(DRIFT),)), NOW) == ()  # it is looked at once more


def test_a_scheduled_candidate_is_judged_like_any_other() -> None:
    scheduled = make_retraining(id="scheduled-7200", incident="")
    started = only(make_view(retraining=scheduled, result=make_result()))
    assert isinstance(started, StartRollout)
    rejected = only(make_view(retraining=scheduled, result=make_result(make_comparison(0.9, 0.9))))
    assert isinstance(rejected, RejectCandidate)
    assert rejected.no_change


def test_an_incident_may_open_while_a_scheduled_retraining_runs() -> None:
    view = make_view(
        make_look(DRIFT, time=990.0),
        make_look(DRIFT),
        retraining=make_retraining(incident=""),
        result=RetrainingResult(status="running"),
    )
    assert isinstance(only(view), OpenIncident)


@pytest.mark.parametrize(
    ("kind", "column", "title"),
    [
        ("objective", "availability", "uses up its error budget too fast: availability"),
        ("estimated_performance", "", "is estimated to have fallen"),
        ("fairness", "gender", "treats groups too differently: gender"),
        ("kpi", "revenue", "misses the target of a KPI: revenue"),
    ],
)
def test_what_is_seen_of_an_endpoints_standing_opens_an_incident_too(
    kind: str, column: str, title: str
) -> None:
    signal = replace(make_signal(kind), column=column)
    action = only(make_view(make_look(signal, time=990.0), make_look(signal)))
    assert isinstance(action, OpenIncident)
    assert action.title.endswith(title)
