from dataclasses import replace

from keepwell.core.records import GateVerdict, Incident
from keepwell.operations.loop.actions import (
    AddSignals,
    AdvanceRollout,
    DropRetraining,
    RejectCandidate,
    StartRetraining,
    StartRollout,
)
from keepwell.operations.loop.evidence import json_ready
from keepwell.operations.loop.retrainings import Retraining
from keepwell.operations.loop.transitions import (
    concerns,
    decide_incident,
    finish_incident,
    finish_retraining,
)
from keepwell.testing.loop_world import make_signal

INCIDENT = Incident(
    id="I", endpoint="churn", title="t", rollout="R", signals=(make_signal("drift", "age"),)
)
RETRAINING = Retraining(
    id="I-1", endpoint="churn", baseline=1, decided=0.0, reason="", incident="I"
)
START = StartRetraining(reason="go", retraining=RETRAINING)


def test_a_signal_is_kept_once_at_the_largest_that_it_was() -> None:
    grown, shrunk = (make_signal("drift", "age", value=value) for value in (0.9, 0.2))
    for signal in (grown, shrunk):
        action = AddSignals(reason="", signals=(signal,), causes=())
        after = decide_incident(INCIDENT, action, 1.0)
        assert [s.value for s in after.signals] == [max(signal.value, 0.4)]


def test_a_break_is_kept_whatever_milder_is_told_of_its_column() -> None:
    broke = replace(make_signal("quality", "age", value=1.0), damage="unit")
    milder = replace(make_signal("quality", "age", value=1.0), damage="outside")
    after = INCIDENT
    for signal in (milder, broke, milder):
        after = decide_incident(after, AddSignals(reason="", signals=(signal,), causes=()), 1.0)
    assert [one.damage for one in after.signals if one.kind == "quality"] == ["unit"]


def test_starting_the_same_retraining_again_is_no_further_attempt() -> None:
    again = Retraining(id="I-1", endpoint="churn", baseline=1, decided=0.0, reason="", resumes=1)
    assert decide_incident(INCIDENT, START, 1.0).attempts == 1
    resumed = StartRetraining(reason="again", retraining=again)
    assert decide_incident(INCIDENT, resumed, 1.0).attempts == 0


def test_a_retraining_that_could_not_start_leaves_the_incident_open() -> None:
    decided = decide_incident(INCIDENT, START, 1.0)
    assert decided.status == "retraining"
    finished = finish_incident(decided, START, 2.0, failure="no disk")
    assert (finished.status, finished.failures) == ("open", 1)
    assert finished.evidence["last_attempt"] == "no disk"
    settled = finish_retraining(RETRAINING, START, failure="no disk")
    assert settled is not None
    assert settled.settled == "failed"


def test_a_retraining_that_could_not_be_stopped_is_not_settled() -> None:
    drop = DropRetraining(reason="hangs", retraining="I-1", stop=True)
    assert finish_retraining(RETRAINING, drop, failure="no answer") == RETRAINING


def test_success_forgets_earlier_failures() -> None:
    action = StartRollout(reason="", candidate=2)
    failed = finish_incident(INCIDENT, action, 1.0, failure="busy")
    assert finish_incident(failed, action, 2.0, rollout="R2").failures == 0


def test_every_decision_is_a_line_of_the_timeline() -> None:
    reject = RejectCandidate(reason="no better", retraining="I-1", candidate=2)
    line = decide_incident(INCIDENT, reject, 7.0).timeline[-1]
    assert (line.time, line.kind, line.text) == (7.0, "verdict", "no better")


def test_what_others_started_is_not_the_incidents_story() -> None:
    mine, other = (
        AdvanceRollout(reason="", rollout=name, percent=50.0, verdict=GateVerdict(passed=True))
        for name in ("R", "S")
    )
    assert concerns(mine, INCIDENT, None)
    assert not concerns(other, INCIDENT, None)
    scheduled = Retraining(id="scheduled-1", endpoint="churn", baseline=1, decided=0.0, reason="")
    reject = RejectCandidate(reason="", retraining="scheduled-1", candidate=2)
    assert not concerns(reject, INCIDENT, scheduled)
    assert concerns(reject, INCIDENT, RETRAINING)


def test_evidence_is_plain_and_finite() -> None:
    messy = {"a": float("nan"), "b": (1, True, None, "x"), 3: {"c": float("-inf")}}
    assert json_ready(messy) == {"a": None, "b": [1, True, None, "x"], "3": {"c": None}}
