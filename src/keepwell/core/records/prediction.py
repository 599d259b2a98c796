"""A prediction is one answered row; an outcome is what turned out to be true."""

from dataclasses import dataclass
from typing import Any

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One row that was scored, as it is logged.

    Attributes:
        id: A ULID, stamped with the time of the answer.
        time: Unix seconds.
        endpoint: Who was asked.
        model: The registered model.
        version: The version that answered.
        role: The role of that version at that time.
        request: ULID of the HTTP request; rows of one request share it.
        key: Value of the endpoint's key column, as text; empty if none was sent.
        inputs: The instance as JSON, as it was scored (extra columns left out).
        prediction: The predicted label or number, as JSON.
        probabilities: Class probabilities in the signature's order; empty for regression.
        latency_ms: From the request's first byte parsed to its answer ready, whole request.
        caller: Who asked.
        trace: Trace id of the request (W3C Trace Context); empty if it bore none.
        parent: The step of that trace that the request was part of; empty if it bore none.
    """

    id: str
    time: float
    endpoint: str
    model: str
    version: int
    role: str
    request: str
    key: str
    inputs: str
    prediction: str
    probabilities: tuple[float, ...] = ()
    latency_ms: float = 0.0
    caller: str = ""
    trace: str = ""
    parent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What turned out to be true for one prediction.

    Attributes:
        prediction_id: The prediction that it belongs to.
        endpoint: The endpoint that answered it.
        outcome: The true label or number, as JSON.
        time: When it was received, Unix seconds.
    """

    prediction_id: str
    endpoint: str
    outcome: str
    time: float


def shown(answer: Any) -> Any:
    """Return an answer as a list of answers shows it: of many recommendations, the first few by name."""
    if not isinstance(answer, list):
        return answer
    names = [str(one.get("item", one)) if isinstance(one, dict) else str(one) for one in answer]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (", ".join(names[:_SHOWN]) or "nothing") + more
