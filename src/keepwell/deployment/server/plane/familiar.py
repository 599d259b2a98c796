"""A head that was parsed once need not be parsed again."""

from dataclasses import dataclass
from typing import Self

from keepwell.deployment.server.doors import Door
from keepwell.deployment.server.hot.path import Asked
from keepwell.deployment.server.messages import Header
from keepwell.deployment.server.plane.exchange import Exchange, Line

_LENGTH = b"content-length:"
_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Familiar:
    """The head of a usual request, as bytes before and after the length of its body.

    Between two requests a parser has no memory: the same bytes mean the same again. So a request that
    came in one piece, and whose head is this one but for the length, asks what the first one asked.

    Attributes:
        before: The head up to the length.
        after: The head behind it.
        asked: What it asks.
        headers: The headers.
        target: Where it goes.
        door: The door that this is.
    """

    before: bytes
    after: bytes
    asked: Asked
    headers: list[Header]
    target: bytes
    door: Door

    @classmethod
    def of(cls, data: bytes, exchange: Exchange, asked: Asked) -> Self | None:
        """Return the head of a request that `data` is; None if it is not that request alone."""
        head, end, body = data.partition(_END)
        length = exchange.header(b"content-length")
        at = head.lower().find(b"\r\n" + _LENGTH)
        if (
            exchange.door is None
            or not end
            or at < 0
            or not length.isdigit()
            or int(length) != len(body)
        ):
            return None
        start = at + 2 + len(_LENGTH)
        start += len(head[start:]) - len(head[start:].lstrip(b" "))
        if not head.startswith(length, start) or data[:1] in b"\r\n":
            return None
        after = head[start + len(length) :] + _END
        if not after.startswith(b"\r\n"):
            return None
        return cls(head[:start], after, asked, exchange.headers, exchange.target, exchange.door)

    def body(self, data: bytes) -> bytes | None:
        """Return the body of a request that has this head and is all of `data`; else None."""
        before = self.before
        if not data.startswith(before):
            return None
        start = len(before)
        end = data.find(b"\r", start, start + 9)
        digits = data[start:end]
        after = self.after
        if end < 0 or not digits.isdigit() or not data.startswith(after, end):
            return None
        start = end + len(after)
        return data[start:] if len(data) - start == int(digits) else None

    def exchange(self, line: Line, body: bytes) -> Exchange:
        """Return a request with this head as an exchange, whole."""
        length = (b"content-length", b"%d" % len(body))
        headers = [one for one in self.headers if one[0] != length[0]]
        made = Exchange(line, "POST", self.target, [*headers, length], keep_alive=True, old=False)
        made.door, made.name = self.door, self.asked.endpoint
        made.feed(body)
        made.finish()
        made.begun = True
        return made
