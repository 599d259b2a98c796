"""Thrift's compact protocol, as far as Parquet's footers use it: any struct as a tree, and back.

A struct is a list of `[field, type, value]`; a list is `(type, values)`. Nothing is named here, so fields
that this version has never heard of come through as they were.
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from typing import Any

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)
_INTEGERS = (I16, I32, I64)
_LONG_LIST = 15
_DOUBLE_BYTES = 8

Struct = list[list[Any]]


class Reader:
    """Reads a value after the other.

    Args:
        data: The bytes.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def struct(self) -> Struct:
        """Return the struct that stands here."""
        fields: Struct = []
        number = 0
        while (head := self._byte()) != 0:
            step, kind = head >> 4, head & 15
            number = number + step if step else _unzigzag(self._varint())
            fields.append([number, kind, self._value(kind)])
        return fields

    def _value(self, kind: int) -> Any:
        if kind in (TRUE, FALSE):  # said by the type itself
            return None
        if kind == BYTE:
            return self._byte()
        if kind in _INTEGERS:
            return _unzigzag(self._varint())
        if kind == DOUBLE:
            return self._take(_DOUBLE_BYTES)
        if kind == BINARY:
            return self._take(self._varint())
        if kind in (LIST, SET):
            head = self._byte()
            size, inner = head >> 4, head & 15
            size = self._varint() if size == _LONG_LIST else size
            one = self._byte if inner in (TRUE, FALSE) else lambda: self._value(inner)
            return inner, [one() for _ in range(size)]
        if kind == STRUCT:
            return self.struct()
        raise ValueError(f"a footer holds a value of the type {kind}")

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _take(self, size: int) -> bytes:
        self._at += size
        return self._data[self._at - size : self._at]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:  # noqa: PLR2004 (the last byte has no mark)
                return value
            shift += 7


def write_struct(fields: Struct) -> bytes:
    """Return the bytes of a struct."""
    out = bytearray()
    last = 0
    for number, kind, value in fields:
        step = number - last
        if 0 < step <= 15:  # noqa: PLR2004 (what fits into half a byte)
            out.append(step << 4 | kind)
        else:
            out.append(kind)
            out += _varint(_zigzag(number))
        last = number
        out += _bytes_of(kind, value)
    out.append(0)
    return bytes(out)


def get(fields: Struct, number: int) -> Any:
    """Return a field's value, None if it is not there."""
    return next((value for field, _, value in fields if field == number), None)


def put(fields: Struct, number: int, value: Any) -> None:
    """Change the value of a field that is there; nothing happens if it is not."""
    for field in fields:
        if field[0] == number:
            field[2] = value


def _bytes_of(kind: int, value: Any) -> bytes:
    if kind in (TRUE, FALSE):
        return b""
    if kind == BYTE:
        return bytes([value])
    if kind in _INTEGERS:
        return _varint(_zigzag(value))
    if kind == BINARY:
        return _varint(len(value)) + bytes(value)
    if kind == STRUCT:
        return write_struct(value)
    if kind == DOUBLE:
        return bytes(value)
    inner, items = value
    size = len(items)
    head = (
        bytes([size << 4 | inner]) if size < _LONG_LIST else bytes([0xF0 | inner]) + _varint(size)
    )
    if inner in (TRUE, FALSE):
        return head + bytes(items)
    return head + b"".join(_bytes_of(inner, item) for item in items)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:  # noqa: PLR2004
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def _unzigzag(value: int) -> int:
    return value >> 1 if value & 1 == 0 else -(value >> 1) - 1
