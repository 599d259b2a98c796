"""From a body to instances, and from an answer or a refusal to a body."""

from typing import Any

import msgspec

from keepwell.core.errors import InvalidRequestError, KeepwellError, UsageError

_SHAPE = '{"instances": [{"column": value, …}, …]}'

encode = msgspec.json.Encoder(enc_hook=str).encode
"""Gives a document as JSON bytes."""


class _Body(msgspec.Struct):
    instances: list[dict[str, Any]]


class BodyTooLargeError(UsageError):
    """The body is longer than a request may be."""

    headline = "The request is too large"
    http_status = 413


def instances_of(body: bytes | str) -> list[dict[str, Any]]:
    """Return the instances of a request.

    Raises:
        UsageError: If the body is not JSON.
        InvalidRequestError: If it is JSON of another form; says where.
    """
    try:
        return msgspec.json.decode(body, type=_Body).instances
    except msgspec.ValidationError as error:
        raise _other_form(error) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise UsageError("the body is not JSON", why=str(error), now=f"send {_SHAPE}") from None


def instances_in(document: Any) -> list[dict[str, Any]]:
    """Return the instances of a request that was parsed already.

    Raises:
        InvalidRequestError: If it has another form; says where.
    """
    try:
        return msgspec.convert(document, _Body).instances
    except msgspec.ValidationError as error:
        raise _other_form(error) from None


def failure(error: Exception) -> KeepwellError:
    """Return an error as one that can be told; a model may raise anything."""
    if isinstance(error, KeepwellError):
        return error
    return KeepwellError(
        "the model failed",
        why=f"{type(error).__name__}: {error}"[:500],
        now="see the log",
    )


def _other_form(error: Exception) -> InvalidRequestError:
    return InvalidRequestError(
        f"the body is not of the form {_SHAPE}: {error}",
        why="a request is a JSON object with the list 'instances', one object per row",
        now='send for example {"instances": [{"age": 41}]}',
    )
