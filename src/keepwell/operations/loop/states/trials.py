"""Is the candidate on trial doing harm? Judged on what both versions did during the current step.

A step is looked at again and again, so rates and paired differences are held against bounds that hold at
all looks together (`operations.rollouts.sequential`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from keepwell.core.records import GateCheck, GateVerdict
from keepwell.operations.loop.policy import Limits
from keepwell.operations.loop.view import RouteStats, Trial
from keepwell.operations.rollouts.moves import judge_pairs
from keepwell.operations.rollouts.paired import ALPHA, Paired
from keepwell.operations.rollouts.ratio import ALPHA as RATIO_ALPHA
from keepwell.operations.rollouts.ratio import Ratio
from keepwell.operations.rollouts.sequential import happens_more, rate_bounds

_SLOWEST = 0.05
"""Share of requests that may take longer than a limit for the 95th percentile."""

_FEWEST_ERRORS = 3
"""Fewer than this prove nothing, whatever the rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a step has shown so far.

    Attributes:
        verdict: The checks that could be made; it fails if one of them is a breach.
        sufficient: Whether the candidate answered often enough to go by it.
    """

    verdict: GateVerdict
    sufficient: bool

    @property
    def breaches(self) -> str:
        """The failed checks, in words; empty if there are none."""
        return "; ".join(check.detail for check in self.verdict.checks if not check.passed)


def judge(
    trial: Trial, limits: Limits, *, direction: int, min_rows: int, fallen: bool = False
) -> Judgement:
    """Return what speaks against the candidate, and whether enough was seen.

    Errors may breach at once; latency, predictions and quality only once enough was seen. Quality is
    compared where both versions have outcomes for at least `min_rows` rows. Where outcomes have shown the
    baseline to be wrong (`fallen`), it is no harm to predict otherwise.
    """
    candidate, baseline = trial.candidate, trial.baseline
    seen = candidate.requests
    if trial.unserved and trial.paired is not None:
        seen = trial.paired.rows  # it has no traffic yet, but scores what the champion answers
    sufficient = seen >= limits.step_requests
    checks = list(_errors(candidate, baseline, limits))
    if sufficient:
        checks += _latency(trial, limits)
        if not fallen:
            checks += _predictions(trial, limits)
    if trial.paired is not None:
        checks += _pairs(trial.paired, limits)
    if trial.ratio is not None:
        checks.append(_ratio(trial.ratio))
    checks += _quality(candidate, baseline, limits, direction, min_rows)
    passed = all(check.passed for check in checks)
    return Judgement(
        verdict=GateVerdict(passed=passed, checks=tuple(checks)), sufficient=sufficient
    )


def _errors(new: RouteStats, old: RouteStats, limits: Limits) -> Iterator[GateCheck]:
    if new.requests == 0:
        return
    rate, usual = new.errors / new.requests, old.errors / max(old.requests, 1)
    counts = (new.errors, new.requests), (old.errors, old.requests)
    # How often a champion fails that was not asked, nobody knows; then the margin alone is held against.
    certain = (
        happens_more(*counts, ALPHA)
        if old.requests
        else rate_bounds(*counts[0], ALPHA).low > limits.error_margin
    )
    breach = new.errors >= _FEWEST_ERRORS and rate > usual + limits.error_margin and certain
    yield GateCheck(
        name="errors",
        passed=not breach,
        value=rate,
        limit=usual + limits.error_margin,
        detail=f"version {new.version} failed {new.errors:,} of {new.requests:,} rows ({rate:.1%}),"
        f" version {old.version} {usual:.1%}",
    )


def _latency(trial: Trial, limits: Limits) -> Iterator[GateCheck]:
    new, old = trial.candidate, trial.baseline
    if new.latency_p95_ms is None or old.latency_p95_ms is None:
        return
    if min(new.requests, old.requests) < limits.latency_requests:
        return
    usual = old.latency_p95_ms
    limit = latency_limit(usual, limits)
    passed, more = new.latency_p95_ms <= limit, ""
    if trial.slow is not None and trial.slow[1]:
        # 5% may take longer than a 95th percentile; more than that must be beyond doubt.
        slow, answered = trial.slow
        passed = rate_bounds(slow, answered, ALPHA).low <= _SLOWEST
        more = f"; {slow:,} of {answered:,} requests took longer than {limit:.1f} ms"
    yield GateCheck(
        name="latency",
        passed=passed,
        value=new.latency_p95_ms,
        limit=limit,
        detail=f"95% of version {new.version}'s answers took up to {new.latency_p95_ms:.1f} ms,"
        f" version {old.version}'s {usual:.1f} ms{more}",
    )


def latency_limit(usual_ms: float, limits: Limits) -> float:
    """Return what a candidate's 95th percentile may be, beside the champion's usual one."""
    return max(usual_ms * limits.latency_factor, usual_ms + limits.latency_floor_ms)


def _predictions(trial: Trial, limits: Limits) -> Iterator[GateCheck]:
    """Compare what both say: on the same rows, if they were scored by both.

    The same rows matter where traffic is uneven: an hour of one class is far from any evaluation, for both
    versions alike. Whoever agrees with the champion does no new harm.
    """
    new, old, paired = trial.candidate, trial.baseline, trial.paired
    drift, usual, same = new.prediction_drift, old.prediction_drift or 0.0, ""
    apart = True
    if paired is not None and paired.shift is not None and paired.rows >= limits.step_requests:
        drift, usual = paired.new_drift, paired.old_drift or 0.0
        apart = paired.shift > limits.prediction_margin
        same = f"; on the same {paired.rows:,} rows the two versions are {paired.shift:.2f} apart"
    if drift is None:
        return
    limit = max(limits.prediction_shift, usual + limits.prediction_margin)
    yield GateCheck(
        name="predictions",
        passed=drift <= limit or not apart,
        value=drift,
        limit=limit,
        detail=f"version {new.version}'s live predictions are {drift:.2f} away from"
        f" those of its evaluation (limit {limit:.2f}){same}",
    )


def _pairs(paired: Paired, limits: Limits) -> Iterator[GateCheck]:
    if paired.rows >= limits.step_requests:
        yield from judge_pairs(paired).checks


def _ratio(ratio: Ratio) -> GateCheck:
    return GateCheck(
        name="sample ratio",
        passed=not ratio.mismatch,
        value=ratio.p_value,
        limit=RATIO_ALPHA,
        detail=ratio.detail,
    )


def _quality(
    new: RouteStats, old: RouteStats, limits: Limits, direction: int, min_rows: int
) -> Iterator[GateCheck]:
    if new.live is None or old.live is None or min(new.live.rows, old.live.rows) < min_rows:
        return
    best, worst = _best(new, direction), _worst(old, direction)
    yield GateCheck(
        name=f"live {new.live.name}",
        passed=direction * (worst - best) <= limits.quality_margin,
        value=new.live.value.value,
        limit=old.live.value.value,
        detail=f"version {new.version}'s {new.live.name} is {new.live.value.value:.4g} on"
        f" {new.live.rows:,} rows, version {old.version}'s {old.live.value.value:.4g} on"
        f" {old.live.rows:,}",
    )


def _best(stats: RouteStats, direction: int) -> float:
    """Return the favourable end of the interval; the value where there is no interval."""
    return _end(stats, favourable=direction > 0)


def _worst(stats: RouteStats, direction: int) -> float:
    """Return the unfavourable end of the interval; the value where there is no interval."""
    return _end(stats, favourable=direction < 0)


def _end(stats: RouteStats, *, favourable: bool) -> float:
    if stats.live is None:
        raise ValueError(f"version {stats.version} has no live metric")
    estimate = stats.live.value
    end = estimate.high if favourable else estimate.low
    return estimate.value if end is None else end
