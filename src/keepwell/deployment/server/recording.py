"""One scored request as frames of the prediction log and as the document that answers it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from keepwell.core.identifiers import new_id
from keepwell.deployment.flags.answering import Fallback
from keepwell.deployment.quarantine import Quarantine
from keepwell.deployment.scoring.scorer import Scores
from keepwell.deployment.server.assignment import Instance, Part
from keepwell.deployment.server.snapshot import LiveEndpoint, LiveRoute
from keepwell.infrastructure.segments import encode_prediction

_encode = msgspec.json.Encoder(enc_hook=str).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A part of a request and the answers to it."""

    part: Part
    scores: Scores
    ids: list[str]
    fallback: Fallback | None = None


class Circumstances(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What all rows of a request have in common in the log."""

    time: float
    request: str
    latency_ms: float
    caller: str
    trace: str = ""
    parent: str = ""


def number(part: Part, scores: Scores, now: float, fallback: Fallback | None = None) -> Scored:
    """Give each row of a part its prediction id."""
    ids = [new_id(now) for _ in part.rows]
    return Scored(part=part, scores=scores, ids=ids, fallback=fallback)


def frames_of(endpoint: LiveEndpoint, scored: Scored, about: Circumstances) -> list[bytes]:
    """Return the frames that log a part."""
    route, scores = scored.part.route, scored.scores
    known = endpoint.columns or route.labels.inputs
    probabilities = scores.probabilities
    rows = [()] * len(scored.ids) if probabilities is None else probabilities.tolist()
    frames = []
    for at, (instance, identifier) in enumerate(zip(scored.part.rows, scored.ids, strict=True)):
        key = scored.part.keys[at] if endpoint.logs_key else ""
        logged = key, _inputs(instance, known, endpoint.quarantine)
        frames.append(
            frame_of(endpoint, route, about, identifier, logged, scores.predictions[at], rows[at])
        )
    return frames


def frame_of(
    endpoint: LiveEndpoint,
    route: LiveRoute,
    about: Circumstances,
    identifier: str,
    logged: tuple[str, str],
    prediction: Any,
    probabilities: Sequence[float],
) -> bytes:
    """Return the frame that logs a row.

    Args:
        endpoint: Who was asked.
        route: The version that answered.
        about: What the rows of a request have in common.
        identifier: The prediction's id.
        logged: The row's key, and the row itself as JSON.
        prediction: The answer.
        probabilities: By class; none for a regression.
    """
    return encode_prediction(
        {
            "id": identifier,
            "time": about.time,
            "endpoint": endpoint.name,
            "model": endpoint.model,
            "version": route.version,
            "role": route.role,
            "request": about.request,
            "key": logged[0],
            "inputs": logged[1],
            "prediction": route.labels.log(prediction),
            "probabilities": probabilities,
            "latency_ms": about.latency_ms,
            "caller": about.caller,
            "trace": about.trace,
            "parent": about.parent,
        }
    )


def document_of(
    endpoint: LiveEndpoint, parts: list[Scored], *, logged: bool = True
) -> dict[str, Any]:
    """Return the answer to a request, its rows in the order they came in.

    Rows that were not logged have null for an id: there is nothing that an outcome could be joined to.
    `model` is the one that answered the first row; `models` says it row by row where they differ.
    """
    predictions = _in_order(parts, [list(scored.scores.predictions) for scored in parts])
    document: dict[str, Any] = {"predictions": predictions}
    named = [
        scored.part.route.labels.name(scored.scores.probabilities)
        for scored in parts
        if scored.scores.probabilities is not None
    ]
    if named and len(named) == len(parts):  # a constant has none
        document["probabilities"] = _in_order(parts, named)
    bands = [
        scored.part.route.labels.quantiles(scored.scores.quantiles)
        for scored in parts
        if scored.scores.quantiles is not None
    ]
    if bands and len(bands) == len(parts):
        document["quantiles"] = _in_order(parts, bands)
    ids = _in_order(parts, [scored.ids for scored in parts])
    document["prediction_ids"] = ids if logged else [None] * len(ids)
    models = [{"name": endpoint.model, "version": one.part.route.version} for one in parts]
    document["model"] = models[0]
    if len(parts) > 1:
        repeated = [[m] * len(one.ids) for m, one in zip(models, parts, strict=True)]
        document["models"] = _in_order(parts, repeated)
    fallen = [one for one in parts if one.fallback is not None]
    if fallen:
        document["fallback"] = _fallback_document(fallen)
    warnings = list(dict.fromkeys(text for one in parts for text in one.scores.warnings))
    if endpoint.quarantine is not None:
        warnings += endpoint.quarantine.told
    if warnings:
        document["warnings"] = warnings
    return document


def _fallback_document(fallen: list[Scored]) -> dict[str, Any]:
    """Return who answered in whose place, and why."""
    first = fallen[0].fallback
    return {
        "rows": sum(len(one.ids) for one in fallen),
        "by": list(dict.fromkeys(one.fallback.by for one in fallen if one.fallback)),
        "in_place_of": first.version or None if first else None,
        "why": first.why if first else "",
    }


def _in_order(parts: list[Scored], values: list[list[Any]]) -> list[Any]:
    if len(parts) == 1:
        return values[0]
    result: list[Any] = [None] * sum(len(scored.ids) for scored in parts)
    for scored, own in zip(parts, values, strict=True):
        for place, value in zip(scored.part.places or (), own, strict=True):
            result[place] = value
    return result


def _inputs(instance: Instance, known: frozenset[str], quarantine: Quarantine | None) -> str:
    if quarantine is not None:
        return _encode(quarantine.marked(instance, known)).decode()
    if instance.keys() <= known:
        return _encode(instance).decode()
    return _encode({name: value for name, value in instance.items() if name in known}).decode()
