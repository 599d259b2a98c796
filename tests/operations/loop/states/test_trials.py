from collections.abc import Mapping
from typing import Any

import pytest

from keepwell.core.records import Rollout
from keepwell.operations.loop.policy import Limits
from keepwell.operations.loop.states.trials import Judgement, judge
from keepwell.operations.loop.view import RouteStats, Trial
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
