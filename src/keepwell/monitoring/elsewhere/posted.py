"""A prediction as somebody else's system tells it, checked before anything is done with it."""

import json
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from keepwell.core.errors import InvalidRequestError, NotFoundError
from keepwell.core.identifiers import is_id, new_id, time_of
from keepwell.core.records import Endpoint, ModelVersion, Prediction
from keepwell.core.suggestions import did_you_mean
from keepwell.monitoring.labels import Labels
from keepwell.monitoring.prediction_log.scan import SLACK

EXTERNAL_ROLE = "external"
FIELDS = (
    "id", "time", "version", "key", "inputs", "prediction", "probabilities", "score", "latency_ms",
    "outcome", "trace",
)  # fmt: skip
_FORM = '{"inputs": {…}, "prediction": …} and, if known, id, time, version, key, score, outcome, latency_ms'
_LONGEST = 200
_PAIR = 2
_SUM = 0.01  # by which probabilities may miss 1

_encode = msgspec.json.Encoder(enc_hook=str).encode


class Unusable(ValueError):
    """Why a prediction cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A prediction that can be kept.

    Attributes:
        record: The prediction; its `id` counts unless `own` is known already.
        own: What its sender calls it; empty if it has no name.
        outcome: What turned out to be true, if that came with it.
    """

    record: Prediction
    own: str = ""
    outcome: Any = None


class Checker:
    """Checks the predictions of one endpoint.

    Args:
        endpoint: Whose.
        lookup: Gives a version of a model by number or alias.
        now: The present; what lies after it is refused.
        caller: Who hands them in.
        redact: Inputs that are never written.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        lookup: Callable[[str, int | str], ModelVersion],
        now: float,
        *,
        caller: str = "",
        redact: Collection[str] = (),
    ) -> None:
        self._endpoint = endpoint
        self._lookup = lookup
        self._now = now
        self._caller = caller
        self._redact = frozenset(redact)
        self._versions: dict[Any, tuple[ModelVersion, Labels, frozenset[str]]] = {}

    def check(self, item: Any) -> Told:
        """Return what can be kept of an item.

        Raises:
            Unusable: If nothing can; says why.
        """
        if not isinstance(item, Mapping):
            raise Unusable(f"it is {item!r:.80}")
        unknown = [name for name in item if name not in FIELDS]
        if unknown:
            hint = did_you_mean(str(unknown[0]), FIELDS) or "which is no field of one"
            raise Unusable(f"it has {unknown[0]!r:.80}, {hint}")
        version, labels, names = self._version(item.get("version"))
        own, time, identifier = self._stamped(item)
        inputs = item.get("inputs")
        if not isinstance(inputs, Mapping):
            raise Unusable(f"its 'inputs' are {inputs!r:.80}, not an object")
        latency = item.get("latency_ms")
        if latency is not None and not (is_number(latency) and latency >= 0):
            raise Unusable(f"its 'latency_ms' is {latency!r:.80}, not milliseconds")
        record = Prediction(
            id=identifier,
            time=time,
            endpoint=self._endpoint.name,
            model=self._endpoint.model,
            version=version.version,
            role=EXTERNAL_ROLE,
            request=own or identifier,
            key=_text(item.get("key"), "key"),
            inputs=_document({name: inputs[name] for name in inputs if name in names}),
            prediction=json.dumps(_answer(item.get("prediction"), version, labels)),
            probabilities=_probabilities(item, version, labels),
            latency_ms=float(latency or 0.0),
            caller=self._caller,
            trace=_text(item.get("trace"), "trace"),
        )
        return Told(record=record, own=own, outcome=_outcome(item.get("outcome")))

    def _version(self, asked: Any) -> tuple[ModelVersion, Labels, frozenset[str]]:
        wanted = self._endpoint.champion if asked is None else asked
        if isinstance(wanted, bool) or not isinstance(wanted, int | str) or wanted in ("", 0):
            raise Unusable(f"its 'version' is {asked!r:.80}, neither a number nor a name")
        if wanted not in self._versions:
            try:
                found = self._lookup(self._endpoint.model, wanted)
            except NotFoundError as error:
                raise Unusable(error.what) from error
            names = frozenset(field.name for field in found.signature.inputs) - self._redact
            self._versions[wanted] = (found, Labels(found.signature.classes), names)
        return self._versions[wanted]

    def _stamped(self, item: Mapping[str, Any]) -> tuple[str, float, str]:
        """Return its sender's name for it, its time, and its id in the log."""
        own, given = _text(item.get("id"), "id"), item.get("time")
        stamp = time_of(own) if is_id(own) else self._now
        time = stamp if given is None else seconds_of(given)
        if not 0 <= time <= self._now + SLACK:
            raise Unusable(f"its 'time' is {given!r:.80}: that is not the past")
        ours = is_id(own) and abs(time_of(own) - time) < SLACK
        return own, time, own if ours else new_id(time)


def seconds_of(value: Any) -> float:
    """Return a time as Unix seconds: a number of them, ISO 8601, or a datetime.

    Raises:
        Unusable: If it is none.
    """
    if is_number(value):
        return float(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError):
        raise Unusable(
            f"its 'time' is {value!r:.80}, neither Unix seconds nor like 2026-11-21T08:00:00Z"
        ) from None


def is_number(value: Any) -> bool:
    """Tell whether a value is a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond all doubles
        return False


def wrong(at: int, why: str) -> InvalidRequestError:
    """Return the refusal of a whole batch for one of its items."""
    return InvalidRequestError(
        f"predictions[{at}] cannot be used: {why}",
        why=f"a prediction is {_FORM}",
        now="correct it and send the predictions again, none of them was kept; or keep the others:"
        " ?partial=true",
        details={"index": at},
    )


def _answer(said: Any, version: ModelVersion, labels: Labels) -> Any:
    classes = version.signature.classes
    if not classes:
        if not is_number(said):
            raise Unusable(f"its 'prediction' is {said!r:.80}, not a finite number")
        return float(said)
    try:
        found = None if isinstance(said, dict | list) else labels.of(said)
    except (ValueError, OverflowError):
        found = None
    if said is None or found is None:
        known = ", ".join(map(repr, classes[:20]))
        raise Unusable(
            f"its 'prediction' is {said!r:.80}, no class of {version.key} ({known}); "
            "where the model has a new one, register a reference that holds it"
        )
    return found


def _probabilities(
    item: Mapping[str, Any], version: ModelVersion, labels: Labels
) -> tuple[float, ...]:
    classes, score, likely = version.signature.classes, item.get("score"), item.get("probabilities")
    if score is not None:
        if len(classes) != _PAIR or not is_number(score) or not 0 <= score <= 1:
            raise Unusable(
                f"its 'score' is {score!r:.80}, not the probability of one of two classes"
            )
        return 1.0 - float(score), float(score)
    if likely is None or likely == []:
        return ()
    if isinstance(likely, Mapping):
        by_class = {labels.of(name): share for name, share in likely.items()}
        likely = [by_class.get(label) for label in classes]
    listed = isinstance(likely, list | tuple) and len(likely) == len(classes)
    if not listed or not all(map(is_number, likely)) or abs(sum(likely) - 1) > _SUM:
        raise Unusable(f"its 'probabilities' are not {len(classes)} numbers that add up to 1")
    return tuple(map(float, likely))


def _outcome(value: Any) -> Any:
    if value is None or isinstance(value, str | bool) or is_number(value):
        return value
    raise Unusable(f"its 'outcome' is {value!r:.80}, not a label or a finite number")


def _text(value: Any, field: str) -> str:
    if value is None:
        return ""
    text = str(value) if isinstance(value, str) or is_number(value) else ""
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        text = ""
    if len(text) > _LONGEST or (not text and value != ""):
        raise Unusable(
            f"its '{field}' is {value!r:.80}, not a text of at most {_LONGEST} characters"
        )
    return text


def _document(inputs: Mapping[str, Any]) -> str:
    """Return inputs as JSON; what JSON has no number for stands for a missing value."""
    try:
        return _encode(inputs).decode()
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Unusable(f"its 'inputs' are no JSON: {error}") from None
