"""What was done, as people read it."""

from dataclasses import replace

from keepwell.operations.loop.interventions.history import deeds
from keepwell.testing.loop_views import make_incident, make_retraining

COMPARED = {"metric": "accuracy", "champion": 0.88, "challenger": 0.92}
TRAINED = make_retraining(settled="rejected", candidate=2, unproven=400, decided=100.0)
PROOF = replace(TRAINED, id="proof-2-1", mode="prove", decided=200.0, settled="rolled_out")


def test_what_an_incident_measured_is_told_of_what_came_last() -> None:
    incident = make_incident("closed", evidence={"comparison": COMPARED})
    last, first = deeds((), (TRAINED, PROOF), [incident])
    assert (last.action, last.status, last.by) == ("compare again", "kept", "incident I")
    assert last.predicted.after == 0.92
    assert (first.action, first.status, first.predicted.after) == ("retrain", "refused", None)


def test_who_asked_without_an_incident_is_told() -> None:
    asked = [
        replace(PROOF, incident="", settled=""),
        replace(TRAINED, incident="", id="grown-900"),
        replace(TRAINED, incident="", id="scheduled-900"),
    ]
    told = {deed.id: (deed.by, deed.status) for deed in deeds((), asked, [])}
    assert told == {
        "proof-2-1": ("the loop", "comparing"),
        "grown-900": ("the loop", "refused"),
        "scheduled-900": ("schedule", "refused"),
    }


def test_retrainings_of_two_endpoints_may_have_one_name() -> None:
    both = [replace(PROOF, endpoint=name, incident="") for name in ("churn", "fraud")]
    assert {deed.endpoint for deed in deeds((), both, [])} == {"churn", "fraud"}
