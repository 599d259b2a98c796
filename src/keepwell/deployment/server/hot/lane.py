"""The short way of one endpoint."""

import time
from dataclasses import dataclass
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


@dataclass(slots=True)
class Ready:
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
    """

    def __init__(self, endpoint: LiveEndpoint, route: LiveRoute) -> None:
        self.endpoint, self.route = endpoint, route
        signature = route.scorer.signature
        self._key = endpoint.key
        self._cuts_key = bool(endpoint.key) and signature.input(endpoint.key) is None
        self._read = row_reader(signature, endpoint.key)
        self._classes = list(signature.classes)
        self._names = route.labels.names
        self._model = msgspec.Raw(_encode({"name": endpoint.model, "version": route.version}))
        self._head = (
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-model-version: %d\r\n"
            b"x-latency-ms: %%.3f\r\nx-request-id: %%b\r\ncontent-length: %%d\r\n" % route.version
        )

    @classmethod
    def of(cls, endpoint: LiveEndpoint) -> "Lane | None":
        """Return the short way of an endpoint; None if it needs the long one."""
        route = sole_route(endpoint)
        if route is None or not route.scorer.compiled:
            return None
        whole = all(item.name in route.labels.inputs for item in route.scorer.signature.inputs)
        return cls(endpoint, route) if whole else None  # a redacted row is not logged as it came

    def take(self, request: str, trace: str, body: bytes) -> Ready | None:
        """Answer a request; None if it is not a usual one, or the model fails."""
        started = time.perf_counter()
        try:
            raws = raw_rows(body)
            if not 0 < len(raws) <= _MANY:
                return None
            answers = self.route.scorer.answers([self._read(raw) for raw in raws])
            logged = [self._logged(raw) for raw in raws]
        except Exception:  # noqa: BLE001 (the long way finds the words for whatever it is)
            return None
        if sum(map(sum, answers)) * 0 != 0:  # not a number, or infinite
            return None
        return self._ready(request, trace, answers, logged, started)

    def _ready(
        self,
        request: str,
        trace: str,
        answers: list[list[float]],
        logged: list[tuple[str, str]],
        started: float,
    ) -> Ready:
        now = time.time()
        ids = [new_id(now) for _ in answers]
        document: dict[str, Any] = {}
        if self._classes:
            predictions = [self._classes[answer.index(max(answer))] for answer in answers]
            names = self._names
            document["predictions"] = predictions
            document["probabilities"] = [
                dict(zip(names, answer, strict=True)) for answer in answers
            ]
            probabilities: list[Any] = answers
        else:
            document["predictions"] = predictions = [answer[0] for answer in answers]
            probabilities = [()] * len(answers)
        document["prediction_ids"] = ids
        document["model"] = self._model
        text = _encode(document)
        milliseconds = (time.perf_counter() - started) * 1000
        about = Circumstances(
            time=now, request=request, latency_ms=milliseconds, caller="", trace=trace
        )
        frames = [
            frame_of(self.endpoint, self.route, about, *row)
            for row in zip(ids, logged, predictions, probabilities, strict=True)
        ]
        head = self._head % (milliseconds, request.encode(), len(text))
        return Ready(self, frames, milliseconds, head, text)

    def _logged(self, raw: Any) -> tuple[str, str]:
        """Return the key of a row, and the row as it is logged."""
        if len(raw_bytes := bytes(raw)) > _LONGEST:
            raise OddRowError
        if not self._key:
            return "", raw_bytes.decode()
        row = _decode(raw_bytes)
        key = row.pop(self._key, None) if self._cuts_key else row.get(self._key)
        text = _encode(row) if self._cuts_key else raw_bytes
        return "" if key is None or not self.endpoint.logs_key else str(key), text.decode()
