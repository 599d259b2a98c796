"""What to do next, with a clock moved by hand."""

from dataclasses import replace

import numpy as np
import pytest

from keepwell.core.records import GateCheck, GateVerdict, Rollout, RolloutStep
from keepwell.operations.rollouts.arms import Arm, bounded, decide
from keepwell.operations.rollouts.moves import of_comparison, of_shadow, of_watch
from keepwell.operations.rollouts.paired import Paired
from keepwell.operations.rollouts.ratio import Ratio

FINE = Ratio(p_value=1.0, mismatch=False, detail="as intended")
ROLLOUT = Rollout(
    id="r",
    endpoint="churn",
    candidate=2,
    baseline=1,
    strategy="ab",
    steps=(100.0,),
    hold=60.0,
    history=(RolloutStep(percent=50.0, started=1000.0),),
    started=1000.0,
    candidates=(2, 3),
)
SHADOW = replace(ROLLOUT, strategy="shadow", candidates=())
ENOUGH = Paired(rows=500, agreement=0.97, labelled=400, loss="wrong answers")


def arm(version: int, errors: int = 0, requests: int = 1000) -> Arm:
    return Arm(
        version=version, share=33.3, rows=requests - errors, requests=requests, errors=errors
    )


def arms(*rates: float, rows: int = 4000) -> list[Arm]:
    made = [arm(version) for version in range(1, len(rates) + 1)]
    random = np.random.default_rng(0)
    values = {
        version: (random.random(rows) < rate).astype(float).tolist()
        for version, rate in enumerate(rates, 1)
    }
    return bounded(made, values)


def test_a_shadow_is_compared_for_as_long_as_it_is_held() -> None:
    assert of_shadow(SHADOW, ENOUGH, 1059.0).verb == "hold"
    done = of_shadow(SHADOW, ENOUGH, 1060.0)
    assert (done.verb, done.verdict and done.verdict.passed) == ("complete", True)
    assert of_shadow(SHADOW, Paired(rows=3), 9999.0).verb == "hold"


def test_a_shadow_that_fails_or_errs_more_does_not_pass() -> None:
    failing = of_shadow(SHADOW, replace(ENOUGH, failures=100), 1060.0)
    assert failing.verdict is not None
    assert not failing.verdict.passed
    assert "failed 100 of 500" in failing.reason
    worse = of_shadow(
        SHADOW, replace(ENOUGH, old_loss=0.1, new_loss=0.2, low=0.05, high=0.15), 1060.0
    )
    assert "0.2 against 0.1" in worse.reason


def test_a_comparison_names_the_winner_only_beyond_doubt() -> None:
    assert decide(arms(0.6, 0.61)).winner is None
    assert decide(arms(0.6, 0.7, 0.75)).winner == 3
    assert decide(arms(0.8, 0.6, 0.65)).winner == 1
    assert decide(arms(0.6, 0.7), mismatch="30% for 50%").winner is None


def test_a_comparison_whose_version_fails_is_aborted() -> None:
    move = of_comparison(ROLLOUT, [arm(1), arm(2), arm(3, errors=60)], FINE, 1010.0)
    assert move.verb == "abort"
    assert "version 3 failed 60 of 1,000" in move.reason
    assert of_comparison(ROLLOUT, [arm(1, 60), arm(2), arm(3, 60)], FINE, 1010.0).verb == "hold"


def test_a_comparison_with_wrong_shares_is_not_trusted() -> None:
    wrong = Ratio(p_value=1e-9, mismatch=True, detail="version 2 41% for 33%")
    move = of_comparison(ROLLOUT, arms(0.6, 0.7, 0.75), wrong, 1010.0)
    assert move.verb == "hold"
    assert move.verdict is not None
    assert not move.verdict.passed
    assert move.numbers["winner"] is None


def test_a_bandit_divides_traffic_anew_when_it_is_time() -> None:
    bandit = replace(ROLLOUT, strategy="bandit", every=30.0, explore=5.0)
    assert of_comparison(bandit, arms(0.6, 0.7, 0.8), FINE, 1029.0).verb == "hold"
    move = of_comparison(bandit, arms(0.6, 0.7, 0.8), FINE, 1030.0)
    assert move.verb == "reallocate"
    assert sum(move.weights.values()) == pytest.approx(100)
    assert move.weights[3] > 85
    assert move.weights[1] >= 5
    assert set(move.numbers["chances"]) == {"1", "2", "3"}


def promoted(**changes: object) -> Rollout:
    errors = GateCheck(name="errors", passed=True, value=0.0, limit=0.02)
    step = RolloutStep(
        percent=100.0, started=1000.0, verdict=GateVerdict(passed=True, checks=(errors,))
    )
    base = replace(ROLLOUT, strategy="canary", candidates=(), status="promoted", history=(step,))
    return replace(base, ended=1100.0, watched_until=1400.0)


def test_a_promotion_that_does_well_is_watched_and_then_let_go() -> None:
    assert of_watch(promoted(), ENOUGH, (2, 1000), 1399.0).verb == "hold"
    assert of_watch(promoted(), ENOUGH, (2, 1000), 1400.0).verb == "release_watch"


def test_a_promotion_that_proves_worse_is_taken_back() -> None:
    failing = of_watch(promoted(), ENOUGH, (90, 1000), 1200.0)
    assert failing.verb == "roll_back"
    assert "failed 90 of 1,000" in failing.reason
    worse = replace(ENOUGH, old_loss=0.1, new_loss=0.2, low=0.04, high=0.16)
    assert of_watch(promoted(), worse, (0, 1000), 1200.0).verb == "roll_back"
    unclear = replace(worse, low=-0.01)
    assert of_watch(promoted(), unclear, (0, 1000), 1200.0).verb == "hold"
