"""Build, buy or combine: what the numbers say, and which numbers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from keepwell.core.records import Estimate
from keepwell.operations.alternatives.cascade import Cascade, combine

if TYPE_CHECKING:
    from keepwell.operations.alternatives.contest import Played, Result

_DRAWS = 2000
_FEWEST = 60  # rows, of which half choose the threshold


def advise(
    played: "Sequence[Played]", results: "Sequence[Result]", *, labels: bool
) -> "tuple[Result | None, str, list[str]]":
    """Return the cascade if one is worth showing, `build`, `buy` or `combine`, and the reasons."""
    own = [at for at, item in enumerate(played) if not item.contender.bought]
    bought = [at for at, item in enumerate(played) if item.contender.bought]
    if not bought or not own:
        kind = "build" if own else "buy"
        best = min(range(len(played)), key=lambda at: float(played[at].loss.mean()))
        return None, kind, [f"{results[best].name} is the best of those that were asked"]
    ours = min(own, key=lambda at: float(played[at].loss.mean()))
    theirs = min(bought, key=lambda at: float(played[at].loss.mean()))
    gap = _gap(played[ours].loss, played[theirs].loss)
    reasons = [_told(results[ours], results[theirs], gap, labels=labels)]
    cascade = _cascade(played[ours], played[theirs]) if labels else None
    shown = None
    if cascade is not None:
        shown = _as_result(cascade, played, results, (ours, theirs))
        best = min((ours, theirs), key=lambda at: float(played[at].loss.mean()))
        more = _gap(played[best].loss[cascade.rows], 1.0 - cascade.right.astype(np.float64))
        if more.low is not None and more.low > 0:
            reasons.append(
                f"{shown.name} is right {more.value:+.1%} more often than the better of the two on the rows "
                f"it was judged on (95% interval {more.low:+.1%} to {more.high:+.1%}), and passes on "
                f"{cascade.passed_on:.0%} of the rows"
            )
            return shown, "combine", reasons
        cheaper = _saves(cascade, gap, more)
        if cheaper:
            reasons.append(cheaper)
            return shown, "combine", reasons
    if gap.low is not None and gap.low > 0:
        return shown, "buy", reasons
    quick = results[ours].latency_ms <= results[theirs].latency_ms
    reasons.append(
        f"{results[ours].name} answers in {results[ours].latency_ms:.3g} ms, {results[theirs].name} in "
        f"{results[theirs].latency_ms:.3g} ms"
    )
    worse = gap.high is not None and gap.high < 0
    return shown, "build" if worse or quick else "buy", reasons


def _gap(
    ours: "np.typing.NDArray[np.float64]", theirs: "np.typing.NDArray[np.float64]"
) -> Estimate:
    """Return how much more we lose than they do on the same rows; above 0 they are better."""
    difference = ours - theirs
    random = np.random.default_rng(0)
    rows = len(difference)
    draws = [difference[random.integers(0, rows, rows)].mean() for _ in range(_DRAWS)]
    low, high = np.percentile(draws, (2.5, 97.5))
    return Estimate(value=float(difference.mean()), low=float(low), high=float(high))


def _told(ours: "Result", theirs: "Result", gap: Estimate, *, labels: bool) -> str:
    reach = f"95% interval {gap.low:+.3g} to {gap.high:+.3g}"
    what = "accuracy" if labels else "mean distance"
    if gap.low is not None and gap.high is not None and gap.low <= 0 <= gap.high:
        return (
            f"between {ours.name} and {theirs.name} there is no difference in {what} beyond chance "
            f"({reach})"
        )
    better, worse = (theirs, ours) if gap.value > 0 else (ours, theirs)
    return (
        f"{better.name} is better than {worse.name}: {what} {better.quality.value:.3g} against "
        f"{worse.quality.value:.3g} on the same rows ({reach} of the difference)"
    )


def _cascade(ours: "Played", theirs: "Played") -> Cascade | None:
    if len(ours.loss) < _FEWEST or np.isnan(ours.confidence).all():
        return None
    sure = np.nan_to_num(ours.confidence, nan=0.0)
    names = (ours.contender.name, theirs.contender.name)
    return combine(names, sure, ours.loss == 0, theirs.loss == 0)


def _saves(cascade: Cascade, gap: Estimate, more: Estimate) -> str:
    """Say that both together are as good as a better service and ask it far less; else nothing."""
    as_good = more.low is not None and more.high is not None and more.low <= 0 <= more.high
    service_better = gap.low is not None and gap.low > 0
    if not (as_good and service_better and more.value >= 0 and 0 < cascade.passed_on < 0.5):  # noqa: PLR2004 - half
        return ""
    return (
        f"{cascade.first} first, then {cascade.second}, is as good as {cascade.second} alone and asks it "
        f"for {cascade.passed_on:.0%} of the rows only"
    )


def _as_result(
    cascade: Cascade,
    played: "Sequence[Played]",
    results: "Sequence[Result]",
    pair: tuple[int, int],
) -> "Result":
    from keepwell.operations.alternatives.contest import Result, mean_of

    ours, theirs = (played[at] for at in pair)
    sure = np.nan_to_num(ours.confidence, nan=0.0)
    on = sure < cascade.threshold if cascade.passed_on < 1 else np.ones(len(sure), dtype=bool)
    milliseconds = (ours.seconds + np.where(on, theirs.seconds, 0.0)) * 1000
    costs = [results[at].cost for at in pair]
    cost = None
    if costs[0] is not None and costs[1] is not None:
        cost = costs[0] + cascade.passed_on * costs[1]
    return Result(
        name=f"{cascade.first} → {cascade.second}",
        kind="cascade",
        quality=mean_of(cascade.right.astype(np.float64)),
        latency_ms=float(np.median(milliseconds)),
        latency_p95_ms=float(np.quantile(milliseconds, 0.95)),
        cost=cost,
        effort=f"both, and a threshold: below a confidence of {cascade.threshold:.2f} the second is asked; "
        f"quality on {len(cascade.rows):,} rows that did not choose it",
    )
