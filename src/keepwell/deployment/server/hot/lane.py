"""The short way of one endpoint."""

from time import perf_counter, time
from typing import Any

import msgspec

from keepwell.core.identifiers import new_id
from keepwell.deployment.server.assignment import sole_route
from keepwell.deployment.server.hot.rows import OddRowError, raw_rows, row_reader
from keepwell.deployment.server.recording import Circumstances, frame_of
from keepwell.deployment.server.snapshot import LiveEndpoint, LiveRoute

_MANY = 200  # rows beyond which scoring leaves the event loop to other requests
_LONGEST = 16 << 10  # bytes of a row that is logged as it came, its blanks included

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class _Classified(msgspec.Struct, gc=False):
    predictions: list[Any]
    probabilities: list[dict[str, float]]
    prediction_ids: list[str]
    model: msgspec.Raw


class _Estimated(msgspec.Struct, gc=False):
    predictions: list[Any]
    prediction_ids: list[str]
    model: msgspec.Raw


class Ready(msgspec.Struct):
    """Answers that only have to be logged.

    Attributes:
        lane: Whose they are.
        frames: For the log.
        milliseconds: What they took.
        head: First line and headers of the answer, but for those that end them.
        body: Its body.
    """

    lane: "Lane"
    frames: list[bytes]
    milliseconds: float
    head: bytes
    body: bytes


class Lane:
    """Answers the usual requests of an endpoint.

    Args:
        endpoint: The endpoint.
        route: The version that answers all of them.
        most: Rows that a request may have.
    """

    def __init__(self, endpoint: LiveEndpoint, route: LiveRoute, most: int) -> None:
        self._most = min(most, _MANY)
        self.endpoint, self.route = endpoint, route
        signature = route.scorer.signature
        self._key = endpoint.key
        self._cuts_key = bool(endpoint.key) and signature.input(endpoint.key) is None
        self._read = row_reader(signature, endpoint.key)
        self._classes = list(signature.classes)
        self._threshold = signature.threshold
        self._names = route.labels.names
        self._scorer = route.scorer
        self._row, self._answers = route.scorer.row, route.scorer.answers
        self._model = msgspec.Raw(_encode({"name": endpoint.model, "version": route.version}))
        self._head = (
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-model-version: %d\r\n"
            b"x-latency-ms: %%.3f\r\nx-request-id: %%b\r\ncontent-length: %%d\r\n" % route.version
        )

    @classmethod
    def of(cls, endpoint: LiveEndpoint, most: int = _MANY) -> "Lane | None":
        """Return the short way of an endpoint; None if it needs the long one."""
        route = sole_route(endpoint)
        if route is None or not route.scorer.compiled:
            return None
        signature = route.scorer.signature
        if signature.task.several or signature.quantiles:  # more than a label or a number
            return None
        whole = all(item.name in route.labels.inputs for item in route.scorer.signature.inputs)
        return (
            cls(endpoint, route, most) if whole else None
        )  # a redacted row is not logged as it came

    def take(self, request: str, trace: str, body: bytes, parent: str = "") -> Ready | None:
        """Answer a request; None if it is not a usual one, or the model fails."""
        started = perf_counter()
        try:
            raws = raw_rows(body)
            if not self._scorer.quick(len(raws)):
                return None
            if len(raws) == 1:  # most requests: no loop, no list
                row = raws[0]
                answers = [self._row(self._read(row))]
                logged = [self._logged(row)]
            elif 0 < len(raws) <= self._most:
                answers = self._answers([self._read(row) for row in raws])
                logged = [self._logged(row) for row in raws]
            else:
                return None
        except Exception:  # noqa: BLE001 (the long way finds the words for whatever it is)
            return None
        now = time()
        ids, predictions = [], []
        for answer in answers:
            if sum(answer) * 0 != 0:  # not a number, or infinite
                return None
            ids.append(new_id(now))
            predictions.append(self._said(answer))
        if self._classes:
            names = self._names
            named = [dict(zip(names, answer, strict=True)) for answer in answers]
            text = _encode(_Classified(predictions, named, ids, self._model))
        else:
            text = _encode(_Estimated(predictions, ids, self._model))
        seconds = perf_counter() - started
        self._scorer.took(len(raws), seconds)
        milliseconds = seconds * 1000
        about = Circumstances(
            time=now,
            request=request,
            latency_ms=milliseconds,
            caller="",
            trace=trace,
            parent=parent,
        )
        frames = []
        for at, answer in enumerate(answers):
            frames.append(
                frame_of(
                    self.endpoint,
                    self.route,
                    about,
                    ids[at],
                    logged[at],
                    predictions[at],
                    answer if self._classes else (),
                )
            )
        head = self._head % (milliseconds, request.encode(), len(text))
        return Ready(self, frames, milliseconds, head, text)

    def _said(self, answer: list[float]) -> Any:
        """Return the class or number of an answer; the same as `features.decisions`, without arrays."""
        if not self._classes:
            return answer[0]
        if self._threshold is not None:
            return self._classes[answer[1] >= self._threshold]
        return self._classes[answer.index(max(answer))]

    def _logged(self, raw: Any) -> tuple[str, str]:
        """Return the key of a row, and the row as it is logged."""
        text = str(raw, "utf-8")
        if len(text) > _LONGEST:
            raise OddRowError
        if not self._key:
            return "", text
        row = _decode(text)
        key = row.pop(self._key, None) if self._cuts_key else row.get(self._key)
        if self._cuts_key:
            text = _encode(row).decode()
        return "" if key is None or not self.endpoint.logs_key else str(key), text
