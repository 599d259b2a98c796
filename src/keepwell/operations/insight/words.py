"""A fairness view in sentences."""

from collections.abc import Sequence

from keepwell.core.records import Estimate, FairnessView, Group, Mitigation

FOUR_FIFTHS = 0.8
_METRICS = {
    "selection_rate": "selection rate, largest difference",
    "disparate_impact": "disparate impact, smallest over largest selection rate",
    "true_positive_rate": "true positive rate, largest difference",
    "false_positive_rate": "false positive rate, largest difference",
    "equalized_odds": "equalized odds, the larger of the two differences above",
    "accuracy": "accuracy, largest difference",
    "mean_prediction": "mean prediction, largest difference",
    "mean_residual": "mean of actual minus predicted, largest difference",
    "mae": "mean error, largest difference",
}


def metric_words(metric: str) -> str:
    """Return what a gap says."""
    return _METRICS[metric]


def fairness_words(view: FairnessView) -> list[str]:
    """Return what a view says, for somebody who has no statistics."""
    if view.note:
        return [f"{view.column}: not measured, {view.note}."]
    said = _labels(view) if view.favourable else _numbers(view)
    if view.small:
        few = ", ".join(f"{name} ({rows})" for name, rows in view.small[:5])
        said.append(f"Too few rows to tell (below {view.smallest}): {few}.")
    return said


def mitigation_words(one: Mitigation) -> str:
    """Return what thresholds by group would change."""
    rate = one.metric.replace("_", " ")
    cuts = ", ".join(f"{name} {value:.3g}" for name, value in one.thresholds.items())
    change = one.accuracy_after - one.accuracy_before
    return (
        f"Thresholds by group ({cuts}) would bring the difference in {rate} from {one.gap_before:.3f} to "
        f"{one.gap_after:.3f} and change accuracy by {100 * change:+.1f} points "
        f"({one.accuracy_before:.3f} to {one.accuracy_after:.3f}, on {one.rows:,} rows)."
    )


def _labels(view: FairnessView) -> list[str]:
    high = max(view.groups, key=lambda one: one.selection_rate or 0.0)
    low = min(view.groups, key=lambda one: one.selection_rate or 0.0)
    said = [
        f"By {view.column}: “{view.favourable}” is predicted for {high.selection_rate:.0%} of {high.name} "
        f"and {low.selection_rate:.0%} of {low.name}."
    ]
    impact = view.gaps.get("disparate_impact")
    if impact is not None:
        verdict = "below" if impact.value < FOUR_FIFTHS else "within"
        said.append(
            f"That is a ratio of {impact.value:.2f}{reach(impact)}, {verdict} the four-fifths rule (0.80)."
        )
    odds = view.gaps.get("equalized_odds")
    if odds is not None:
        said.append(
            f"Its errors differ between groups by up to {100 * odds.value:.0f} points{reach(odds, 100)}."
        )
    return said


def _numbers(view: FairnessView) -> list[str]:
    def residual(one: Group) -> float:
        return one.mean_residual or 0.0

    high, low = max(view.groups, key=residual), min(view.groups, key=residual)
    gap = view.gaps["mean_residual"]
    return [
        f"By {view.column}: {high.name} is {_off(residual(high))}, {low.name} {_off(residual(low))} on "
        f"average; the difference is {gap.value:.4g}{reach(gap)}."
    ]


def _off(residual: float) -> str:
    return f"predicted {abs(residual):.4g} too {'low' if residual > 0 else 'high'}"


def reach(estimate: Estimate, scale: float = 1.0) -> str:
    """Return the interval in brackets; empty if there is none."""
    if estimate.low is None or estimate.high is None:
        return ""
    low, high = scale * estimate.low, scale * estimate.high
    digits = ".0f" if scale > 1 else ".3g"
    return f" (likely {low:{digits}} to {high:{digits}})"


def columns_of(groups: Sequence[Group]) -> list[str]:
    """Return the rates that at least one group has."""
    return [
        name
        for name in (
            "selection_rate", "true_positive_rate", "false_positive_rate", "accuracy",
            "mean_prediction", "mean_residual", "mae",
        )
        if any(getattr(one, name) is not None for one in groups)
    ]  # fmt: skip
