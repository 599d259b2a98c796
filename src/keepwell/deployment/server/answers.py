"""Answers as ASGI messages."""

from collections.abc import Sequence
from typing import Any

import msgspec

from keepwell.core.errors import KeepwellError

Header = tuple[bytes, bytes]

_encode = msgspec.json.Encoder(enc_hook=str).encode
_JSON = (b"content-type", b"application/json")


async def send_json(send: Any, status: int, document: Any, headers: Sequence[Header] = ()) -> None:
    """Send a JSON document."""
    body = _encode(document)
    length = (b"content-length", str(len(body)).encode())
    await send(
        {"type": "http.response.start", "status": status, "headers": [_JSON, length, *headers]}
    )
    await send({"type": "http.response.body", "body": body})


async def send_error(
    send: Any, error: KeepwellError, headers: Sequence[Header] = (), *, status: int | None = None
) -> None:
    """Send an error as the document that every refusal is."""
    await send_json(send, status or error.http_status, error.as_dict(), headers)
