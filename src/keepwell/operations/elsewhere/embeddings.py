"""Columns of a reference that hold embeddings: lists of numbers, each of them as long."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from keepwell.core.errors import InvalidDataError
from keepwell.core.records import ColumnType, Field, Signature
from keepwell.monitoring.vectors import is_list, width_of


def embeddings_of(rows: pa.Table, without: Collection[str]) -> dict[str, int]:
    """Return which columns hold embeddings, and how many numbers each of them has.

    Raises:
        InvalidDataError: If a column holds lists that are no embeddings: of other things, or not all as long.
    """
    found: dict[str, int] = {}
    for name in rows.column_names:
        if name in without:
            continue
        column = rows[name]
        width = width_of(column)
        if width is not None:
            found[name] = width
        elif pa.types.is_nested(column.type):
            raise InvalidDataError(
                f"'{name}' holds {_held(column)}",
                why="an embedding is a list of numbers, in each row as many, none of them missing",
                now=f"correct the column, or leave it out: --drop {name}",
            )
    return found


def with_embeddings(
    signature: Signature, order: Sequence[str], widths: Mapping[str, int]
) -> Signature:
    """Return the signature with embeddings among its inputs, in the order of the columns."""
    listed = [
        Field(name=name, type=ColumnType.EMBEDDING, width=width) for name, width in widths.items()
    ]
    inputs = sorted((*signature.inputs, *listed), key=lambda item: order.index(item.name))
    return replace(signature, inputs=tuple(inputs))


def without_lists(rows: pa.Table, widths: Collection[str]) -> pa.Table:
    """Return the rows for a profile: of an embedding only whether it is there."""
    for name in widths:
        there = pc.if_else(rows[name].is_valid(), "", pa.scalar(None, pa.string()))
        rows = rows.set_column(rows.column_names.index(name), name, there)
    return rows


def _held(column: pa.ChunkedArray) -> str:
    if not is_list(column.type):
        return f"values of the type {column.type}"
    lengths = np.unique(pc.list_value_length(column.drop_null()).to_numpy())
    if len(lengths) > 1:
        return f"lists of {lengths[0]} to {lengths[-1]} numbers"
    return "lists without numbers, or with missing ones"
