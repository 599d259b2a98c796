"""Unpacks what clients have packed, before anything of the control process reads it."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keepwell.api.security import refuse
from keepwell.core.errors import KeepwellError
from keepwell.deployment.unpacking import UnpackedTooLargeError, unpacked

LARGEST = 32 << 20
"""Bytes of a packed body, and of what may come out of it: as much as the largest post may have."""


class Unpacking:
    """Hands bodies on as they were before `content-encoding`; others go by untouched.

    Args:
        app: What reads them.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        encoding = Headers(scope=scope).get("content-encoding") if scope["type"] == "http" else None
        if not encoding:
            await self._app(scope, receive, send)
            return
        try:
            packed = await _read(receive)
            if packed is None:
                return
            body = unpacked(encoding.encode("latin-1"), packed, LARGEST)
        except KeepwellError as error:
            await refuse(error, send)
            return
        dropped = (b"content-encoding", b"content-length", b"transfer-encoding")
        headers = [one for one in scope["headers"] if one[0] not in dropped]
        headers.append((b"content-length", b"%d" % len(body)))
        waiting = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return waiting.pop() if waiting else await receive()

        await self._app({**scope, "headers": headers}, replay, send)


async def _read(receive: Receive) -> bytes | None:
    """Return the body as it came, None if the client left."""
    pieces, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > LARGEST:
            raise UnpackedTooLargeError(
                f"the body is larger than {LARGEST >> 20} MB",
                why="it is read into memory before it is checked",
                now="send it in several requests",
            )
        more = message.get("more_body", False)
    return b"".join(pieces)
