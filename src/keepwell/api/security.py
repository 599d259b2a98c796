"""What every request and every answer of the control process goes through.

There is no login on loopback, so a page of another site must not be able to act in a visitor's name:
changes are taken only from our own pages and from programs, and a host name that is not ours is refused
before anything is answered (DNS rebinding).
"""

import ipaddress
import json
import socket
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keepwell.core.errors import KeepwellError

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_OURS = {"same-origin", "none"}
_WILDCARDS = {"", "0.0.0.0", "::"}  # noqa: S104 (recognised, not bound)


class HostRefusedError(KeepwellError):
    """The request names a host that this server does not go by."""

    headline = "This server does not go by that name"
    http_status = 421


class ForeignOriginError(KeepwellError):
    """A page of another site tried to change something."""

    headline = "Pages of other sites change nothing here"
    http_status = 403


class Guard:
    """Lets through what is meant for us, and sets the headers that tell browsers to be strict.

    Args:
        app: What is guarded.
        bound: The host that the server listens on. A wildcard lets every IP address and this machine's
            own name through: rebinding needs a name of the attacker's.
        names: More names that it goes by.
    """

    def __init__(
        self, app: ASGIApp, *, bound: str = "127.0.0.1", names: Iterable[str] = ()
    ) -> None:
        self._app = app
        self._any_address = bound in _WILDCARDS
        own = {socket.gethostname().lower()} if self._any_address else {bound.lower()}
        self._names = {"localhost", *own, *(name.lower() for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope["method"], Headers(scope=scope))

        async def send_strict(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if refusal is None:
            await self._app(scope, receive, send_strict)
        else:
            await refuse(refusal, send_strict)

    def _refusal(self, method: str, headers: Headers) -> KeepwellError | None:
        host = headers.get("host", "")
        if not self._knows(host):
            return HostRefusedError(
                f"the request is for the host '{host}'",
                why=f"this server goes by {', '.join(sorted(self._names))} and loopback addresses",
                now="ask it by one of these names, or set `serve.host` in keepwell.yaml",
            )
        if method in _SAFE_METHODS or _is_ours(headers, host):
            return None
        return ForeignOriginError(
            f"{method} from {headers.get('origin') or 'another site'}",
            why="a browser sent it on behalf of a page that is not ours",
            now="send it from a program, or from the console",
        )

    def _knows(self, host: str) -> bool:
        name = _without_port(host).lower().rstrip(".")
        if name in self._names or name.endswith(".localhost"):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or self._any_address


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_ours(headers: Headers, host: str) -> bool:
    """Tell whether a changing request comes from a program or from our own pages.

    Programs send neither header; browsers send `Sec-Fetch-Site`, and old ones at least `Origin`.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in _OURS
    origin = headers.get("origin")
    return origin is None or origin.partition("://")[2] == host


async def refuse(error: KeepwellError, send: Send) -> None:
    """Answer with a refusal, before any route is asked."""
    body = json.dumps(error.as_dict()).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": error.http_status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
