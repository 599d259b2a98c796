"""Is the candidate on trial doing harm? Judged on what both versions did during the current step."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from keepwell.core.records import GateCheck, GateVerdict
from keepwell.operations.loop.policy import Limits
from keepwell.operations.loop.view import RouteStats, Trial

_Z = 2.326  # one-sided 99%
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


def judge(trial: Trial, limits: Limits, *, direction: int, min_rows: int) -> Judgement:
    """Return what speaks against the candidate, and whether enough was seen.

    Errors may breach at once; latency, predictions and quality only once enough was seen. Quality is
    compared where both versions have outcomes for at least `min_rows` rows.
    """
    candidate, baseline = trial.candidate, trial.baseline
    sufficient = candidate.requests >= limits.step_requests
    checks = list(_errors(candidate, baseline, limits))
    if sufficient:
        checks += _latency(candidate, baseline, limits)
        checks += _predictions(candidate, baseline, limits)
    checks += _quality(candidate, baseline, limits, direction, min_rows)
    passed = all(check.passed for check in checks)
    return Judgement(
        verdict=GateVerdict(passed=passed, checks=tuple(checks)), sufficient=sufficient
    )


def _errors(new: RouteStats, old: RouteStats, limits: Limits) -> Iterator[GateCheck]:
    if new.requests == 0:
        return
    rate, usual = new.errors / new.requests, old.errors / max(old.requests, 1)
    limit = usual + limits.error_margin
    breach = new.errors >= _FEWEST_ERRORS and _at_least(new.errors, new.requests) > limit
    yield GateCheck(
        name="errors",
        passed=not breach,
        value=rate,
        limit=limit,
        detail=f"version {new.version} failed {new.errors:,} of {new.requests:,} rows ({rate:.1%}),"
        f" version {old.version} {usual:.1%}",
    )


def _latency(new: RouteStats, old: RouteStats, limits: Limits) -> Iterator[GateCheck]:
    if new.latency_p95_ms is None or old.latency_p95_ms is None:
        return
    if min(new.requests, old.requests) < limits.latency_requests:
        return
    usual = old.latency_p95_ms
    limit = max(usual * limits.latency_factor, usual + limits.latency_floor_ms)
    yield GateCheck(
        name="latency",
        passed=new.latency_p95_ms <= limit,
        value=new.latency_p95_ms,
        limit=limit,
        detail=f"95% of version {new.version}'s answers took up to {new.latency_p95_ms:.1f} ms,"
        f" version {old.version}'s {usual:.1f} ms",
    )


def _predictions(new: RouteStats, old: RouteStats, limits: Limits) -> Iterator[GateCheck]:
    if new.prediction_drift is None:
        return
    usual = old.prediction_drift or 0.0
    limit = max(limits.prediction_shift, usual + limits.prediction_margin)
    yield GateCheck(
        name="predictions",
        passed=new.prediction_drift <= limit,
        value=new.prediction_drift,
        limit=limit,
        detail=f"version {new.version}'s live predictions are {new.prediction_drift:.2f} away from"
        f" those of its evaluation (limit {limit:.2f})",
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


def _at_least(errors: int, requests: int) -> float:
    """Return the lower end of Wilson's interval for an error rate."""
    rate, z2 = errors / requests, _Z * _Z
    middle = rate + z2 / (2 * requests)
    half = _Z * math.sqrt(rate * (1 - rate) / requests + z2 / (4 * requests * requests))
    return max(0.0, (middle - half) / (1 + z2 / requests))
