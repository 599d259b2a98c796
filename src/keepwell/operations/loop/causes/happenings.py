"""What changed just before it began: deployments, data versions, contract, configuration."""

from collections.abc import Iterable, Sequence

from keepwell.core.durations import format_duration
from keepwell.core.records import Cause, Signal
from keepwell.operations.loop.view import Happening, View

_WEIGHT = {
    "deployment": 0.9,
    "external": 0.8,
    "configuration": 0.7,
    "contract": 0.5,
    "anomaly": 0.45,
    "dataset": 0.4,
}
_OURS = frozenset({"performance", "errors", "latency", "prediction_drift"})
"""Kinds that a change on our side can bring about. What arrives in the inputs, it cannot."""


SLOW = frozenset({"errors", "latency", "objective"})
"""Kinds that a machine brings about which is short of something: answers do not change by that."""


_ALONGSIDE = 0.3
"""Score of a starved machine where quality fell: below whatever else explains that at all."""


def starved_host(view: View, signals: Sequence[Signal]) -> Iterable[Cause]:
    """Yield a cause if answers were slow, failed, or grew worse while the machine was short of something.

    A short machine makes answers late. It makes them wrong only where something stands in for what came too
    late, such as a fallback: it is named then, and ranks below what explains the fall by itself.
    """
    slow = [signal for signal in signals if signal.kind in SLOW]
    fallen = [signal for signal in signals if signal.kind == "performance"]
    worst = max(slow or fallen, key=lambda one: one.severity, default=None)
    if worst is None:
        return
    for happening in view.happenings:
        if happening.kind == "machine":
            title = "the machine was short of what it needs"
            yield Cause(
                kind="host",
                title=title if slow else f"{title}, while quality fell",
                score=0.92 if slow else _ALONGSIDE,
                evidence=f"{happening.what}; {worst.message}",
            )


def changes_around(view: View, signals: Sequence[Signal]) -> Iterable[Cause]:
    """Yield a cause for each happening in the window before the first signal, closer ones likelier."""
    ours = [signal for signal in signals if signal.kind in _OURS]
    if not ours:
        return
    began = min(signal.since for signal in ours)
    known = max(signal.until for signal in ours)
    span = max(view.policy.monitor.window_seconds or 0.0, known - began, 1.0)
    for happening in view.happenings:
        if happening.kind != "machine" and began - span <= happening.time <= known:
            yield _cause(happening, began, span)


def _cause(happening: Happening, began: float, span: float) -> Cause:
    gap = abs(began - happening.time)
    when = "before" if happening.time <= began else "after"
    return Cause(
        kind=happening.kind,
        title=f"{happening.kind}: {happening.what}",
        score=round(_WEIGHT.get(happening.kind, 0.4) * (1 - 0.5 * min(1.0, gap / span)), 3),
        evidence=f"{format_duration(gap)} {when} the first row that the signals rest on",
    )
