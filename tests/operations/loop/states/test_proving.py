"""A challenger that was likely better, not beyond doubt, is compared again when more outcomes have come."""

from dataclasses import replace
from typing import Any

import pytest

from keepwell.core.records import Signal, Task
from keepwell.operations.loop.actions import (
    Action,
    CloseIncident,
    OpenIncident,
    RejectCandidate,
    StartRetraining,
    StartRollout,
)
from keepwell.operations.loop.conditions import labels_needed, unproven
from keepwell.operations.loop.journal import memory_of
from keepwell.operations.loop.retrainings import Comparison, Retraining
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
    make_view,
    only,
)
from keepwell.testing.loop_world import (
    REFUSED,
    LoopWorld,
    make_champion,
    make_comparison,
    make_policy,
    make_signal,
)

LIKELY = make_comparison(0.88, 0.895, doubt=0.02)
EQUAL = make_comparison(0.88, 0.885, doubt=0.02)
WAITS = make_retraining(settled="rejected", candidate=2, unproven=400, decided=100.0)


def proof(number: int, **changes: Any) -> Retraining:
    made = make_retraining(
        id=f"proof-2-{number}",
        mode="prove",
        candidate=2,
        decided=200.0 + number,
        settled="rejected",
        unproven=400 << number,
    )
    return replace(made, **changes)


def calm_view(*signals: Signal, **changes: Any) -> View:
    looks = tuple(make_look(*signals, time=time) for time in (980.0, 990.0, 1000.0))
    return make_view(*looks, **{"retrainings": (WAITS,), "last_retraining": 100.0, **changes})


def settled(comparison: Comparison, *signals: Signal, **changes: Any) -> tuple[Action, ...]:
    view = make_view(
        make_look(*(signals or (DRIFT,))),
        result=make_result(comparison, **changes),
        retraining=make_retraining(),
        incident=make_incident("retraining", *(signals or (DRIFT,))),
    )
    return tick(view, NOW)


def test_what_is_likely_is_told_from_what_is_chance() -> None:
    assert LIKELY.likely
    assert not LIKELY.better
    assert not EQUAL.likely
    assert not make_comparison(0.9, 0.88).likely
    by_loss = replace(EQUAL, loss=make_comparison(-0.5, -0.485))
    assert by_loss.likely
    assert not replace(by_loss, gain=replace(by_loss.gain, value=-0.001)).likely


def test_a_likely_one_is_rejected_and_remembered() -> None:
    reject, close = settled(LIKELY)
    assert isinstance(reject, RejectCandidate)
    assert isinstance(close, CloseIncident)
    assert reject.unproven == LIKELY.rows
    assert close.summary.startswith("Version 2 may be better, which is not proven: accuracy 0.8950")
    assert close.summary.endswith("when more outcomes have come. Version 1 goes on serving.")


@pytest.mark.parametrize(
    "result",
    [make_result(EQUAL), make_result(LIKELY, verdict=REFUSED), make_result(LIKELY, verdict=None)],
)
def test_one_that_is_as_good_or_did_not_pass_its_gate_is_not(result: Any) -> None:
    (reject, *_) = settled(result.comparison, verdict=result.verdict)
    assert isinstance(reject, RejectCandidate)
    assert reject.unproven == 0


def test_what_learns_from_its_source_is_not() -> None:
    champion = make_champion()
    champion = replace(champion, signature=replace(champion.signature, task=Task.CLUSTERING))
    view = make_view(
        make_look(DRIFT),
        champion=champion,
        result=make_result(LIKELY),
        retraining=make_retraining(),
        incident=make_incident("retraining"),
    )
    reject = tick(view, NOW)[0]
    assert isinstance(reject, RejectCandidate)
    assert reject.unproven == 0


def test_as_many_new_outcomes_as_it_was_tested_on_start_the_proof_without_an_incident() -> None:
    action = only(calm_view(labels=400))
    assert isinstance(action, StartRetraining)
    asked = action.retraining
    assert (asked.id, asked.mode, asked.candidate, asked.incident) == ("proof-2-1", "prove", 2, "")
    assert asked.windows[0].since == 100.0
    assert "version 2 was likely better than version 1, not beyond doubt" in action.reason
    assert tick(calm_view(labels=399), NOW) == ()


def test_each_proof_takes_twice_as_many_and_the_last_one_gives_up() -> None:
    for done in range(3):
        proofs = tuple(proof(number + 1) for number in range(done))
        waiting = unproven(calm_view(retrainings=(WAITS, *proofs)))
        assert waiting is not None
        assert waiting.needed == 400 * 2**done
    proofs = tuple(proof(number + 1) for number in range(3))
    assert unproven(calm_view(retrainings=(WAITS, *proofs))) is None


@pytest.mark.parametrize(
    "later",
    [
        proof(1, unproven=0),
        proof(1, settled="rolled_out", unproven=0),
        make_retraining(id="I-2", settled="rejected", candidate=3, decided=300.0),
        make_retraining(id="I-2", decided=300.0),
    ],
)
def test_it_is_given_up_when_it_is_no_longer_likely_or_another_came(later: Retraining) -> None:
    assert unproven(calm_view(retrainings=(WAITS, later))) is None


def test_it_is_given_up_when_another_champion_serves() -> None:
    assert unproven(calm_view()) is not None
    assert unproven(calm_view(retrainings=(replace(WAITS, baseline=7),))) is None


def test_a_proof_that_failed_is_tried_again_with_more() -> None:
    waiting = unproven(calm_view(retrainings=(WAITS, proof(1, settled="failed", unproven=0))))
    assert waiting is not None
    assert (waiting.needed, waiting.proofs) == (800, 1)


def test_a_proof_neither_doubles_what_the_next_training_takes_nor_starts_the_cooldown() -> None:
    assert labels_needed(calm_view()) == labels_needed(
        calm_view(retrainings=(WAITS, proof(1), proof(2)))
    )
    memory = memory_of("churn", 1, (), (WAITS, proof(1)))
    assert memory.last_retraining == WAITS.decided
    assert memory.retrained == (WAITS.decided,)
    assert memory.retrainings[-1].mode == "prove"


def test_it_comes_before_another_training_and_holds_none_up() -> None:
    incident = make_incident("open", DRIFT)
    due = only(calm_view(DRIFT, labels=400, incident=incident))
    assert isinstance(due, StartRetraining)
    assert (due.retraining.mode, due.retraining.incident) == ("prove", "I")
    waiting = calm_view(DRIFT, labels=399, incident=incident, policy=make_policy())
    other = only(
        replace(
            waiting,
            labels=max(399, labels_needed(waiting)),
            memory=replace(waiting.memory, retrainings=(replace(WAITS, unproven=4000),)),
        )
    )
    assert isinstance(other, StartRetraining)
    assert other.retraining.mode == "train"


def test_an_incident_that_training_does_not_answer_lets_it_through() -> None:
    damaged = make_signal("quality", "age")
    action = only(calm_view(damaged, labels=400, incident=make_incident("open", damaged)))
    assert isinstance(action, StartRetraining)
    assert action.retraining.mode == "prove"


def test_news_open_their_incident_first() -> None:
    assert isinstance(only(calm_view(DRIFT, labels=400)), OpenIncident)


def test_a_service_that_fails_is_no_time_to_compare() -> None:
    view = calm_view(
        DRIFT, make_signal("errors"), labels=400, incident=make_incident("open", DRIFT)
    )
    assert all(not isinstance(action, StartRetraining) for action in tick(view, NOW))


def test_a_clock_that_was_set_back_neither_repeats_a_proof_nor_asks_for_rows_to_come() -> None:
    late = replace(WAITS, decided=9e8)
    first = only(calm_view(labels=400, retrainings=(late,)))
    assert isinstance(first, StartRetraining)
    assert first.retraining.windows[0].since == 0.0
    failed = proof(1, settled="failed", unproven=0)
    again = unproven(calm_view(retrainings=(failed, late)))
    assert again is not None
    assert again.proofs == 1


def test_the_last_proof_promises_no_other_one() -> None:
    view = make_view(
        make_look(DRIFT),
        result=make_result(LIKELY),
        retraining=proof(3, settled="", unproven=0, incident="I"),
        retrainings=(WAITS, proof(1), proof(2), proof(3, settled="", unproven=0)),
        incident=make_incident("retraining"),
    )
    reject, close = tick(view, NOW)
    assert isinstance(reject, RejectCandidate)
    assert isinstance(close, CloseIncident)
    assert reject.unproven == 0
    assert close.summary.startswith("The signals do no harm")


def test_what_is_renewed_and_refused_by_a_person_is_not_offered_again() -> None:
    (reject, *_) = settled(LIKELY, renewed=True, verdict=REFUSED)
    assert isinstance(reject, RejectCandidate)
    assert reject.unproven == 0


def test_proven_on_new_rows_it_goes_on_trial_and_heals_the_incident() -> None:
    world = LoopWorld(make_policy())
    world.signals, world.live = (DRIFT, FALLEN), {1: 0.88, 2: 0.9}
    asked: list[Retraining] = []

    def train(retraining: Retraining, version: int) -> Any:
        asked.append(retraining)
        if retraining.mode == "prove":
            assert version
            return replace(world.better(retraining, version), candidate=retraining.candidate)
        return replace(world.as_good(retraining, version), comparison=LIKELY)

    world.train = train
    world.look(times=60)
    (incident, *_) = world.incidents
    assert [one.mode for one in asked] == ["train", "prove"]
    assert asked[1].candidate == 2
    assert (incident.resolution, incident.candidate, incident.attempts) == ("healed", 2, 1)
    assert world.champion == 2
    assert "start_rollout" in world.verbs()


def test_it_is_the_rejected_version_that_is_tried() -> None:
    view = make_view(
        make_look(),
        result=make_result(make_comparison(0.88, 0.92), candidate=2),
        retraining=proof(1, settled="", unproven=0, incident=""),
        retrainings=(WAITS,),
    )
    action = only(view)
    assert isinstance(action, StartRollout)
    assert action.candidate == 2
