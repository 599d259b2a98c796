"""Labelled live rows as a dataset: what the endpoint was asked, and what turned out to be true."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from keepwell.core.errors import NotFoundError
from keepwell.core.records import Column, ColumnType, DatasetVersion, Signature
from keepwell.infrastructure.logged_rows import believed
from keepwell.operations.build.bench import Bench

ID, TIME = "keepwell_prediction_id", "keepwell_predicted_at"
"""Columns of the live dataset beside the model's inputs and target."""

ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    ColumnType.NUMBER: pa.float64(),
    ColumnType.INTEGER: pa.float64(),  # requests may send 3.0 for 3, and gaps
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.CATEGORY: pa.string(),
    ColumnType.TEXT: pa.string(),
    ColumnType.IMAGE: pa.string(),
    ColumnType.DATETIME: pa.timestamp("us", tz="UTC"),
    ColumnType.IDENTIFIER: pa.string(),
}


def live_dataset(bench: Bench) -> str:
    """Return the name of the dataset that labelled live rows are kept in."""
    return f"{bench.spec.dataset}.live"


def keep_live_rows(bench: Bench, labelled: pa.Table, signature: Signature) -> DatasetVersion:
    """Return the version of the dataset `NAME.live` that holds all these rows.

    Rows that it holds already are not stored again; where none is new, it is the version of before.

    Args:
        bench: The workspace's parts.
        labelled: Predictions with their outcomes: `id`, `time` (Unix seconds), `inputs`, `outcome`.
        signature: Of the version that answered; gives the columns and their types.
    """
    name = live_dataset(bench)
    try:
        before: DatasetVersion | None = bench.datasets.get(name)
    except NotFoundError:
        before = None
    if before is not None:
        known = bench.datasets.read(before, columns=[ID])[ID]
        labelled = labelled.filter(pc.invert(pc.is_in(labelled["id"], value_set=known)))
        if labelled.num_rows == 0:
            return before
    rows = live_table(labelled.select(["inputs", "outcome"]).to_pylist(), signature)
    moments = pa.array(
        [datetime.fromtimestamp(time, UTC) for time in labelled["time"].to_pylist()],
        pa.timestamp("us", tz="UTC"),
    )
    rows = rows.append_column(ID, labelled["id"].cast(pa.string())).append_column(TIME, moments)
    return bench.datasets.append(
        name,
        rows,
        origin=f"outcomes of the endpoint '{bench.spec.endpoint}'",
        columns=_schema(rows, signature),
    )


def _schema(rows: pa.Table, signature: Signature) -> list[Column]:
    kinds = {field.name: field.type for field in signature.inputs}
    wide = {ColumnType.INTEGER: ColumnType.NUMBER, ColumnType.IDENTIFIER: ColumnType.CATEGORY}
    target = rows.schema.field(signature.target).type
    if pa.types.is_floating(target):
        kinds[signature.target] = ColumnType.NUMBER
    elif pa.types.is_integer(target):
        kinds[signature.target] = ColumnType.INTEGER
    elif pa.types.is_boolean(target):
        kinds[signature.target] = ColumnType.BOOLEAN
    else:
        kinds[signature.target] = ColumnType.CATEGORY
    kinds |= {ID: ColumnType.IDENTIFIER, TIME: ColumnType.DATETIME}
    return [
        Column(name=name, type=wide.get(kinds[name], kinds[name]) if name != ID else kinds[name])
        for name in rows.column_names
    ]


def live_table(rows: Iterable[Mapping[str, Any]], signature: Signature) -> pa.Table:
    """Return the rows that a model could have been trained on, in the order given.

    Args:
        rows: Logged predictions with their outcomes: `inputs` and `outcome` are JSON texts.
        signature: Of the version that answered; gives the columns and their types.
    """
    documents, outcomes = [], []
    for row in rows:
        documents.append(row["inputs"])
        outcomes.append(json.loads(row["outcome"]))
    inputs = inputs_table(documents, signature)
    return inputs.append_column(signature.target, _outcomes(outcomes, signature))


def inputs_table(documents: Iterable[str], signature: Signature) -> pa.Table:
    """Return logged inputs (JSON) as the columns that a version takes."""
    instances = [believed(json.loads(document)) for document in documents]
    return pa.table(
        {
            field.name: pa.array(
                [_value(instance.get(field.name), field.type) for instance in instances],
                type=ARROW_TYPES[field.type],
            )
            for field in signature.inputs
        }
    )


def _value(value: Any, kind: ColumnType) -> Any:
    if value is None or value == "":
        return None
    if kind in (ColumnType.NUMBER, ColumnType.INTEGER):
        return float(value)
    if kind is ColumnType.BOOLEAN:
        return bool(value)
    if kind is ColumnType.DATETIME:
        return _moment(value)
    return value if isinstance(value, str) else json.dumps(value)


def _moment(value: Any) -> datetime | None:
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _outcomes(outcomes: list[Any], signature: Signature) -> pa.Array:
    if signature.task.numeric:
        return pa.array(
            [None if value is None else float(value) for value in outcomes], pa.float64()
        )
    if signature.task.several:
        return pa.array(
            [json.dumps(one) if isinstance(one, list) else one for one in outcomes], pa.string()
        )
    labels = {str(label): label for label in signature.classes}
    return pa.array([labels.get(str(value), value) for value in outcomes])


def in_common(base: pa.Table, live: pa.Table, names: Iterable[str]) -> pa.Table:
    """Return base and live rows, one after the other, with the columns `names`, typed as in `base`.

    A live column that cannot be read as the base's type makes both text: a category is the one type
    that takes everything.
    """
    arrays: dict[str, pa.ChunkedArray] = {}
    for name in names:
        first, second = base[name], live[name]
        try:
            second = second.cast(first.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
            first, second = _same_kind(first, second)
        arrays[name] = pa.chunked_array([*first.chunks, *second.chunks], type=first.type)
    return pa.table(arrays)


def _same_kind(
    first: pa.ChunkedArray, second: pa.ChunkedArray
) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    if pa.types.is_list(first.type):  # of labels, which outcomes hold as JSON
        rows = [None if one is None else json.dumps(one) for one in first.to_pylist()]
        first = pa.chunked_array([rows], type=pa.string())
    numeric = [
        pa.types.is_integer(array.type) or pa.types.is_floating(array.type)
        for array in (first, second)
    ]
    if all(numeric):  # an integer column whose live values hold fractions
        return first.cast(pa.float64()), second.cast(pa.float64())
    return first.cast(pa.string()), second.cast(pa.string())
