"""Predictions as rows of a table: which column is what, all others are inputs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import pyarrow as pa

from keepwell.core.errors import InvalidDataError
from keepwell.core.suggestions import did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Names of the columns that are no inputs; empty where there is none.

    A column of the same name as its field is taken without being named.
    """

    prediction: str = ""
    time: str = ""
    outcome: str = ""
    id: str = ""
    key: str = ""
    version: str = ""
    score: str = ""
    latency_ms: str = ""
    trace: str = ""


NAMES = tuple(field.name for field in fields(Columns))


def columns_of(names: Sequence[str], wanted: Columns, *, inputs: Sequence[str] = ()) -> Columns:
    """Return which column is what.

    Args:
        names: The columns that there are.
        wanted: Those that were named.
        inputs: What the model takes: never taken for anything else by its name alone.

    Raises:
        InvalidDataError: If one that was named is not there, or there is no prediction.
    """
    found = {}
    for field in NAMES:
        name = getattr(wanted, field)
        if name and name not in names:
            raise InvalidDataError(
                f"the rows have no column '{name}'",
                why=f"their columns are {', '.join(names[:20])}",
                now=did_you_mean(name, names) or f"name the column with the {field}",
            )
        found[field] = name or (field if field in names and field not in inputs else "")
    if not found["prediction"]:
        raise InvalidDataError(
            "no column holds the predictions",
            why=f"the columns are {', '.join(names[:20])}",
            now="name the one that does: prediction=COLUMN, or --prediction COLUMN",
        )
    return Columns(**found)


def items_of(table: pa.Table, columns: Columns) -> Iterator[dict[str, Any]]:
    """Yield each row as a prediction that `Elsewhere.take` takes."""
    special = {getattr(columns, field): field for field in NAMES if getattr(columns, field)}
    for row in table.to_pylist():
        item: dict[str, Any] = {}
        inputs: dict[str, Any] = {}
        for name, value in row.items():
            if name in special:
                if value is not None:
                    item[special[name]] = value
            else:
                inputs[name] = value
        yield {**item, "inputs": inputs}
