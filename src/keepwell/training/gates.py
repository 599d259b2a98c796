"""Whether a model version may go live: limits it must reach, and the champion on the same rows.

A gate says no in numbers: each check carries the value, the limit and what they were measured on. A
check that cannot be decided on the rows at hand does not pass.
"""

from collections.abc import Sequence
from typing import Any

from keepwell.core.errors import InvalidDataError, UsageError
from keepwell.core.records import Estimate, FairnessView, GateCheck, GateVerdict, Task
from keepwell.core.spec import FairnessSpec, GateSpec
from keepwell.tracking.fairness import LABEL_METRICS, NUMBER_METRICS, fairness_view
from keepwell.tracking.metrics import Scored, Scores, direction, intervals, paired_difference
from keepwell.tracking.metrics.catalog import check_metric

__all__ = ["Scores", "judge"]


def judge(  # noqa: PLR0913 (each is a fact that the verdict rests on, by name)
    gate: GateSpec,
    *,
    task: Task,
    classes: Sequence[Any],
    metric: str,
    actual: Sequence[Any],
    candidate: Scored,
    champion: Scored | None = None,
    latency_ms: float | None = None,
    groups: Sequence[Any] | None = None,
) -> GateVerdict:
    """Return the verdict on a candidate, measured on rows that neither model has learnt from.

    Args:
        gate: What is asked for.
        task: What is predicted.
        classes: Labels in the order of the probabilities.
        metric: What champion and candidate are compared by.
        actual: True labels or numbers.
        candidate: What the candidate says about the rows.
        champion: What the champion says about the same rows; None if there is none.
        latency_ms: Measured time of one row; None: not measured.
        groups: By row, the group that fairness is asked about.

    Returns:
        Passed if every check passed; `better` if the whole interval of the difference to the
        champion lies on the good side.

    Raises:
        UsageError: If the gate asks for what this model cannot be asked for.
    """
    measured = intervals(task, classes, actual, candidate)
    rows = len(actual)
    checks = [
        _minimum(name, limit, measured.get(check_metric(name, task)), rows)
        for name, limit in gate.min.items()
    ]
    better = False
    if champion is not None:
        try:
            gain = _gain(metric, task, classes, actual, candidate, champion)
        except InvalidDataError as undecided:
            checks.append(_undecided(f"champion {metric}", -gate.max_drop, undecided.what))
        else:
            better = gain.low is not None and gain.low > 0
            checks.append(_against_champion(metric, gate.max_drop, gain, rows))
    if gate.latency_ms is not None:
        checks.append(_latency(latency_ms, gate.latency_ms))
    if gate.fairness is not None:
        checks.append(_fairness(gate.fairness, task, classes, actual, candidate, groups))
    return GateVerdict(
        passed=all(check.passed for check in checks), checks=tuple(checks), better=better
    )


def _minimum(name: str, limit: float, measured: Estimate | None, rows: int) -> GateCheck:
    check = f"min {name}"
    if measured is None:
        return _undecided(check, limit, f"these {rows:,} rows cannot decide {name}")
    short = direction(name) * (limit - measured.value)
    side = "above" if direction(name) < 0 else "below"
    verdict = f"{short:.4g} {side} the limit" if short > 0 else "reached"
    interval = _interval(measured)
    return GateCheck(
        name=check,
        passed=short <= 0,
        value=measured.value,
        limit=limit,
        detail=f"{verdict} on {rows:,} rows{interval}",
    )


def _gain(
    metric: str,
    task: Task,
    classes: Sequence[Any],
    actual: Sequence[Any],
    candidate: Scored,
    champion: Scored,
) -> Estimate:
    """Return the difference so that more is better, whatever the metric."""
    found = paired_difference(metric, task, classes, actual, candidate, champion)
    if direction(metric) > 0:
        return found
    low = None if found.high is None else -found.high
    return Estimate(value=-found.value, low=low, high=None if found.low is None else -found.low)


def _against_champion(metric: str, max_drop: float, gain: Estimate, rows: int) -> GateCheck:
    """Close the gate on a drop that is larger than allowed, and larger than chance explains."""
    side = "better" if gain.value > 0 else "worse"
    amount = "as good as the champion" if gain.value == 0 else f"{abs(gain.value):.4g} {side}"
    than = "" if gain.value == 0 else " than the champion"
    return GateCheck(
        name=f"champion {metric}",
        passed=gain.value >= -max_drop or (gain.high is not None and gain.high >= 0),
        value=gain.value,
        limit=-max_drop,
        detail=f"{amount}{than} on the same {rows:,} rows{_interval(gain)}",
    )


def _interval(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return ""
    return f" (95% interval {estimate.low:.4g} to {estimate.high:.4g})"


def _latency(measured: float | None, limit: float) -> GateCheck:
    if measured is None:
        return _undecided("latency_ms", limit, "it was not measured")
    return GateCheck(
        name="latency_ms",
        passed=measured <= limit,
        value=measured,
        limit=limit,
        detail="median of one row, in process",
    )


def _undecided(name: str, limit: float, why: str) -> GateCheck:
    return GateCheck(name=name, passed=False, value=0.0, limit=limit, detail=f"undecided: {why}")


def _fairness(
    fairness: FairnessSpec,
    task: Task,
    classes: Sequence[Any],
    actual: Sequence[Any],
    candidate: Scored,
    groups: Sequence[Any] | None,
) -> GateCheck:
    """Hold the gap between groups to its limit, in the metric that was asked for."""
    metric = fairness.metric
    name = f"fairness {fairness.by}"
    if task.several:
        raise UsageError(
            f"gate.fairness by '{fairness.by}' asks how often groups are selected",
            why=f"{task.value} answers with lists, which select nobody",
            now="remove `fairness:` under `gate:`",
        )
    if metric != "selection_rate":
        name += f" {metric}"
    known = NUMBER_METRICS if task.numeric else LABEL_METRICS
    if metric not in known:
        raise UsageError(
            f"gate.fairness by '{fairness.by}' asks for {metric}",
            why=_UNFIT[task.numeric],
            now=f"set gate.fairness.metric to one of {', '.join(known)}, or remove `fairness:`",
        )
    if groups is None:
        return _undecided(name, fairness.max_gap, f"the rows carry no '{fairness.by}'")
    view = fairness_view(
        fairness.by, groups, task=task, classes=classes, actual=actual, scores=candidate
    )
    gap = view.gaps.get(metric)
    if gap is None:
        why = view.note or f"these {len(actual):,} rows cannot decide {metric}"
        return _undecided(name, fairness.max_gap, why)
    lacking = 1 - gap.value if metric == "disparate_impact" else gap.value
    return GateCheck(
        name=name,
        passed=lacking <= fairness.max_gap,
        value=lacking,
        limit=fairness.max_gap,
        detail=_told(view, metric, gap),
    )


_UNFIT = {
    True: "a regression selects nobody: it predicts numbers",
    False: "a classification predicts no numbers: it selects",
}


def _told(view: FairnessView, metric: str, gap: Estimate) -> str:
    if metric == "disparate_impact":
        return f"the smallest selection rate is {gap.value:.2f} of the largest{_interval(gap)}"
    if metric == "equalized_odds":
        return f"error rates differ by up to {gap.value:.4g}{_interval(gap)}"
    known = [(getattr(group, metric), group.name) for group in view.groups]
    ranked = sorted((value, name) for value, name in known if value is not None)
    low, high = ranked[0], ranked[-1]
    if metric == "selection_rate":
        return f"'{view.favourable}' is predicted for {high[0]:.1%} of {high[1]} and {low[0]:.1%} of {low[1]}"
    words = metric.replace("_", " ")
    return f"{words} is {high[0]:.4g} for {high[1]} and {low[0]:.4g} for {low[1]}{_interval(gap)}"
