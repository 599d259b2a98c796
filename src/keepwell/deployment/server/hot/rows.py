"""Rows that fit a signature exactly, from their bytes to canonical values."""

from collections.abc import Callable
from typing import Any

import msgspec

from keepwell.core.records import ColumnType, Signature
from keepwell.features.cells import NAN, cell_of, missing_of
from keepwell.features.novelty import known_labels

Read = Callable[[Any], list[Any]]

_SENT: dict[ColumnType, Any] = {
    ColumnType.NUMBER: float | None,
    ColumnType.INTEGER: float | None,
    ColumnType.BOOLEAN: bool | None,
}


class OddRowError(Exception):
    """A row does not fit as it is; whether it can be answered is for the decoder to say."""


class _Body(msgspec.Struct):
    instances: list[msgspec.Raw]
    history: int = 0


_decode_body = msgspec.json.Decoder(_Body).decode


def raw_rows(body: bytes) -> list[msgspec.Raw]:
    """Return the rows of a request as they stand in its body; of one that asks for more, none."""
    asked = _decode_body(body)
    if asked.history:
        raise OddRowError
    return asked.instances


def row_reader(signature: Signature, key: str = "") -> Read:
    """Return a function from the bytes of a row to its canonical values.

    It raises `OddRowError`, or what msgspec raises, for every row that the decoder would warn of or
    refuse, and for some that it would take. Of the rest it makes what the decoder makes.

    Args:
        signature: What the model takes.
        key: A column beside them which is let through.
    """
    names = [field.name for field in signature.inputs]
    fields = [
        (f"f{at}", _SENT.get(f.type, str | None), None) for at, f in enumerate(signature.inputs)
    ]
    rename = {f"f{at}": name for at, name in enumerate(names)}
    if key and key not in names:
        fields.append(("key", Any, None))
        rename["key"] = key
    row = msgspec.defstruct("Row", fields, rename=rename, forbid_unknown_fields=True, gc=False)
    decode = msgspec.json.Decoder(row).decode
    constants: dict[str, Any] = {
        "decode": decode,
        "astuple": msgspec.structs.astuple,
        "odd": OddRowError,
        "nan": NAN,
    }
    lines = (
        [f"  {', '.join(name for name, *_ in fields)}, = astuple(decode(raw))"] if fields else []
    )
    for at, field in enumerate(signature.inputs):
        known = known_labels(field)
        lines += _canonical(f"f{at}", field.type, field.required, whole=known is not None)
        constants[f"known{at}"] = known
        constants[f"cell{at}"], constants[f"gap{at}"] = cell_of(field), missing_of(field)
    # Names of our own only: those of columns go to msgspec, as data.
    source = [f"def reader({', '.join(constants)}):", " def read(raw):", *lines]
    source += [f"  return [{', '.join(f'f{at}' for at in range(len(names)))}]", " return read"]
    place: dict[str, Any] = {}
    exec(compile("\n".join(source), "<row reader>", "exec"), {"__builtins__": {}}, place)  # noqa: S102
    read: Read = place["reader"](**constants)
    return read


def _canonical(name: str, kind: ColumnType, required: bool, *, whole: bool) -> list[str]:
    """Return the lines that make a canonical value of a present or missing one."""
    gap = "raise odd" if required else f"{name} = gap{name[1:]}"
    missing = f"not {name}" if kind is ColumnType.CATEGORY else f"{name} is None"
    lines = [f"  if {missing}: {gap}"]
    if kind is ColumnType.DATETIME:
        lines.append(f"  else: {name} = cell{name[1:]}({name})")
    elif whole:  # the long way has the words for a label that training never saw
        lines.append(f"  elif {name} not in known{name[1:]}: raise odd")
    elif kind is ColumnType.BOOLEAN:
        lines.append(f"  else: {name} = 1.0 if {name} else 0.0")
    return lines
