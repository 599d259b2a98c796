"""A request and its answer, whatever carries them: a web server, a test, another protocol's gateway."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from keepwell.core.errors import KeepwellError

Header = tuple[bytes, bytes]

_encode = msgspec.json.Encoder(enc_hook=str).encode
_JSON = (b"content-type", b"application/json")


@dataclass(slots=True, kw_only=True)
class Request:
    """What a client sent, whole.

    Attributes:
        method: `POST`.
        path: Without the query, percent-encoding undone.
        headers: By name in small letters; of a repeated one the last.
        body: All of it.
        query: What follows the `?`, as sent.
        client: The client's address, empty if unknown.
        server: The address that we listen on, empty if unknown.
    """

    method: str = "POST"
    path: str = "/"
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""
    query: bytes = b""
    client: str = ""
    server: str = ""


@dataclass(slots=True, kw_only=True)
class Response:
    """What a client gets. The length is told by whoever sends it."""

    status: int = 200
    headers: Sequence[Header] = ()
    body: bytes = b""


def json_response(status: int, document: Any, headers: Sequence[Header] = ()) -> Response:
    """Return a JSON document as an answer."""
    return Response(status=status, headers=(_JSON, *headers), body=_encode(document))


def error_response(
    error: KeepwellError, headers: Sequence[Header] = (), *, status: int | None = None
) -> Response:
    """Return an error as the document that every refusal is."""
    return json_response(status or error.http_status, error.as_dict(), headers)
