from dataclasses import replace

import pytest

from keepwell.core.records import Endpoint, Signal
from keepwell.operations.loop.causes import rank
from keepwell.operations.loop.view import Happening, View
from keepwell.testing.loop_world import make_champion, make_policy, make_signal

VIEW = View(
    endpoint=Endpoint(name="churn", model="churn"), champion=make_champion(), policy=make_policy()
)
FALLEN = make_signal("performance", value=0.4, since=1000.0, until=1300.0)


def titles(view: View, *signals: Signal) -> list[str]:
    return [cause.title for cause in rank(view, signals)]


def test_the_column_that_the_model_leans_on_comes_first() -> None:
    drifts = [make_signal("drift", name, value=0.4) for name in ("noise", "income", "age")]
    causes = rank(VIEW, drifts)
    assert [cause.column for cause in causes] == ["age", "income", "noise"]
    assert causes[0].score == pytest.approx(0.75)
    assert "70% of the model's importance" in causes[0].evidence


def test_a_far_larger_drift_outweighs_importance() -> None:
    drifts = [make_signal("drift", "age", value=0.11), make_signal("drift", "income", value=2.0)]
    assert rank(VIEW, drifts)[0].column == "income"


def test_a_break_upstream_outranks_the_drift_that_it_makes() -> None:
    signals = [make_signal("drift", "age", value=0.9), make_signal("quality", "age", value=0.9)]
    assert titles(VIEW, *signals)[0] == "upstream: 'age' arrives damaged"


def test_a_fall_with_quiet_inputs_is_a_change_of_the_concept() -> None:
    cause = rank(VIEW, [FALLEN])[0]
    assert cause.title == "the relation between inputs and outcome changed"
    assert "no input moved" in cause.evidence


def test_a_fall_with_loud_inputs_is_put_down_to_them() -> None:
    assert rank(VIEW, [FALLEN, make_signal("drift", "age", value=2.0)])[0].column == "age"


def test_errors_that_rose_on_equal_inputs_are_the_concepts_however_loud_inputs_are() -> None:
    proven = make_signal("concept_drift", value=0.3)
    causes = rank(VIEW, [FALLEN, proven, make_signal("drift", "age", value=2.0)])
    assert causes[0].title == "the relation between inputs and outcome changed"
    assert causes[0].score == 0.97
    assert [cause.title for cause in causes].count(causes[0].title) == 1


def test_what_moved_in_some_rows_or_together_is_told_as_that() -> None:
    signals = [make_signal("slice_drift", "age", value=0.4), make_signal("joint_drift", value=0.8)]
    assert set(titles(VIEW, *signals)) == {
        "'age' is distributed differently in some of its rows than before",
        "columns go together otherwise than in training",
    }


def test_a_deployment_just_before_is_suspected_first() -> None:
    deployed = Happening(time=990.0, kind="deployment", what="version 1 took over from version 0")
    view = replace(VIEW, happenings=(deployed,))
    signals = [FALLEN, make_signal("drift", "age", value=0.3)]
    cause = rank(view, signals)[0]
    assert cause.title == "deployment: version 1 took over from version 0"
    assert cause.evidence.startswith("10s before")


@pytest.mark.parametrize("time", [100.0, 5000.0])
def test_what_happened_long_before_or_after_is_not_suspected(time: float) -> None:
    view = replace(VIEW, happenings=(Happening(time=time, kind="deployment", what="v1"),))
    assert not any("deployment" in title for title in titles(view, FALLEN))


def test_a_deployment_does_not_move_inputs() -> None:
    view = replace(VIEW, happenings=(Happening(time=-1.0, kind="deployment", what="v1"),))
    assert titles(view, make_signal("drift", "age")) == [
        "'age' is distributed differently than in training"
    ]


def test_a_drift_of_the_answers_is_a_symptom_and_comes_last() -> None:
    found = titles(VIEW, make_signal("prediction_drift", value=5.0), make_signal("drift", "age"))
    assert found[-1] == "version 1 answers differently than in its evaluation"


def test_at_most_six_are_named_and_the_order_is_stable() -> None:
    drifts = [make_signal("drift", f"column {number}") for number in range(20)]
    first = rank(VIEW, drifts)
    assert len(first) == 6
    assert [cause.column for cause in first] == [f"column {number}" for number in range(6)]
    assert first == rank(VIEW, drifts)


def test_a_model_without_importances_counts_every_column_alike() -> None:
    view = replace(VIEW, champion=replace(VIEW.champion, importance={}))
    causes = rank(view, [make_signal("drift", "noise"), make_signal("drift", "age")])
    assert {cause.score for cause in causes} == {0.75}


def test_slow_answers_of_a_starved_machine_are_the_machines_and_wrong_ones_last_of_all() -> None:
    short = Happening(time=1000.0, kind="machine", what="host a was short of processor time")
    view = replace(VIEW, happenings=(short,))
    cause = rank(view, [make_signal("latency", value=900.0)])[0]
    assert cause.title == "the machine was short of what it needs"
    assert cause.evidence.startswith("host a was short of processor time")
    *before, last = rank(view, [FALLEN])
    assert (last.kind, last.score) == ("host", 0.3)
    assert last.title == "the machine was short of what it needs, while quality fell"
    assert before[0].kind == "concept"
    assert all("machine" not in title for title in titles(view, make_signal("drift", "age")))
