"""How much a client may send, and how long it may take."""

from dataclasses import dataclass

from keepwell.core.errors import UsageError

MAX_HEAD = 64 << 10
"""Bytes of a request's first line and headers."""

DRAINED = 256 << 20
"""Bytes of a body that is too long which are read and dropped before the connection is closed."""

MAX_WAITING = 16
"""Requests of one connection that wait for the one before them; then it is not read any more."""

MAX_HELD = 256 << 10
"""Bytes of a body that wait to be passed on; then its connection is not read any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds that a client is given.

    Attributes:
        head: From the first byte of a request to the end of its headers.
        body: For the whole body of a request that is answered here.
        stall: Between two pieces of a body that is passed on, and to take what it was sent.
        idle: Between two requests.
        linger: To read a refusal while it still sends.
    """

    head: float = 20.0
    body: float = 60.0
    stall: float = 60.0
    idle: float = 75.0
    linger: float = 2.0


class MalformedError(UsageError):
    """What came is no HTTP request."""

    headline = "Not a request"

    @classmethod
    def of(cls, reason: str) -> "MalformedError":
        return cls(
            "this is not an HTTP/1.1 request",
            why=reason,
            now="see the protocol in docs/reference/http.md",
        )


class HeadTooLargeError(UsageError):
    """The headers are longer than they may be."""

    headline = "The headers are too large"
    http_status = 431


class SlowClientError(UsageError):
    """The request did not come in time."""

    headline = "Too slow"
    http_status = 408


class VersionError(UsageError):
    """The request is of another version of HTTP."""

    headline = "Another HTTP"
    http_status = 505


class ExpectationError(UsageError):
    """The client expects what we cannot do."""

    headline = "Unmet expectation"
    http_status = 417


def head_too_large() -> HeadTooLargeError:
    """Return what to say of headers that are too long."""
    return HeadTooLargeError(
        "the first line and the headers of the request are too long",
        why=f"they may have {MAX_HEAD >> 10} KiB together",
        now="send fewer or shorter headers; rows go into the body",
        details={"limit": MAX_HEAD},
    )


def too_slow(what: str, seconds: float) -> SlowClientError:
    """Return what to say to a client that takes too long."""
    return SlowClientError(
        f"the {what} of the request did not come in time",
        why=f"{seconds:g} s are given to it",
        now="send the request in one go",
    )
