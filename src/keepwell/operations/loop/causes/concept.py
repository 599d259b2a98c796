"""The same inputs, another truth: performance fell more than the inputs explain."""

from collections.abc import Iterable, Sequence

from keepwell.core.records import Cause, Signal
from keepwell.operations.loop.causes.inputs import excess, weight
from keepwell.operations.loop.view import View


def concept_changes(view: View, signals: Sequence[Signal]) -> Iterable[Cause]:
    """Yield one cause if performance fell, the likelier the quieter the inputs that matter are.

    Where errors rose on equal inputs (`concept_drift`), that is the evidence itself, whatever the inputs do.
    """
    proven = [signal for signal in signals if signal.kind == "concept_drift"]
    if proven:
        yield Cause(
            kind="concept",
            title="the relation between inputs and outcome changed",
            score=0.97,
            evidence=f"{proven[0].message} ({proven[0].value:.3g}, limit {proven[0].limit:.3g},"
            f" {proven[0].rows:,} rows)",
        )
        return
    fallen = [signal for signal in signals if signal.kind == "performance"]
    if not fallen:
        return
    noise = [
        excess(signal) * weight(view, signal.column)
        for signal in signals
        if signal.kind in ("drift", "quality")
    ]
    loudest = max(noise, default=0.0)
    worst = max(fallen, key=excess)
    quiet = (
        "no input moved"
        if not noise
        else f"{len(noise)} input(s) moved, the weightiest {loudest:.2f} of 1"
    )
    yield Cause(
        kind="concept",
        title="the relation between inputs and outcome changed",
        score=round(0.9 * (1 - loudest), 3),
        evidence=f"{worst.message}; {quiet}",
    )
