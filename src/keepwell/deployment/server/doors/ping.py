"""`GET /endpoints/NAME/ping` and `/version`: can it answer, and with what."""

from typing import ClassVar

from keepwell import __version__
from keepwell.deployment.server.doors.base import Door
from keepwell.deployment.server.messages import Header, Request, Response
from keepwell.deployment.server.prediction import Call, Predictor

_TEXT: Header = (b"content-type", b"text/plain; charset=utf-8")


class PingDoor(Door):
    """Says whether an endpoint can answer: an empty line, or a refusal.

    Args:
        predictor: Knows the endpoints.
    """

    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD")
    scope: ClassVar[str] = ""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    async def answer(self, call: Call, request: Request) -> Response:
        """Return an empty line."""
        self._predictor.find(call.endpoint)
        return Response(headers=(_TEXT,), body=b"\n" if request.method == "GET" else b"")


class VersionDoor(Door):
    """Says which Keepwell answers, and which model version is champion.

    Args:
        predictor: Knows the endpoints.
    """

    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD")
    scope: ClassVar[str] = ""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    async def answer(self, call: Call, request: Request) -> Response:
        """Return the version of Keepwell; the model's is a header."""
        champion = self._predictor.find(call.endpoint).routes[0]
        headers = (_TEXT, (b"x-model-version", b"%d" % champion.version))
        return Response(
            headers=headers, body=__version__.encode() if request.method == "GET" else b""
        )
