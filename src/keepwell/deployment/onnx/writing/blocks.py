"""Columns inside a graph."""

from dataclasses import dataclass

from keepwell.core.errors import KeepwellError


class NotExportableError(KeepwellError):
    """The model, or a part of it, cannot be written as ONNX."""

    headline = "There is no ONNX form of this model"
    http_status = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A matrix of one row per row, in doubles or strings."""

    name: str
    width: int
    text: bool = False
