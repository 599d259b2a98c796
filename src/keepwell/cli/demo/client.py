"""The demo's end of the wire: the same HTTP that anybody's application would speak."""

import http.client
import json
from dataclasses import dataclass
from typing import Any

from keepwell.core.errors import UnavailableError

TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the endpoint said about a batch of parcels."""

    predictions: list[str]
    ids: list[str]
    version: int


class Client:
    """Talks to one server over one connection that is kept open."""

    def __init__(self, port: int, endpoint: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
        self._path = f"/endpoints/{endpoint}"

    def predict(self, instances: list[dict[str, Any]]) -> Answer:
        """Ask for predictions."""
        body = self._send("POST", f"{self._path}/predict", {"instances": instances})
        return Answer(body["predictions"], body["prediction_ids"], body["model"]["version"])

    def feedback(self, outcomes: list[dict[str, Any]]) -> dict[str, int]:
        """Tell what became of earlier predictions."""
        counts: dict[str, int] = self._send(
            "POST", f"{self._path}/feedback", {"outcomes": outcomes}
        )
        return counts

    def get(self, path: str) -> Any:
        """Read a document."""
        return self._send("GET", path, None)

    def ready(self) -> bool:
        """Tell whether a champion can answer."""
        try:
            self._send("GET", "/readyz", None)
        except (OSError, http.client.HTTPException, UnavailableError):
            return False
        return True

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _send(self, method: str, path: str, document: Any) -> Any:
        body = None if document is None else json.dumps(document)
        headers = {"content-type": "application/json"}
        try:
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()  # the next request opens a new one
            raise
        if response.status >= 400:  # noqa: PLR2004
            raise UnavailableError(
                f"{method} {path} was answered with {response.status}",
                why=text.decode(errors="replace")[:500],
            )
        return json.loads(text) if text[:1] in (b"{", b"[") else text.decode()
