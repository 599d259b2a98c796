"""Predictions that were made elsewhere, by a device without a network, and are handed in later."""

import json
import math
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from keepwell.core.clock import Clock
from keepwell.core.errors import InvalidRequestError, NotFoundError
from keepwell.core.identifiers import is_id, time_of
from keepwell.core.ports import TableStore
from keepwell.core.records import ModelVersion, Prediction
from keepwell.monitoring.prediction_log.log import PredictionLog
from keepwell.monitoring.prediction_log.scan import SLACK
from keepwell.monitoring.prediction_log.schema import PREDICTIONS, prediction_table
from keepwell.monitoring.prediction_log.tidying import Tidier

DEVICE_ROLE = "edge"
_FORM = '{"id": "…", "time": …, "version": …, "inputs": {…}, "prediction": …}'
_STAMP = 1.0  # seconds by which an id and its time may differ


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCounts:
    """What became of the predictions that were handed in."""

    accepted: int = 0
    duplicate: int = 0  # they are in the log already


class Intake:
    """Appends predictions to the log, each once, however often it is handed in.

    Safe for many threads; several processes take turns by `alone`.

    Args:
        tables: Where the table `predictions` is.
        log: Knows which ids are there.
        lookup: Gives a version of a model: `Registry.get`.
        clock: Says what lies in the future.
        alone: Makes a lock that is held while ids are compared and rows are written.
        redact: Inputs that are never written.
        counted: Told the rows that were written, with the id of the first: accumulators.
    """

    def __init__(
        self,
        tables: TableStore,
        log: PredictionLog,
        lookup: Callable[[str, int], ModelVersion],
        clock: Clock,
        *,
        alone: Callable[[], AbstractContextManager[None]],
        redact: Collection[str] = (),
        counted: Callable[[str, pa.Table], None] | None = None,
    ) -> None:
        self._tables = tables
        self._log = log
        self._lookup = lookup
        self._clock = clock
        self._alone = alone
        self._redact = frozenset(redact)
        self._counted = counted
        self._turn = threading.Lock()
        self._tidier = Tidier(tables, PREDICTIONS)

    def take(self, endpoint: str, model: str, device: str, items: Sequence[Any]) -> ImportCounts:
        """Keep predictions and say how many were new.

        Raises:
            InvalidRequestError: If one cannot be used; none is kept then.
        """
        versions: dict[int, ModelVersion] = {}
        rows: dict[str, Prediction] = {}
        for at, item in enumerate(items):
            row = self._checked(item, at, endpoint, model, device, versions)
            rows.setdefault(row.id, row)
        if not rows:
            return ImportCounts()
        with self._turn, self._alone():
            known = set(self._log.locate(rows.keys())["id"].to_pylist())
            fresh = [row for row in rows.values() if row.id not in known]
            if fresh:
                written = prediction_table(fresh)
                self._tables.write(PREDICTIONS, written, widen=True)
                if self._counted is not None:
                    self._counted(fresh[0].id, written)
                self._tidier.committed()
        return ImportCounts(accepted=len(fresh), duplicate=len(items) - len(fresh))

    def _checked(
        self,
        item: Any,
        at: int,
        endpoint: str,
        model: str,
        device: str,
        versions: dict[int, ModelVersion],
    ) -> Prediction:
        if not isinstance(item, Mapping):
            raise _wrong(at, f"it is {item!r:.80}")
        identifier, time = self._stamped(item, at)
        version = self._version(item.get("version"), at, model, versions)
        signature = version.signature
        inputs = item.get("inputs")
        if not isinstance(inputs, Mapping):
            raise _wrong(at, f"its 'inputs' are {inputs!r:.80}, not an object")
        prediction = item.get("prediction")
        if signature.classes and prediction not in signature.classes:
            raise _wrong(at, f"its 'prediction' is {prediction!r:.80}, no class of {version.key}")
        if not signature.classes and not _is_number(prediction):
            raise _wrong(at, f"its 'prediction' is {prediction!r:.80}, not a finite number")
        probabilities = item.get("probabilities") or []
        wanted = len(signature.classes)
        listed = isinstance(probabilities, list) and len(probabilities) in (0, wanted)
        if not listed or not all(map(_is_number, probabilities)):
            raise _wrong(at, f"its 'probabilities' are not {wanted} finite numbers")
        latency = item.get("latency_ms", 0.0)
        names = {field.name for field in signature.inputs} - self._redact
        kept = {name: value for name, value in inputs.items() if name in names}
        return Prediction(
            id=identifier,
            time=time,
            endpoint=endpoint,
            model=model,
            version=version.version,
            role=DEVICE_ROLE,
            request=identifier,
            key=_key(item.get("key"), at),
            inputs=_document(kept),
            prediction=json.dumps(prediction, ensure_ascii=False),
            probabilities=tuple(map(float, probabilities)),
            latency_ms=float(latency) if _is_number(latency) else 0.0,
            caller=device,
        )

    def _stamped(self, item: Mapping[str, Any], at: int) -> tuple[str, float]:
        identifier, time = item.get("id"), item.get("time")
        if not isinstance(identifier, str) or not is_id(identifier):
            raise _wrong(at, f"its 'id' is {identifier!r:.80}, not a ULID")
        if not _is_number(time) or abs(time_of(identifier) - float(time or 0)) > _STAMP:
            raise _wrong(
                at, f"its 'time' is {time!r:.80}, not the one that its id was stamped with"
            )
        ahead = float(time or 0) - self._clock.now()
        if ahead > SLACK:
            raise _wrong(at, f"it was made {ahead:,.0f} seconds from now: set the device's clock")
        return identifier, float(time or 0)

    def _version(
        self, number: Any, at: int, model: str, versions: dict[int, ModelVersion]
    ) -> ModelVersion:
        if not isinstance(number, int) or isinstance(number, bool):
            raise _wrong(at, f"its 'version' is {number!r:.80}, not a version of '{model}'")
        if number not in versions:
            try:
                versions[number] = self._lookup(model, number)
            except NotFoundError as error:
                raise _wrong(at, error.what) from error
        return versions[number]


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond all doubles
        return False


def _key(value: Any, at: int) -> str:
    if value is None:
        return ""
    try:
        key = str(value) if isinstance(value, str | int | float) else ""
        key.encode()
    except ValueError:  # half of a surrogate pair, or a number of thousands of digits
        key = ""
    if not key and value != "":
        raise _wrong(at, f"its 'key' is {value!r:.80}, not a text or number")
    return key


def _document(inputs: Mapping[str, Any]) -> str:
    """Return inputs as JSON; what JSON has no number for stands for a missing value, as on the server."""
    return json.dumps(json.loads(json.dumps(inputs), parse_constant=lambda _: None))


def _wrong(at: int, why: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"predictions[{at}] cannot be used: {why}",
        why=f"a prediction is {_FORM}",
        now="correct it and send the predictions again; none of them was kept",
        details={"index": at},
    )
