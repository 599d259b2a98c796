"""What is awaited is said for every strategy, at every moment."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.records import Rollout, RolloutStep
from keepwell.core.spec import STRATEGIES
from keepwell.operations.rollouts.awaiting import Patience, awaited

PATIENCE = Patience(rows=30, holds=3.0, unsure="advance")
CANARY = Rollout(
    id="r",
    endpoint="churn",
    candidate=2,
    baseline=1,
    strategy="canary",
    steps=(5.0, 25.0, 100.0),
    hold=60.0,
    history=(RolloutStep(percent=5.0, started=1000.0),),
    started=1000.0,
)


def said(rollout: Rollout, rows: int, now: float, *, served: bool = True) -> tuple[str, str]:
    found = awaited(rollout, rows, now, PATIENCE, served=served)
    assert found is not None
    return found.what, found.then


def at(rollout: Rollout, strategy: str, percent: float) -> Rollout:
    steps = {"blue-green": (0.0, 100.0), "shadow": (0.0,)}.get(strategy, rollout.steps)
    history = (RolloutStep(percent=percent, started=1000.0),)
    return replace(rollout, strategy=strategy, steps=steps, history=history)


def test_a_canary_waits_for_its_hold_and_for_rows() -> None:
    held = "12 of 30 rows answered by version 2; held for 20s more"
    assert said(CANARY, 12, 1040.0) == (held, "version 2 gets 25%")
    assert said(CANARY, 12, 1070.0) == (
        "12 of 30 rows answered by version 2; waits for rows for up to 1m 50s more",
        "with fewer it goes on all the same; version 2 gets 25%",
    )
    assert said(CANARY, 30, 1070.0)[0].endswith("the next look, within seconds")
    unseen = replace(CANARY, history=(replace(CANARY.history[0], verified=False),))
    assert said(unseen, 30, 1070.0)[0].endswith("seen to answer as routed, which is tried again")
    last = at(CANARY, "canary", 100.0)
    assert said(last, 0, 1000.0)[1] == "version 2 becomes champion"


def test_a_warm_up_says_what_it_warms_up_for() -> None:
    warm = at(CANARY, "blue-green", 0.0)
    what, then = said(warm, 4, 1005.0)
    assert what == "4 of 30 rows scored by version 2 too; held for 55s more"
    assert then == "everything switches to version 2"


def test_a_shadow_says_for_how_long_it_compares() -> None:
    what, then = said(at(CANARY, "shadow", 0.0), 0, 1005.0)
    assert what == "0 of 30 rows scored by version 2 too; compares for 55s more"
    assert "the champion stays" in then


def test_a_bandit_says_when_shares_change() -> None:
    bandit = replace(at(CANARY, "bandit", 50.0), every=300.0, candidates=(2, 3))
    assert said(bandit, 0, 1100.0)[0] == "outcomes; shares follow them in 3m 20s"


def test_where_nobody_serves_nothing_moves() -> None:
    assert "`keepwell up`" in said(CANARY, 0, 1040.0, served=False)[0]


def test_a_promotion_is_watched_and_the_version_before_kept() -> None:
    done = replace(CANARY, status="promoted", watched_until=1100.0, kept_until=1200.0)
    assert said(done, 0, 1040.0) == (
        "outcomes and errors, for 1m more; version 1 stays loaded for 2m 40s",
        "if version 2 proves worse, version 1 is back",
    )
    assert said(done, 0, 1150.0) == ("version 1 stays loaded for 50s", "version 1 is let go of")
    assert awaited(done, 0, 1300.0, PATIENCE, served=True) is None


@pytest.mark.parametrize("status", ["completed", "aborted", "rolled_back", "abort_failed"])
def test_what_has_ended_waits_for_nothing(status: str) -> None:
    assert awaited(replace(CANARY, status=status), 0, 1e6, PATIENCE, served=True) is None


@settings(max_examples=60)
@given(
    strategy=st.sampled_from(STRATEGIES),
    percent=st.sampled_from([0.0, 5.0, 100.0]),
    rows=st.integers(0, 1000),
    now=st.floats(1000, 1e5),
)
def test_whatever_runs_says_what_it_waits_for(
    strategy: str, percent: float, rows: int, now: float
) -> None:
    what, then = said(at(CANARY, strategy, percent), rows, now)
    assert what
    assert then
