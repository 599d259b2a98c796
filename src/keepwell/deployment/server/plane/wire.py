"""The bytes of an answer's head."""

from collections.abc import Iterable
from http import HTTPStatus

from keepwell.deployment.server.messages import Header

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"

_FIRST = {one.value: f"HTTP/1.1 {one.value} {one.phrase}\r\n".encode() for one in HTTPStatus}
_NO_CONTENT, _NOT_MODIFIED = 204, 304


def head_of(status: int, headers: Iterable[Header]) -> bytes:
    """Return the first line and the headers of an answer, with the empty line that ends them."""
    first = _FIRST.get(status) or b"HTTP/1.1 %d \r\n" % status
    return b"".join([first, *(b"%b: %b\r\n" % header for header in headers), b"\r\n"])


def has_no_body(method: str, status: int) -> bool:
    """Tell whether an answer has no body, whatever its headers say."""
    return method == "HEAD" or status in (_NO_CONTENT, _NOT_MODIFIED) or status < 200  # noqa: PLR2004


def connection_header(keep_alive: bool, old: bool) -> tuple[Header, ...]:
    """Return what an answer says of the connection; nothing where the version says it already."""
    if not keep_alive:
        return ((b"connection", b"close"),)
    return ((b"connection", b"keep-alive"),) if old else ()


def chunk_of(data: bytes) -> bytes:
    """Return data as a chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)
