"""Reads events, answers them, and never stops for a bad one."""

import hashlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from keepwell.core.errors import InvalidRequestError, KeepwellError
from keepwell.core.records import Signature
from keepwell.deployment.labels import class_names
from keepwell.deployment.scoring import Scores
from keepwell.deployment.streams.base import Answer, Event, Stream

AT_ONCE = 1000
WAIT = 0.2
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder(enc_hook=str).encode


class Answering(Protocol):
    """What answers events: a scorer, or what completes the rows before it asks one."""

    signature: Signature

    def rows(self, instances: Sequence[Mapping[str, Any]]) -> Scores:
        """Answer rows."""
        ...


Current = Callable[[], tuple[Answering, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """What came of it.

    Attributes:
        events: Events that were answered.
        refused: How many of them by an error.
    """

    events: int = 0
    refused: int = 0


def attach(
    current: Current,
    stream: Stream,
    *,
    stop: threading.Event | None = None,
    idle: float | None = None,
) -> Attached:
    """Answer the events of a stream until it ends, `stop` is set, or none came for a time.

    An answer is the event with `prediction`, `probability_<class>`, `prediction_id` and `model_version`. An
    event that does not fit the model is answered by `{"error": …, "event": …}`, and the next one comes.

    Args:
        current: Gives the scorer and its version; asked before each handful of events.
        stream: What is read and written.
        stop: Ends it after the events in hand.
        idle: Seconds without an event after which it ends; None waits for ever.
    """
    stopping = stop or threading.Event()
    events = refused = 0
    last = time.monotonic()
    try:
        while not stopping.is_set():
            found = stream.read(AT_ONCE, WAIT)
            if not found:
                if stream.ended or (idle is not None and time.monotonic() - last >= idle):
                    break
                continue
            scorer, version = current()
            answers, bad = answer(scorer, version, found)
            stream.answer(answers)
            events += len(answers)
            refused += bad
            last = time.monotonic()
    finally:
        stream.close()
    return Attached(events=events, refused=refused)


def answer(scorer: Answering, version: int, events: Sequence[Event]) -> tuple[list[Answer], int]:
    """Return the answers to events, in order, and how many of them are refusals."""
    rows: list[dict[str, Any] | None] = []
    told: list[dict[str, Any]] = []
    for event in events:
        try:
            rows.append(_decode(event.data))
            told.append({})
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            rows.append(None)
            told.append({"error": {"what": "the event is not a JSON object", "why": str(error)}})
    good = [at for at, row in enumerate(rows) if row is not None]
    instances = [row for row in rows if row is not None]
    for at, document in zip(good, _answers(scorer, instances), strict=True):
        told[at] = document
    answers, refused = [], 0
    for event, row, document in zip(events, rows, told, strict=True):
        if "error" in document:
            refused += 1
            given = event.data.decode(errors="replace")[:1000] if row is None else row
            whole = {**document, "event": given}
        else:
            identity = {"prediction_id": _id(event), "model_version": version}
            whole = {**(row or {}), **document, **identity}
        answers.append(Answer(data=_encode(whole), key=event.key))
    return answers, refused


def _answers(scorer: Answering, instances: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what is said of each instance; if one does not fit, they are asked one by one."""
    if not instances:
        return []
    try:
        return _documents(scorer, scorer.rows(instances))
    except InvalidRequestError as error:
        if len(instances) == 1:
            return [{"error": {"what": error.what, "why": error.why, "now": error.now}}]
    except KeepwellError as error:
        if len(instances) == 1:
            return [{"error": {"what": error.what, "why": error.why, "now": error.now}}]
    middle = len(instances) // 2
    return [*_answers(scorer, instances[:middle]), *_answers(scorer, instances[middle:])]


def _documents(scorer: Answering, scores: Scores) -> list[dict[str, Any]]:
    if scores.probabilities is None:
        return [{"prediction": value} for value in scores.predictions]
    names = [f"probability_{name}" for name in class_names(scorer.signature)]
    return [
        {"prediction": value, **dict(zip(names, row, strict=True))}
        for value, row in zip(scores.predictions, scores.probabilities.tolist(), strict=True)
    ]


def _id(event: Event) -> str:
    """Return an id in the form of a ULID that the same event at the same place gets every time."""
    number = int.from_bytes(
        hashlib.sha256(f"{event.place}\0".encode() + event.data).digest()[:16], "big"
    )
    number &= (1 << 128) - 1
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
