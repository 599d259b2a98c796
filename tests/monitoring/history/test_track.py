from keepwell.core.records import Estimate
from keepwell.monitoring.history import Point, track_of


def point(guess: float, truth: float | None, maturity: float = 1.0) -> Point:
    return Point(
        since=0,
        until=1,
        version=1,
        predictions=10,
        maturity=maturity,
        estimated={"f1": Estimate(value=guess, low=guess - 0.05, high=guess + 0.05)},
        realised={} if truth is None else {"f1": Estimate(value=truth)},
    )


def test_estimates_are_held_against_what_outcomes_showed() -> None:
    track = track_of("f1", [point(0.8, 0.78), point(0.8, 0.9), point(0.8, None)])
    assert (track.periods, track.inside) == (2, 1)
    assert round(track.error, 3) == 0.06
    assert round(track.bias, 3) == -0.04


def test_outcomes_that_are_still_coming_judge_nobody() -> None:
    assert track_of("f1", [point(0.8, 0.1, maturity=0.5)]).periods == 0
    assert track_of("f2", [point(0.8, 0.8)]).periods == 0
