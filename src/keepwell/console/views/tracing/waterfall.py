"""One trace: its steps over time, what each was asked and said, and what was thought of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keepwell.monitoring.prediction_log.schema import predictions_of
from keepwell.monitoring.traces.span import Span
from keepwell.monitoring.traces.wanted import quoted

if TYPE_CHECKING:
    from keepwell.core.records import Prediction
    from keepwell.workspace import Workspace

AROUND = 300.0
"""Seconds around a trace in which predictions of it are looked for."""

MOST = 50
LEAST = 0.4  # percent of the width that a bar takes at least
DEEPEST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A step, and where its bar lies in percent of the whole; `first` is where its first token came."""

    span: Span
    depth: int
    cost: float | None
    left: float
    width: float
    first: float | None
    asked: str
    said: str
    attributes: dict[str, Any]


def trace(workspace: "Workspace", identifier: str) -> dict[str, Any]:
    """Return the context of `trace.html`."""
    whole = workspace.traces.read(identifier)
    begun = min(span.time for span in whole.spans)
    ended = max(span.end for span in whole.spans)
    length = max(ended - begun, 1e-6)
    costs = [cost for cost in whole.costs if cost is not None]
    counted = [span for span in whole.spans if span.kind in ("llm", "embedding")]
    return {
        "trace": whole.trace,
        "first": whole.spans[0],
        "begun": begun,
        "ms": length * 1000,
        "bars": [
            _bar(span, depth, cost, begun, length)
            for span, depth, cost in zip(whole.spans, whole.depths, whole.costs, strict=True)
        ],
        "input_tokens": sum(span.input_tokens or 0 for span in counted),
        "output_tokens": sum(span.output_tokens or 0 for span in counted),
        "cost": sum(costs) if costs else None,
        "currency": workspace.spec.costs.currency,
        "scores": whole.scores,
        "errors": [span for span in whole.spans if span.error],
        "predictions": _answered(workspace, whole.trace, begun, ended),
    }


def _bar(span: Span, depth: int, cost: float | None, begun: float, length: float) -> Bar:
    left = (span.time - begun) / length * 100
    width = max(span.ms / 1000 / length * 100, LEAST)
    first = None
    if span.first_token_ms is not None:
        first = round(min(left + span.first_token_ms / 1000 / length * 100, 100.0), 2)
    left = min(left, 100 - LEAST)
    return Bar(
        span=span,
        depth=min(depth, DEEPEST),
        cost=cost,
        left=round(left, 2),
        width=round(min(width, 100 - left), 2),
        first=first,
        asked=_readable(span.input),
        said=_readable(span.output),
        attributes=json.loads(span.attributes),
    )


def _answered(
    workspace: "Workspace", trace: str, begun: float, ended: float
) -> "Sequence[Prediction]":
    """Return the predictions of this workspace that are part of the trace."""
    since, until = (round(time * 1e6) for time in (begun - AROUND, ended + AROUND))
    rows = workspace.predictions.query(
        f"SELECT * FROM predictions WHERE trace = {quoted(trace)}"  # noqa: S608 (quoted)
        f" AND time >= make_timestamptz({since}) AND time < make_timestamptz({until})"
        f" ORDER BY time LIMIT {MOST}"
    )
    return predictions_of(rows)


def _readable(text: str) -> str:
    """Return messages as people read them, other JSON in lines, text as it is."""
    if text[:1] not in "[{":
        return text
    try:
        found = json.loads(text)
    except ValueError:
        return text
    if isinstance(found, list) and found and all(_is_message(one) for one in found):
        return "\n\n".join(f"{one['role']}: {one['content']}" for one in found)
    return json.dumps(found, indent=2, ensure_ascii=False)


def _is_message(one: Any) -> bool:
    return (
        isinstance(one, dict)
        and isinstance(one.get("content"), str)
        and isinstance(one.get("role"), str)
    )
