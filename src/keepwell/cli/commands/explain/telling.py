"""Explanations, counterfactuals and the global explanation, as they are printed."""

from typing import TYPE_CHECKING

from keepwell.cli.commands.explain.bars import bar
from keepwell.cli.output import Output, text

if TYPE_CHECKING:
    from keepwell.core.records import Dependence, Estimate, ModelVersion, Overview
    from keepwell.operations.explanations import Changed, Explained

SHOWN = 12
_WIDTH = 24
_STRONG = 0.1
_SCALES = {
    "log-odds": "log-odds of {0}",
    "score": "score of {0}",
    "probability": "probability of {0}",
    "value": "predicted value",
}


def tell_explanation(out: Output, explained: "Explained") -> None:
    """Print what each column added to one answer."""
    said = explained.explanation
    likely = "" if said.probability is None else f"  ({said.explained} {said.probability:.1%})"
    out.say(f"{text(said.prediction)}{likely}  by {explained.version.key}", style="bold")
    for reason in said.reasons:
        out.say(f"  {reason}")
    largest = max((abs(one.contribution) for one in said.contributions), default=0.0)
    shown = said.contributions[:SHOWN]
    names = [f"{one.column} = {text(one.value)}"[:40] for one in shown]
    width = max(map(len, names), default=0)
    out.say()
    for name, one in zip(names, shown, strict=True):
        error = "" if one.standard_error is None else f" ± {one.standard_error:.2g}"
        drawn = bar(one.contribution, largest, _WIDTH)
        out.say(f"  {name:<{width}}  {drawn}  {one.contribution:+.4g}{error}")
    rest = said.contributions[SHOWN:]
    if rest:
        out.say(f"  {len(rest)} more columns: {sum(one.contribution for one in rest):+.4g}")
    scale = _SCALES[said.scale].format(said.explained if said.explained is not None else "it")
    start = "intercept" if said.method == "lime" else "for the typical row"
    out.say(f"  {said.base:.4g} {start}, {said.output:.4g} for this one: {scale}")
    if said.fidelity is not None:
        out.say(
            f"  a local linear model on {said.samples} rows nearby; it fits with R² {said.fidelity:.2f}"
        )
    elif said.method == "sampled":
        out.say(f"  sampled by {said.samples} walks; ± is the standard error")
    elif not said.exact:
        out.say(f"  by {said.method}, {said.samples} walks")
    for warning in said.warnings:
        out.note(f"! {warning}")


def tell_changes(out: Output, changed: "Changed") -> None:
    """Print what would have changed one answer."""
    said = changed.found
    likely = "" if said.probability is None else f"  ({said.probability:.1%})"
    out.say(f"{text(said.prediction)}{likely}  by {changed.version.key}", style="bold")
    if said.found:
        out.say(f"  what would have made it {said.goal}:")
    for number, one in enumerate(said.found, start=1):
        out.say(f"  {number}. {one.words}")
    if said.note:
        out.say(f"  {said.note}")
    out.say(f"  {said.tried:,} rows tried in {said.seconds:.2f} s", style="dim")


def tell_overview(out: Output, version: "ModelVersion", found: "Overview") -> None:
    """Print what a version goes by on the whole."""
    out.say(f"{version.key}: what it goes by, on {found.rows:,} test rows", style="bold")
    known = list(found.permutation) or list(found.strength)
    largest = max((abs(one.value) for one in found.permutation.values()), default=0.0)
    width = max(map(len, known[:SHOWN]), default=0)
    if found.permutation:
        out.say(f"  how much worse {found.metric} ({found.value:.4g}) gets without the column:")
        for name in known[:SHOWN]:
            drop = found.permutation[name]
            drawn = bar(drop.value, largest, _WIDTH)
            out.say(f"  {name:<{width}}  {drawn}  {drop.value:.4g}{_interval(drop)}")
        if len(known) > SHOWN:
            out.say(f"  and {len(known) - SHOWN} more columns")
    if found.strength:
        out.say()
        told = f"{found.method}, {found.scale}"
        out.say(f"  mean size of what the column adds to an answer ({told}):")
        for name, size in list(found.strength.items())[:SHOWN]:
            out.say(f"  {name:<{max(width, len(name))}}  {size:.4g}")
    if found.dependence:
        out.say()
        out.say(
            f"  how {found.explained or version.signature.target} moves with the column, on average:"
        )
        for one in found.dependence:
            out.say(f"  {one.column}: {_course(one)}")
    pairs = [one for one in found.interactions if one.strength >= _STRONG]
    if pairs:
        told = ", ".join(f"{one.first} and {one.second} {one.strength:.2f}" for one in pairs)
        out.say(f"  together, beyond each alone (Friedman's H): {told}")
    for note in found.notes:
        out.note(f"! {note}")


def _course(one: "Dependence") -> str:
    """Return where the mean starts, ends, and turns."""
    pairs = list(zip(one.grid, one.mean, strict=True))
    if not one.numeric:
        ranked = sorted(pairs, key=lambda pair: -pair[1])
        return ", ".join(f"{text(label)} {mean:.3g}" for label, mean in ranked[:4])
    places = {0, len(pairs) - 1}
    places |= {min(range(len(pairs)), key=lambda at: one.mean[at])}
    places |= {max(range(len(pairs)), key=lambda at: one.mean[at])}
    return " → ".join(f"{one.mean[at]:.3g} at {text(one.grid[at])}" for at in sorted(places))


def _interval(estimate: "Estimate") -> str:
    if estimate.low is None or estimate.high is None:
        return ""
    return f"  ({estimate.low:.3g} to {estimate.high:.3g})"
