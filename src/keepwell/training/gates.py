"""Whether a model version may go live: limits it must reach, and the champion on the same rows.

A gate says no in numbers: each check carries the value, the limit and what they were measured on. A
check that cannot be decided on the rows at hand does not pass.
"""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import InvalidDataError, UsageError
from keepwell.core.records import Estimate, GateCheck, GateVerdict, Task
from keepwell.core.spec import FairnessSpec, GateSpec
from keepwell.tracking.metrics import Scored, Scores, direction, intervals, paired_difference
from keepwell.tracking.metrics.catalog import check_metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Scores", "judge"]

FEWEST_OF_A_GROUP = 20  # a rate over fewer rows says little about a group


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
        checks.append(_fairness(gate.fairness, task, classes, candidate, groups))
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
    candidate: Scored,
    groups: Sequence[Any] | None,
) -> GateCheck:
    """Compare how often each group is given the positive class (of many classes: any one)."""
    name = f"fairness {fairness.by}"
    if task.several:
        raise UsageError(
            f"gate.fairness by '{fairness.by}' asks how often groups are selected",
            why=f"{task.value} answers with lists, which select nobody",
            now="remove `fairness:` under `gate:`",
        )
    if task.numeric:
        raise UsageError(
            f"gate.fairness by '{fairness.by}' asks how often groups are selected",
            why="a regression selects nobody: it predicts numbers",
            now="remove `fairness:` under `gate:`",
        )
    if groups is None:
        return _undecided(name, fairness.max_gap, f"the rows carry no '{fairness.by}'")
    counts = Counter(str(group) for group in groups if group is not None)
    large = [group for group, count in counts.items() if count >= FEWEST_OF_A_GROUP]
    if len(large) < 2:  # noqa: PLR2004 - a gap has two sides
        why = f"'{fairness.by}' has fewer than two groups of {FEWEST_OF_A_GROUP} rows or more"
        return _undecided(name, fairness.max_gap, why)
    gap, label, low, high = _widest_gap(classes, candidate, groups, sorted(large))
    return GateCheck(
        name=name,
        passed=gap <= fairness.max_gap,
        value=gap,
        limit=fairness.max_gap,
        detail=f"'{label}' is predicted for {high[1]:.1%} of {high[0]} and {low[1]:.1%} of {low[0]}",
    )


def _widest_gap(
    classes: Sequence[Any], candidate: Scored, groups: Sequence[Any], names: Sequence[str]
) -> tuple[float, Any, tuple[str, float], tuple[str, float]]:
    said: NDArray[Any] = np.array([str(label) for label in candidate.predictions])
    member = np.array([str(group) for group in groups])
    asked = classes[1:] if len(classes) == 2 else classes  # noqa: PLR2004 - the second is the positive
    found = []
    for label in asked:
        rates = {name: float(np.mean(said[member == name] == str(label))) for name in names}
        low, high = min(rates, key=rates.__getitem__), max(rates, key=rates.__getitem__)
        found.append((rates[high] - rates[low], label, (low, rates[low]), (high, rates[high])))
    return max(found, key=lambda item: item[0])
