"""From an HTTP body to instances, and every way in which that can be refused."""

from typing import Any

import msgspec

from keepwell.core.errors import InvalidRequestError, UsageError
from keepwell.core.spec import LimitsSpec

MAX_BODY = LimitsSpec().body
_SHAPE = '{"instances": [{"column": value, …}, …]}'


class BodyTooLargeError(UsageError):
    """The body is longer than a request may be."""

    headline = "The request is too large"
    http_status = 413


class ClientGoneError(Exception):
    """The client left before its request was whole."""


class _Body(msgspec.Struct):
    instances: list[dict[str, Any]]


_decode = msgspec.json.Decoder(_Body).decode


def decode_instances(body: bytes) -> list[dict[str, Any]]:
    """Return the instances of a request.

    Raises:
        UsageError: If the body is not JSON; says where.
        InvalidRequestError: If it is JSON of another form; says where.
    """
    try:
        return _decode(body).instances
    except msgspec.ValidationError as error:
        raise InvalidRequestError(
            f"the body is not of the form {_SHAPE}: {error}",
            why="a request is a JSON object with the list 'instances', one object per row",
            now='send for example {"instances": [{"age": 41}]}',
        ) from None
    except msgspec.DecodeError as error:
        raise UsageError(
            "the body is not JSON" + _position(str(error), body),
            why=str(error),
            now=f"send {_SHAPE}",
        ) from None
    except (RecursionError, UnicodeDecodeError) as error:
        why = (
            "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else "it is nested too deep"
        )
        raise UsageError(
            "the body is not JSON that can be read", why=why, now=f"send {_SHAPE}"
        ) from None


def _position(message: str, body: bytes) -> str:
    """Return ` (line 3, column 7)` for msgspec's `(byte 41)`."""
    _, _, tail = message.rpartition("(byte ")
    if not tail[:-1].isdigit():
        return ""
    before = body[: int(tail[:-1])]
    line = before.count(b"\n") + 1
    column = len(before) - (before.rfind(b"\n") + 1) + 1
    return f" (line {line}, column {column})"


def body_too_large(length: int, limit: int = MAX_BODY) -> BodyTooLargeError:
    """Return what to say of a body that is too long."""
    return BodyTooLargeError(
        f"the body has {length / 1e6:.1f} MB",
        why=f"a request may have {limit / 1e6:.1f} MB (serve.limits.body)",
        now="send fewer rows at a time, or score a file with `keepwell predict`",
        details={"limit": limit},
    )
