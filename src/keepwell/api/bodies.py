"""Bodies of requests, read as far as they may go."""

import json
from typing import Any

from fastapi import Request

from keepwell.core.errors import InvalidRequestError, UsageError


class TooLargeError(UsageError):
    """The body is larger than what one request may hold."""

    headline = "Too much for one request"
    http_status = 413


async def read_body(request: Request, largest: int) -> bytes:
    """Return the body, refusing it as soon as it is larger than `largest` bytes.

    Raises:
        TooLargeError: If it is.
    """
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > largest:
            raise TooLargeError(
                f"the body is larger than {largest >> 20} MB",
                why="it is read into memory before it is checked",
                now="send it in several requests",
            )
        pieces.append(piece)
    return b"".join(pieces)


def read_object(body: bytes, form: str) -> dict[str, Any]:
    """Return a body that is a JSON object.

    Args:
        body: The body.
        form: What it should look like, for whoever sent something else.

    Raises:
        UsageError: If it is not JSON.
        InvalidRequestError: If it is JSON, but no object.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the body is not JSON: {error}", now=f"send {form}") from None
    if not isinstance(found, dict):
        raise InvalidRequestError(
            "the body is not an object", why=f"it is {form}", now=f"send {form}"
        )
    return found
