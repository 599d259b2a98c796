from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from keepwell.core.records import Rollout, RolloutStep
from keepwell.operations.loop.policy import Limits
from keepwell.operations.loop.states.trials import Judgement, judge
from keepwell.operations.loop.view import RouteStats, Trial
from keepwell.operations.rollouts.paired import Paired
from keepwell.operations.rollouts.ratio import Ratio
from keepwell.testing.loop_world import make_live

ROLLOUT = Rollout(
    id="r",
    endpoint="churn",
    candidate=2,
    baseline=1,
    strategy="canary",
    steps=(10.0, 100.0),
    hold=30.0,
)


def judged(
    candidate: Mapping[str, Any], baseline: Mapping[str, Any] | None = None, *, direction: int = 1
) -> Judgement:
    quiet = {"requests": 1000, "latency_p95_ms": 4.0}
    trial = Trial(
        rollout=ROLLOUT,
        candidate=RouteStats(version=2, **{"requests": 100, **candidate}),
        baseline=RouteStats(version=1, **{**quiet, **(baseline or {})}),
    )
    return judge(trial, Limits(), direction=direction, min_rows=100)


def test_a_candidate_that_does_as_the_baseline_does_passes() -> None:
    judgement = judged({"latency_p95_ms": 4.2, "prediction_drift": 0.05})
    assert judgement.sufficient
    assert judgement.verdict.passed
    assert [check.name for check in judgement.verdict.checks] == [
        "errors",
        "latency",
        "predictions",
    ]


def test_who_predicts_otherwise_than_a_version_that_is_wrong_does_no_harm() -> None:
    trial = Trial(
        rollout=ROLLOUT,
        candidate=RouteStats(version=2, requests=100, prediction_drift=1.0),
        baseline=RouteStats(version=1, requests=100, prediction_drift=0.1),
    )
    usual = judge(trial, Limits(), direction=1, min_rows=100)
    assert "live predictions are 1.00 away" in usual.breaches
    assert judge(trial, Limits(), direction=1, min_rows=100, fallen=True).verdict.passed


def test_silence_is_no_evidence_and_no_breach() -> None:
    judgement = judged({"requests": 0})
    assert not judgement.sufficient
    assert judgement.breaches == ""


@pytest.mark.parametrize(
    ("errors", "requests", "baseline_errors", "breach"),
    [
        (2, 2, 0, False),  # too few to prove anything
        (3, 3, 0, True),
        (3, 200, 0, False),  # 1.5%, but it may be chance
        (8, 200, 0, True),  # 4%, it is not
        (8, 200, 50, False),  # the baseline fails as often
    ],
)
def test_errors_breach_when_chance_cannot_explain_them(
    errors: int, requests: int, baseline_errors: int, breach: bool
) -> None:
    judgement = judged(
        {"errors": errors, "requests": requests, "latency_p95_ms": 4.0},
        {"errors": baseline_errors},
    )
    assert bool(judgement.breaches) == breach


@pytest.mark.parametrize(
    ("candidate_ms", "baseline_ms", "breach"),
    [(28.9, 4.0, False), (29.1, 4.0, True), (140.0, 100.0, False), (151.0, 100.0, True)],
)
def test_latency_breaches_by_factor_and_by_milliseconds(
    candidate_ms: float, baseline_ms: float, breach: bool
) -> None:
    judgement = judged({"latency_p95_ms": candidate_ms}, {"latency_p95_ms": baseline_ms})
    assert bool(judgement.breaches) == breach


def test_latency_of_a_few_answers_decides_nothing() -> None:
    assert judged({"requests": 99, "latency_p95_ms": 900.0}).breaches == ""


@pytest.mark.parametrize(
    ("candidate", "baseline", "breach"),
    [(0.2, 0.0, False), (0.3, 0.0, True), (0.5, 0.45, False), (0.6, 0.45, True)],
)
def test_predictions_are_held_against_the_candidates_own_evaluation(
    candidate: float, baseline: float, breach: bool
) -> None:
    judgement = judged({"prediction_drift": candidate}, {"prediction_drift": baseline})
    assert bool(judgement.breaches) == breach


@pytest.mark.parametrize(
    ("candidate", "baseline", "direction", "breach"),
    [
        (0.80, 0.85, 1, True),  # the intervals do not touch
        (0.82, 0.85, 1, False),
        (0.90, 0.85, 1, False),
        (0.90, 0.85, -1, True),
        (0.80, 0.85, -1, False),
    ],
)
def test_quality_breaches_when_intervals_part_on_the_wrong_side(
    candidate: float, baseline: float, direction: int, breach: bool
) -> None:
    judgement = judged(
        {"live": make_live(2, candidate)}, {"live": make_live(1, baseline)}, direction=direction
    )
    assert bool(judgement.breaches) == breach


def test_quality_of_few_outcomes_is_not_compared() -> None:
    judgement = judged({"live": make_live(2, 0.1, rows=99)}, {"live": make_live(1, 0.9)})
    assert judgement.breaches == ""


def test_every_breach_is_told_with_its_numbers() -> None:
    judgement = judged({"errors": 50, "latency_p95_ms": 90.0})
    assert judgement.breaches == (
        "version 2 failed 50 of 100 rows (50.0%), version 1 0.0%;"
        " 95% of version 2's answers took up to 90.0 ms, version 1's 4.0 ms"
    )


def trial_with(percent: float = 10.0, paired: Paired | None = None, **changes: Any) -> Judgement:
    rollout = replace(ROLLOUT, history=(RolloutStep(percent=percent, started=0.0),))
    trial = Trial(
        rollout=rollout,
        candidate=RouteStats(
            version=2,
            requests=changes.pop("requests", 200),
            latency_p95_ms=60.0,
            prediction_drift=0.6,
        ),
        baseline=RouteStats(version=1, requests=1000, latency_p95_ms=4.0),
        paired=paired,
        **changes,
    )
    return judge(trial, Limits(), direction=1, min_rows=100)


ALIKE = Paired(rows=300, agreement=0.99, shift=0.02, old_drift=0.55, new_drift=0.6)


def failed(judgement: Judgement) -> list[str]:
    return [check.name for check in judgement.verdict.checks if not check.passed]


def test_an_hour_of_one_class_is_no_fault_of_a_candidate_that_agrees() -> None:
    assert "predictions" in failed(trial_with())  # its own rows alone look bad
    assert "predictions" not in failed(trial_with(paired=ALIKE))


def test_a_candidate_that_says_other_things_on_the_same_rows_breaches() -> None:
    broken = replace(ALIKE, agreement=0.4, shift=0.5, old_drift=0.05)
    assert "predictions" in failed(trial_with(paired=broken))
    both_far = replace(broken, old_drift=0.55)  # the world moved, for both
    assert "predictions" not in failed(trial_with(paired=both_far))


def test_slow_requests_breach_when_they_are_beyond_doubt_too_many() -> None:
    assert "latency" in failed(trial_with(paired=ALIKE))
    assert "latency" in failed(trial_with(paired=ALIKE, slow=(60, 200)))
    assert "latency" not in failed(trial_with(paired=ALIKE, slow=(12, 200)))  # 6%: may be chance


def test_shares_that_are_not_as_intended_breach() -> None:
    wrong = Ratio(p_value=1e-9, mismatch=True, detail="version 2 3% for 10%")
    judgement = trial_with(paired=ALIKE, slow=(0, 200), ratio=wrong)
    assert failed(judgement) == ["sample ratio"]
    assert judgement.breaches == "version 2 3% for 10%"


def test_a_candidate_without_traffic_is_judged_by_the_rows_it_scored_beside() -> None:
    cold = trial_with(percent=0.0, requests=0, paired=replace(ALIKE, rows=10))
    assert not cold.sufficient
    assert trial_with(percent=0.0, requests=0, paired=ALIKE, slow=(0, 0)).sufficient


def test_paired_quality_breaches_when_the_whole_difference_is_on_the_wrong_side() -> None:
    worse = replace(
        ALIKE, labelled=200, loss="wrong answers", old_loss=0.1, new_loss=0.2, low=0.03, high=0.18
    )
    assert "paired quality" in failed(trial_with(paired=worse, slow=(0, 200)))
    unclear = replace(worse, low=-0.01)
    assert failed(trial_with(paired=unclear, slow=(0, 200))) == []
