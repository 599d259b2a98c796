"""From an HTTP body to instances, and every way in which that can be refused."""

import json
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
    history: int = 0


_decode = msgspec.json.Decoder(_Body).decode
_decode_object = msgspec.json.Decoder(dict[str, Any]).decode


def decode_asked(body: bytes) -> tuple[list[dict[str, Any]], int]:
    """Return the instances of a request, and how many steps of the past are wanted with a forecast.

    Raises:
        UsageError: If the body is not JSON; says where.
        InvalidRequestError: If it is JSON of another form; says where.
    """
    try:
        asked = _decode(body)
    except msgspec.ValidationError as error:
        raise InvalidRequestError(
            f"the body is not of the form {_SHAPE}: {error}",
            why="a request is a JSON object with the list 'instances', one object per row",
            now='send for example {"instances": [{"age": 41}]}',
        ) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise _not_json(error, body, _SHAPE) from None
    return asked.instances, asked.history


def decode_document(body: bytes, *, shape: str) -> dict[str, Any]:
    """Return a body that is any JSON object.

    Args:
        body: The body.
        shape: What it should look like, for whoever sent something else.

    Raises:
        UsageError: If it is not JSON; says where.
        InvalidRequestError: If it is JSON, but no object.
    """
    try:
        return _decode_any_object(body)
    except msgspec.ValidationError as error:
        raise InvalidRequestError(
            f"the body is not a JSON object: {error}", why=f"it is {shape}", now=f"send {shape}"
        ) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise _not_json(error, body, shape) from None


def _decode_any_object(body: bytes) -> dict[str, Any]:
    try:
        return _decode_object(body)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        # Python's own `json`, which other protocols' clients write with, says NaN for a missing number.
        if b"NaN" not in body and b"Infinity" not in body:
            raise
        try:
            found = json.loads(body)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise
        return found


def _not_json(error: Exception, body: bytes, shape: str) -> UsageError:
    if isinstance(error, msgspec.DecodeError):
        return UsageError(
            "the body is not JSON" + _position(str(error), body),
            why=str(error),
            now=f"send {shape}",
        )
    why = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else "it is nested too deep"
    return UsageError("the body is not JSON that can be read", why=why, now=f"send {shape}")


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
