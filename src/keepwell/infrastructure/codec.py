"""Records to JSON and back.

    >>> from keepwell.core.records import Estimate
    >>> to_json(Estimate(value=0.84, low=0.82))
    b'{"value":0.84,"low":0.82,"high":null}'
    >>> from_json(Estimate, b'{"value":0.84,"colour":"of a newer version"}')
    Estimate(value=0.84, low=None, high=None)

Unknown fields are ignored and absent ones take their default, so a record written by a newer or an older
version still reads. JSON has no word for a number that is not finite: such a float travels as the
string `nan`, `inf` or `-inf` and comes back as a float where the record says float.
"""

import math
from pathlib import PurePath
from typing import Any, TypeVar, cast

import msgspec

from keepwell.core.errors import FormatError

T = TypeVar("T")


def to_plain(record: Any) -> dict[str, Any]:
    """Return a record as a JSON-ready dict: strings, finite numbers, booleans, None, lists, dicts."""
    plain = msgspec.to_builtins(record, str_keys=True, enc_hook=_encode)
    return cast("dict[str, Any]", _finite(plain))


def from_plain(cls: type[T], data: Any) -> T:
    """Return the record of class `cls` that `data` describes.

    Raises:
        FormatError: If `data` does not fit the class.
    """
    try:
        return msgspec.convert(data, cls, dec_hook=_decode)
    except msgspec.ValidationError:
        try:  # a float that is not finite came as a string
            return msgspec.convert(data, cls, dec_hook=_decode, strict=False)
        except msgspec.ValidationError as error:
            raise FormatError(
                f"a stored {cls.__name__} cannot be read",
                why=str(error),
                now="open it with the version of Keepwell that wrote it, or `keepwell audit verify`",
            ) from error


def to_json(record: Any) -> bytes:
    """Return a record as JSON."""
    return msgspec.json.encode(to_plain(record))


def from_json(cls: type[T], data: bytes | str) -> T:
    """Return the record of class `cls` that the JSON in `data` describes.

    Raises:
        FormatError: If `data` is not JSON, or does not fit the class.
    """
    try:
        plain = msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        raise FormatError(f"a stored {cls.__name__} is not JSON", why=str(error)) from error
    return from_plain(cls, plain)


def _encode(value: Any) -> Any:
    if isinstance(value, PurePath):
        return str(value)
    if hasattr(value, "tolist"):  # NumPy's scalars and arrays, without importing NumPy
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be said in JSON")


def _decode(cls: type, value: Any) -> Any:
    if issubclass(cls, PurePath):
        return cls(value)
    raise TypeError(f"{cls.__name__} cannot be read from JSON")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
