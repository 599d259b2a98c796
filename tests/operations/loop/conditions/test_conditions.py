"""Conditions, tick by tick: hand-made views, hand-moved time."""

from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepwell.core.records import Endpoint, Rollout, RolloutStep, Signal, Task
from keepwell.core.spec.looping import LoopSpec, RetrainSpec
from keepwell.operations.loop.conditions import (
    AllOf,
    AnyOf,
    AttemptsLeft,
    Condition,
    CooldownPassed,
    EnoughLabels,
    Finding,
    Lasting,
    LoopEnabled,
    NewlyTrue,
    NewSignal,
    Not,
    Quiet,
    RecentDeployment,
    RetrainingPending,
    RolloutRunning,
    RowsHaveGrown,
    ScheduleDue,
    SignalPresent,
    news,
)
from keepwell.operations.loop.retrainings import Retraining
from keepwell.operations.loop.view import Accepted, Look, Memory, RouteStats, Trial, View
from keepwell.testing.loop_world import make_champion, make_policy, make_signal

DRIFT = make_signal("drift", "age")


class Fixed(Condition):
    """Holds or not, as it was made."""

    def __init__(self, *, holds: bool, name: str = "fixed") -> None:
        self.holds, self.name = holds, name

    def check(self, view: View, now: float) -> Finding:
        return Finding(holds=self.holds, reason=self.name, numbers={self.name: now})


def make_view(*looks: tuple[Signal, ...]) -> View:
    """Return a view with one look every 10 s, oldest first."""
    return View(
        endpoint=Endpoint(name="churn", model="churn"),
        champion=make_champion(),
        policy=make_policy(),
        looks=tuple(
            Look(time=10.0 * number, version=1, rows=500, signals=signals)
            for number, signals in enumerate(looks, start=1)
        ),
    )


def holds(condition: Condition, view: View, now: float = 1000.0) -> bool:
    return condition.check(view, now).holds


@given(st.booleans(), st.booleans(), st.booleans())
def test_they_compose_like_truth_values(a: bool, b: bool, c: bool) -> None:
    one, two, three = Fixed(holds=a), Fixed(holds=b), Fixed(holds=c)
    view = make_view()
    assert holds(one & two & three, view) == (a and b and c)
    assert holds(one | two | three, view) == (a or b or c)
    assert holds(~one, view) == (not a)
    assert holds(~(one & two), view) == holds(~one | ~two, view)
    assert holds(one & (two | three), view) == holds((one & two) | (one & three), view)


def test_composing_keeps_them_flat_and_comparable() -> None:
    together = LoopEnabled() & EnoughLabels() & CooldownPassed()
    assert together == AllOf(parts=(LoopEnabled(), EnoughLabels(), CooldownPassed()))
    either = LoopEnabled() | EnoughLabels() | CooldownPassed()
    assert either == AnyOf(parts=(LoopEnabled(), EnoughLabels(), CooldownPassed()))
    assert ~LoopEnabled() == Not(part=LoopEnabled())
    assert ~~LoopEnabled() == LoopEnabled()


def test_they_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        NewSignal(looks=2).looks = 3  # type: ignore[misc]


def test_the_reason_is_that_of_the_parts_that_decided() -> None:
    yes, no = Fixed(holds=True, name="yes"), Fixed(holds=False, name="no")
    assert (yes & no).check(make_view(), 7.0).reason == "no"
    assert (yes | no).check(make_view(), 7.0).reason == "yes"
    assert (yes & no).check(make_view(), 7.0).numbers == {"yes": 7.0, "no": 7.0}


def test_lasting_needs_its_part_at_each_of_the_last_looks() -> None:
    present = SignalPresent(kinds=frozenset({"drift"}))
    story = [((),), ((DRIFT,),), ((DRIFT,), (DRIFT,)), ((DRIFT,), (), (DRIFT,))]
    answers = [holds(Lasting(part=present, looks=2), make_view(*looks)) for looks in story]
    assert answers == [False, False, True, False]


def test_newly_true_holds_at_one_look_only() -> None:
    began = NewlyTrue(part=SignalPresent(kinds=frozenset({"drift"})))
    looks: list[tuple[Signal, ...]] = [(), (DRIFT,), (DRIFT,), (), (DRIFT,)]
    answers = [holds(began, make_view(*looks[:seen])) for seen in range(1, 6)]
    assert answers == [False, True, False, False, True]


def test_a_new_signal_must_be_the_same_one_at_each_look() -> None:
    other = make_signal("drift", "income")
    lasting = NewSignal(looks=2)
    assert not holds(lasting, make_view((DRIFT,)))
    assert not holds(lasting, make_view((DRIFT,), (other,)))
    assert holds(lasting, make_view((DRIFT,), (other, DRIFT)))
    assert lasting.signals(make_view((DRIFT,), (other, DRIFT)), 0.0) == (DRIFT,)


def accepting(value: float, *, version: int = 1, until: float | None = None) -> Memory:
    accepted = Accepted(
        kind="drift", column="age", version=version, value=value, incident="i", until=until
    )
    return Memory(accepted=(accepted,))


@pytest.mark.parametrize(
    ("memory", "expected"),
    [
        (Memory(), True),
        (accepting(0.4), False),  # as large as it was
        (accepting(0.27), False),  # 1.48 times
        (accepting(0.26), True),  # 1.54 times
        (accepting(0.4, version=2), True),  # of another version
        (accepting(0.4, until=999.0), True),  # ran out
        (accepting(0.4, until=1001.0), False),
    ],
)
def test_an_accepted_signal_is_no_news_until_it_grows(memory: Memory, expected: bool) -> None:
    view = replace(make_view((make_signal("drift", "age", value=0.4),)), memory=memory)
    assert bool(news(view, 1000.0)) == expected


def test_a_signal_of_another_version_is_no_news() -> None:
    assert news(make_view((make_signal("drift", version=7),)), 0.0) == ()
    assert len(news(make_view((make_signal("errors", version=0),)), 0.0)) == 1


def test_quiet_needs_that_many_looks_after_the_time_given() -> None:
    view = make_view((DRIFT,), (), (), ())
    assert holds(Quiet(looks=3, since=0.0), view)
    assert not holds(Quiet(looks=4, since=0.0), view)
    assert not holds(Quiet(looks=3, since=20.0), view)


def test_enough_labels_says_where_to_post_them() -> None:
    few = EnoughLabels().check(replace(make_view(), labels=99), 0.0)
    assert not few.holds
    assert "/endpoints/churn/feedback" in few.reason
    assert few.numbers == {"labels": 99, "labels_needed": 100}
    assert holds(EnoughLabels(), replace(make_view(), labels=100))


def futile(settled: str, *, baseline: int = 1) -> Retraining:
    return Retraining(
        id="I-1", endpoint="churn", baseline=baseline, decided=1.0, reason="", settled=settled
    )


@pytest.mark.parametrize(
    ("before", "needed"),
    [
        (["rejected"], 200),
        (["rejected", "failed", "rejected"], 400),  # what died showed nothing
        (["rejected", "rolled_out"], 100),
        (["rejected"] * 9, 1600),
    ],
)
def test_challengers_that_were_no_better_double_what_is_needed(
    before: list[str], needed: int
) -> None:
    memory = Memory(retrainings=tuple(futile(one) for one in before))
    found = EnoughLabels().check(replace(make_view(), labels=99, memory=memory), 0.0)
    assert found.numbers["labels_needed"] == needed
    elsewhere = Memory(retrainings=tuple(futile(one, baseline=7) for one in before))
    assert holds(EnoughLabels(), replace(make_view(), labels=100, memory=elsewhere))


def test_rows_have_grown_once_there_are_twice_as_many_as_the_champion_knew() -> None:
    view = replace(make_view(), known=2000, learnt=1000, labels=1000)
    found = RowsHaveGrown().check(view, 0.0)
    assert found.holds
    assert found.reason == "2,000 rows with outcomes are known; version 1 knew 1,000"
    for less in (
        replace(view, known=1999),
        replace(view, labels=99),  # tried a moment ago
        replace(view, learnt=0),  # served elsewhere
        replace(view, policy=replace(view.policy, trains=False)),
        replace(
            view, policy=replace(view.policy, loop=LoopSpec(retrain=RetrainSpec(on=("drift",))))
        ),
    ):
        assert not holds(RowsHaveGrown(), less)


def test_what_learns_from_the_source_waits_for_no_labels() -> None:
    view = replace(make_view(), labels=0)
    signature = replace(view.champion.signature, task=Task.FORECAST)
    view = replace(view, champion=replace(view.champion, signature=signature))
    assert EnoughLabels().check(view, 0.0).reason == (
        "forecast is retrained from the source, without outcomes"
    )
    assert holds(EnoughLabels(), view)


def test_the_cooldown_passes_to_the_second() -> None:
    view = replace(make_view(), memory=Memory(last_retraining=1000.0))
    assert holds(CooldownPassed(), make_view())
    assert not holds(CooldownPassed(), view, 1599.9)
    assert holds(CooldownPassed(), view, 1600.0)
    assert "ends at 1970-01-01 00:26 UTC" in CooldownPassed().check(view, 1100.0).reason


def test_reasons_to_wait_stay_the_same_while_time_passes() -> None:
    view = replace(make_view(), memory=Memory(last_retraining=1000.0), labels=5)
    waiting = LoopEnabled() & EnoughLabels() & CooldownPassed()
    later = replace(view, labels=50)
    assert waiting.check(view, 1001.0).reason == waiting.check(later, 1500.0).reason


def test_a_schedule_that_was_missed_many_times_is_due_once() -> None:
    policy = make_policy()
    hourly = replace(policy, loop=LoopSpec(retrain=RetrainSpec(schedule="0 * * * *")))
    view = replace(make_view(), policy=hourly)
    due = ScheduleDue().check(view, 36_100.0)
    assert due.holds
    assert due.numbers == {"due": 36_000.0}
    caught_up = replace(view, memory=Memory(last_retraining=36_100.0))
    assert not holds(ScheduleDue(), caught_up, 39_599.0)
    assert holds(ScheduleDue(), caught_up, 39_600.0)
    assert not holds(ScheduleDue(), make_view(), 36_100.0)


def test_a_schedule_that_never_comes_is_never_due() -> None:
    never = replace(make_policy(), loop=LoopSpec(retrain=RetrainSpec(schedule="0 0 30 2 *")))
    finding = ScheduleDue().check(replace(make_view(), policy=never), 36_100.0)
    assert not finding.holds
    assert finding.reason == "'0 0 30 2 *' is not a schedule: no such day ever comes"


def test_a_champion_trained_after_the_schedule_fired_is_fresh() -> None:
    hourly = replace(make_policy(), loop=LoopSpec(retrain=RetrainSpec(schedule="0 * * * *")))
    view = replace(make_view(), policy=hourly, champion=make_champion(created=36_050.0))
    assert not holds(ScheduleDue(), view, 36_100.0)


def test_a_deployment_is_recent_for_as_long_as_asked() -> None:
    view = replace(make_view(), last_deployment=1000.0)
    assert holds(RecentDeployment(seconds=20.0), view, 1019.0)
    assert not holds(RecentDeployment(seconds=20.0), view, 1020.0)
    assert not holds(RecentDeployment(seconds=20.0), make_view(), 1000.0)


@pytest.mark.parametrize(
    ("status", "expected"), [("running", True), ("promoted", False), ("aborted", False)]
)
def test_a_rollout_runs_until_it_has_ended(status: str, expected: bool) -> None:
    rollout = Rollout(
        id="r",
        endpoint="churn",
        candidate=2,
        baseline=1,
        strategy="canary",
        steps=(10.0, 100.0),
        hold=30.0,
        history=(RolloutStep(percent=10.0, started=0.0),),
        status=status,
    )
    trial = Trial(rollout=rollout, candidate=RouteStats(version=2), baseline=RouteStats(version=1))
    assert holds(RolloutRunning(), replace(make_view(), trial=trial)) == expected


def test_a_retraining_is_pending_until_it_is_settled() -> None:
    retraining = Retraining(id="r-1", endpoint="churn", baseline=1, decided=0.0, reason="")
    assert holds(RetrainingPending(), replace(make_view(), memory=Memory(retraining=retraining)))
    assert not holds(RetrainingPending(), make_view())


def test_attempts_are_left_where_there_is_no_incident() -> None:
    assert holds(AttemptsLeft(), make_view())
