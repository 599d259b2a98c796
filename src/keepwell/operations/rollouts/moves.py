"""What to do next about a comparison, or about a promotion that is watched. Pure: no effect, no clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from keepwell.core.records import GateCheck, GateVerdict, Rollout
from keepwell.operations.rollouts.arms import Arm, decide
from keepwell.operations.rollouts.paired import ALPHA, Paired
from keepwell.operations.rollouts.posteriors import allocation, chances_of_best
from keepwell.operations.rollouts.ratio import Ratio
from keepwell.operations.rollouts.sequential import happens_more, rate_bounds

ERROR_MARGIN = 0.01
"""How much more often than the champion a version may fail."""

ENOUGH_PAIRS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Something to do about a rollout.

    Attributes:
        verb: `hold`, `reallocate`, `complete`, `abort`, `roll_back`, `release_watch` or `release_standby`.
        reason: Why, in words.
        verdict: How things look.
        numbers: What that rests on, JSON-ready.
        weights: The new shares, where they change.
    """

    verb: str
    reason: str
    verdict: GateVerdict | None = None
    numbers: Mapping[str, Any] = field(default_factory=dict)
    weights: Mapping[int, float] = field(default_factory=dict)


def of_shadow(rollout: Rollout, paired: Paired, now: float) -> Move:
    """Return what to do about a shadow: compare for as long as it is held, then say what was seen."""
    from keepwell.infrastructure.codec import to_plain

    verdict = judge_pairs(paired)
    numbers = {"paired": to_plain(paired)}
    held = now - rollout.history[-1].started
    if paired.note:
        return Move(verb="complete", reason=paired.note, verdict=GateVerdict(passed=False))
    if held < rollout.hold or paired.rows < ENOUGH_PAIRS:
        reason = f"{paired.rows:,} rows compared"
        return Move(verb="hold", reason=reason, verdict=verdict, numbers=numbers)
    failed = [check.detail for check in verdict.checks if not check.passed]
    reason = "; ".join(failed) or (
        f"version {rollout.candidate} agrees on {paired.agreement or 0:.1%} of {paired.rows:,} rows"
    )
    return Move(verb="complete", reason=reason, verdict=verdict, numbers=numbers)


def judge_pairs(paired: Paired) -> GateVerdict:
    """Return what pairs say against a candidate: that it fails where the champion answers, or errs more."""
    checks = []
    if paired.rows:
        bounds = rate_bounds(paired.failures, paired.rows, ALPHA)
        checks.append(
            GateCheck(
                name="shadow errors",
                passed=bounds.low <= ERROR_MARGIN,
                value=paired.failures / paired.rows,
                limit=ERROR_MARGIN,
                detail=f"the shadow failed {paired.failures:,} of {paired.rows:,} rows",
            )
        )
    if paired.low is not None and paired.high is not None and paired.labelled:
        checks.append(paired_quality(paired))
    return GateVerdict(passed=all(check.passed for check in checks), checks=tuple(checks))


def paired_quality(paired: Paired) -> GateCheck:
    """Return whether the candidate is right as often as the champion, on the same rows."""
    low, high = paired.low or 0.0, paired.high or 0.0
    old, new = paired.old_loss or 0.0, paired.new_loss or 0.0
    return GateCheck(
        name="paired quality",
        passed=low <= 0,
        value=new - old,
        limit=0.0,
        detail=f"{paired.loss} {new:.4g} against {old:.4g} on the same {paired.labelled:,} rows"
        f" (difference {low:+.3g} to {high:+.3g}, 99% at all looks together)",
    )


def of_comparison(rollout: Rollout, arms: Sequence[Arm], ratio: Ratio, now: float) -> Move:
    """Return what to do about an A/B/n test or a bandit."""
    from keepwell.infrastructure.codec import to_plain

    checks = [_share_check(ratio), *(_error_check(arm, arms[0]) for arm in arms[1:])]
    decision = decide(arms, ratio.detail if ratio.mismatch else "")
    verdict = GateVerdict(
        passed=all(check.passed for check in checks),
        checks=tuple(checks),
        better=decision.winner is not None and decision.winner != rollout.baseline,
    )
    numbers = {
        "arms": [to_plain(arm) for arm in arms],
        "ratio": to_plain(ratio),
        "decision": decision.text,
        "winner": decision.winner,
    }
    harm = [check.detail for check in checks[1:] if not check.passed]
    if harm:
        return Move(verb="abort", reason="; ".join(harm), verdict=verdict, numbers=numbers)
    due = now - rollout.history[-1].started >= rollout.every
    if rollout.strategy == "bandit" and due:
        return _reallocated(rollout, arms, verdict)
    return Move(verb="hold", reason=decision.text, verdict=verdict, numbers=numbers)


def _reallocated(rollout: Rollout, arms: Sequence[Arm], verdict: GateVerdict) -> Move:
    seed = f"{rollout.id}/{rollout.history[-1].started}"
    chances = chances_of_best({arm.version: arm.rewards for arm in arms}, seed)
    weights = allocation(chances, rollout.explore)
    said = ", ".join(f"version {v} {share:.1f}%" for v, share in weights.items())
    return Move(
        verb="reallocate",
        reason=f"by the chance to be the best: {said}",
        verdict=verdict,
        numbers={
            "rewards": _rewards(arms),
            "chances": {str(v): chance for v, chance in chances.items()},
        },
        weights=weights,
    )


def _rewards(arms: Sequence[Arm]) -> dict[str, list[float]]:
    """Return what the shares rest on, short: they are kept for each allocation."""
    return {str(arm.version): [arm.rewards.rows, arm.rewards.total] for arm in arms}


def of_watch(rollout: Rollout, paired: Paired, errors: tuple[int, int], now: float) -> Move:
    """Return what to do about a promotion that is watched.

    It is taken back when it fails beyond doubt more often than the version before did, or errs beyond
    doubt more than that version does on the same rows.
    """
    from keepwell.infrastructure.codec import to_plain

    failed, asked = errors
    usual = next(
        (check.limit for step in rollout.history if step.verdict for check in step.verdict.checks
         if check.name == "errors"),
        ERROR_MARGIN,
    )  # fmt: skip
    checks = [
        GateCheck(
            name="errors",
            passed=rate_bounds(failed, asked, ALPHA).low <= usual,
            value=failed / asked if asked else 0.0,
            limit=usual,
            detail=f"version {rollout.candidate} failed {failed:,} of {asked:,} requests"
            f" since its promotion (allowed {usual:.1%})",
        )
    ]
    if paired.low is not None and paired.labelled:
        checks.append(paired_quality(paired))
    verdict = GateVerdict(passed=all(check.passed for check in checks), checks=tuple(checks))
    worse = [check.detail for check in checks if not check.passed]
    numbers = {"watch": to_plain(paired)}
    if worse:
        reason = f"version {rollout.candidate} proved worse after its promotion: {'; '.join(worse)}"
        return Move(verb="roll_back", reason=reason, verdict=verdict, numbers=numbers)
    if rollout.watched_until is not None and now >= rollout.watched_until:
        return Move(
            verb="release_watch", reason="it did well while it was watched", verdict=verdict
        )
    return Move(verb="hold", reason="watched", verdict=verdict, numbers=numbers)


def _share_check(ratio: Ratio) -> GateCheck:
    return GateCheck(
        name="sample ratio",
        passed=not ratio.mismatch,
        value=ratio.p_value,
        limit=1e-4,
        detail=ratio.detail,
    )


def _error_check(arm: Arm, champion: Arm) -> GateCheck:
    asked, usual = arm.requests, champion.requests
    rate, limit = arm.errors / max(asked, 1), champion.errors / max(usual, 1) + ERROR_MARGIN
    more = happens_more((arm.errors, asked), (champion.errors, usual), ALPHA)
    return GateCheck(
        name=f"errors v{arm.version}",
        passed=rate <= limit or not more,
        value=rate,
        limit=limit,
        detail=f"version {arm.version} failed {arm.errors:,} of {asked:,} requests,"
        f" version {champion.version} {champion.errors:,} of {usual:,}",
    )
