"""An incident's title: the whole of it in one line."""

from collections.abc import Sequence

from keepwell.core.records import Signal
from keepwell.operations.loop.view import View

_ORDER = (
    "performance", "concept_drift", "errors", "latency", "objective", "quality", "drift", "joint_drift",
    "slice_drift", "prediction_drift", "estimated_performance", "fairness", "kpi", "external",
)  # fmt: skip
_NAMED = 3


def title_of(view: View, signals: Sequence[Signal]) -> str:
    """Return the title for signals, worded after the gravest kind among them."""
    kinds = {signal.kind for signal in signals}
    gravest = next((kind for kind in _ORDER if kind in kinds), "")
    columns = [s.column for s in signals if s.kind == gravest and s.column]
    if not gravest and signals:  # a kind that says itself best
        return max(signals, key=lambda signal: signal.severity).message
    return _WORDS.get(gravest, _other)(view, columns)


def _performance(view: View, columns: Sequence[str]) -> str:
    live, subject = view.live, f"{view.endpoint.name} v{view.champion.version}"
    if live is None:
        return f"Performance of {subject} fell"
    promised = "" if live.expected is None else f", {live.expected:.3f} was promised"
    return f"Performance of {subject} fell: {live.name} {live.value.value:.3f}{promised}"


def _concept(view: View, columns: Sequence[str]) -> str:
    return f"What {view.endpoint.name} predicts depends otherwise on its inputs than it did"


def _joint(view: View, columns: Sequence[str]) -> str:
    return f"Inputs of {view.endpoint.name} go together otherwise than in training"


def _slice(view: View, columns: Sequence[str]) -> str:
    return f"Inputs of {view.endpoint.name} moved in some of its rows{_listed(columns)}"


def _errors(view: View, columns: Sequence[str]) -> str:
    return f"{view.endpoint.name} fails more often than it may"


def _latency(view: View, columns: Sequence[str]) -> str:
    return f"{view.endpoint.name} answers more slowly than it may"


def _quality(view: View, columns: Sequence[str]) -> str:
    return f"Inputs of {view.endpoint.name} arrive damaged{_listed(columns)}"


def _drift(view: View, columns: Sequence[str]) -> str:
    return f"Inputs of {view.endpoint.name} moved away from training{_listed(columns)}"


def _predictions(view: View, columns: Sequence[str]) -> str:
    return f"Answers of {view.endpoint.name} moved away from its evaluation"


def _external(view: View, columns: Sequence[str]) -> str:
    return f"Other monitoring warns of {view.endpoint.name}{_listed(columns)}"


def _estimated(view: View, columns: Sequence[str]) -> str:
    subject = f"{view.endpoint.name} v{view.champion.version}"
    return f"Performance of {subject} is estimated to have fallen"


def _objective(view: View, columns: Sequence[str]) -> str:
    return f"{view.endpoint.name} uses up its error budget too fast{_listed(columns)}"


def _fairness(view: View, columns: Sequence[str]) -> str:
    return f"{view.endpoint.name} treats groups too differently{_listed(columns)}"


def _kpi(view: View, columns: Sequence[str]) -> str:
    return f"{view.endpoint.name} misses the target of a KPI{_listed(columns)}"


def _other(view: View, columns: Sequence[str]) -> str:
    return f"{view.endpoint.name} is outside its limits"


def _listed(columns: Sequence[str]) -> str:
    if not columns:
        return ""
    more = f" and {len(columns) - _NAMED} more" if len(columns) > _NAMED else ""
    return ": " + ", ".join(columns[:_NAMED]) + more


_WORDS = {
    "performance": _performance,
    "concept_drift": _concept,
    "joint_drift": _joint,
    "slice_drift": _slice,
    "errors": _errors,
    "latency": _latency,
    "quality": _quality,
    "drift": _drift,
    "prediction_drift": _predictions,
    "external": _external,
    "estimated_performance": _estimated,
    "objective": _objective,
    "fairness": _fairness,
    "kpi": _kpi,
}
