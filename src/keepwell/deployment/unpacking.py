"""Bodies that a client has packed: unpacked, but never beyond what a request may have.

    unpacked(b"gzip", body, limit=10 << 20)

A packed body of a few kilobytes can stand for gigabytes. So what comes out is counted while it comes
out, and nothing is unpacked beyond the limit.
"""

import zlib

from keepwell.core.errors import UsageError

_WINDOWS = {
    "gzip": zlib.MAX_WBITS | 16,
    "x-gzip": zlib.MAX_WBITS | 16,
    "deflate": zlib.MAX_WBITS,
}


class EncodingError(UsageError):
    """The body is packed in a way that is not read here."""

    headline = "The body is packed in an unknown way"
    http_status = 415


class UnpackedTooLargeError(UsageError):
    """The body is longer than a request may be, once it is unpacked."""

    headline = "The request is too large"
    http_status = 413


def unpacked(encoding: bytes, body: bytes, limit: int) -> bytes:
    """Return a body as it was before the client packed it.

    Args:
        encoding: The header `content-encoding`; empty if there is none.
        body: What came.
        limit: Bytes that may come out.

    Raises:
        EncodingError: If it is packed otherwise than by gzip or deflate.
        UnpackedTooLargeError: If more would come out.
        UsageError: If it is broken.
    """
    names = [one.strip() for one in encoding.decode("latin-1").lower().split(",")]
    packings = [name for name in names if name not in ("", "identity")]
    if not packings:
        return body
    if len(packings) > 1 or packings[0] not in _WINDOWS:
        raise EncodingError(
            f"the body is packed as {', '.join(packings)!r:.40}",
            why="content-encoding may be gzip, deflate or identity",
            now="pack it by gzip, or send it as it is",
        )
    return _inflate(body, _WINDOWS[packings[0]], limit)


def _inflate(body: bytes, window: int, limit: int) -> bytes:
    pieces, size, rest = [], 0, body
    while True:
        unpacker = zlib.decompressobj(window)
        try:
            piece = unpacker.decompress(rest, limit - size + 1)
        except zlib.error as error:
            raise UsageError(
                "the body cannot be unpacked", why=str(error), now="send it whole"
            ) from None
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            raise UnpackedTooLargeError(
                f"the body has more than {limit / 1e6:.1f} MB once unpacked",
                why=f"a request may have {limit / 1e6:.1f} MB (serve.limits.body)",
                now="send fewer rows at a time, or score a file with `keepwell predict`",
                details={"limit": limit},
            )
        if not unpacker.eof:
            raise UsageError(
                "the body cannot be unpacked", why="it ends too early", now="send it whole"
            )
        rest = unpacker.unused_data
        if not rest:  # else another member follows, as parallel packers write them
            return b"".join(pieces)
