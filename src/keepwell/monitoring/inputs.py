"""The inputs of logged predictions: from one JSON document a row to one typed column a field."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from keepwell.core.errors import UsageError
from keepwell.core.records import ColumnType, Field
from keepwell.infrastructure.logged_rows import MARK, believed
from keepwell.infrastructure.tables import query
from keepwell.monitoring.vectors import kept_lists

_NUMERIC = (ColumnType.NUMBER, ColumnType.INTEGER, ColumnType.BOOLEAN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Columns as they were sent.

    Attributes:
        columns: Numbers and booleans as floats, everything else as text, null where nothing was sent. An
            embedding is its list of numbers as JSON.
        wrong: How many values of a column are of another type (counted as missing).
    """

    columns: dict[str, pa.Array]
    wrong: dict[str, int] = field(default_factory=dict)


def parse_inputs(documents: pa.ChunkedArray, fields: Sequence[Field]) -> Inputs:
    """Return the columns of these fields in JSON documents, a row each."""
    if not fields:
        return Inputs(columns={})
    try:
        columns = _read(documents, {item.name: _sql_type(item) for item in fields})
    except UsageError:  # names that differ by case only, or a document that is not JSON
        return _lists_checked(_read_one_by_one(documents.to_pylist(), fields), fields)
    doubtful = [
        item.name for item in fields if item.type in _NUMERIC and columns[item.name].null_count
    ]
    wrong: dict[str, int] = {}
    if doubtful:
        texts = _read(documents, dict.fromkeys(doubtful, "VARCHAR"))
        for name in doubtful:
            count = columns[name].null_count - texts[name].null_count
            if count:
                wrong[name] = count
    return _lists_checked(Inputs(columns=columns, wrong=wrong), fields)


def as_scored(documents: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return documents as the model saw them: of a column in quarantine, what stood in its place."""
    marked = pc.match_substring(documents, MARK)
    if not pc.any(marked).as_py():
        return documents
    pairs = zip(documents.to_pylist(), marked.to_pylist(), strict=True)
    texts = [json.dumps(believed(json.loads(text))) if there else text for text, there in pairs]
    return pa.chunked_array([pa.array(texts, pa.string())])


def _lists_checked(inputs: Inputs, fields: Sequence[Field]) -> Inputs:
    """Take what is no list of as many numbers as training's for missing, and count it."""
    for item in fields:
        if item.type is ColumnType.EMBEDDING:
            kept, lost = kept_lists(inputs.columns[item.name], item.width)
            inputs.columns[item.name] = kept
            if lost:
                inputs.wrong[item.name] = lost
    return inputs


def _sql_type(item: Field) -> str:
    return "DOUBLE" if item.type in _NUMERIC else "VARCHAR"


def _read(documents: pa.ChunkedArray, types: dict[str, str]) -> dict[str, pa.Array]:
    shape = json.dumps(types).replace("'", "''")
    answer = query(
        f"SELECT from_json(document, '{shape}') AS row FROM documents",  # noqa: S608 (quoted above)
        {"documents": pa.table({"document": documents})},
    )
    rows = answer["row"].combine_chunks()
    return {name: rows.field(place) for place, name in enumerate(types)}


def _read_one_by_one(documents: Sequence[str], fields: Sequence[Field]) -> Inputs:
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    rows: list[dict[str, Any]] = []
    for document in documents:
        try:
            rows.append(decode(document))
        except msgspec.DecodeError:
            rows.append({})
    columns: dict[str, pa.Array] = {}
    wrong: dict[str, int] = {}
    for item in fields:
        values = [row.get(item.name) for row in rows]
        if item.type in _NUMERIC:
            numbers = [float(one) if isinstance(one, int | float) else None for one in values]
            if lost := numbers.count(None) - values.count(None):
                wrong[item.name] = lost
            columns[item.name] = pa.array(numbers, pa.float64())
        else:
            columns[item.name] = pa.array([_text(one) for one in values], pa.string())
    return Inputs(columns=columns, wrong=wrong)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)


def as_logged(column: pa.ChunkedArray, kind: ColumnType) -> pa.Array:
    """Return a stored column as the log's are read: numbers and booleans as floats, all else as text.

    Lists stay as they are.
    """
    if kind is ColumnType.EMBEDDING:
        return column.combine_chunks()
    if kind in _NUMERIC:
        if pa.types.is_boolean(column.type):
            column = column.cast(pa.int8())
        return column.cast(pa.float64(), safe=False).combine_chunks()
    return column.cast(pa.string()).combine_chunks()
