"""Rows to try an exported model on: of the training data, or made up to look like it."""

import json
from typing import TYPE_CHECKING, Any

from keepwell.core.records import ColumnType, Field, Profile
from keepwell.deployment.targets.base import Exportable
from keepwell.infrastructure.codec import from_json

if TYPE_CHECKING:
    import pyarrow as pa

PROFILE_FILE = "profile.json"
_SEED = 20_260


def rows_of(exportable: Exportable, most: int) -> "tuple[pa.Table, bool]":
    """Return rows that the model takes, and whether they are real.

    Made-up rows take each column's values from its profile, independently of the others: numbers between
    its quantiles, labels by how often they occurred, gaps where there were some.
    """
    found = exportable.rows(most)
    if found is not None and found.num_rows:
        return found, True
    import numpy as np
    import pyarrow as pa

    version = exportable.version
    profile = (
        from_json(Profile, exportable.read(PROFILE_FILE))
        if version.bundle.file(PROFILE_FILE) is not None
        else Profile(rows=0, columns=())
    )
    random = np.random.default_rng(_SEED)
    columns = {
        field.name: _column(field, profile, random, most) for field in version.signature.inputs
    }
    return pa.table(columns), False


def instances_of(rows: "pa.Table", names: list[str]) -> list[dict[str, Any]]:
    """Return rows as they would come in a JSON request: times as text, nothing that JSON lacks."""
    there = [name for name in names if name in rows.column_names]
    return [
        {name: _plain(value) for name, value in row.items() if value is not None}
        for row in rows.select(there).to_pylist()
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return json.loads(json.dumps(value)) if value == value else None  # noqa: PLR0124 (nan)
    return value.isoformat() if hasattr(value, "isoformat") else float(value)


def _column(field: Field, profile: Profile, random: Any, rows: int) -> "pa.Array":
    import numpy as np
    import pyarrow as pa

    known = profile.column(field.name)
    gaps = None
    if known is not None and known.rows and not field.required:
        gaps = random.random(rows) < known.missing / known.rows
    if field.type in (ColumnType.NUMBER, ColumnType.INTEGER, ColumnType.DATETIME):
        quantiles = known.quantiles if known is not None else ()
        if not quantiles:
            example = field.example if isinstance(field.example, int | float) else 0.0
            quantiles = (float(example),) * 2
        places = np.linspace(0.0, 1.0, len(quantiles))
        values = np.interp(random.random(rows), places, quantiles)
        if field.type is ColumnType.DATETIME:
            return pa.array((values * 1e6).astype("datetime64[us]"), mask=gaps)
        whole = field.type is ColumnType.INTEGER
        return pa.array(np.round(values) if whole else values, mask=gaps)
    if field.type is ColumnType.BOOLEAN:
        return pa.array(random.integers(0, 2, rows) == 1, mask=gaps)
    top = known.top if known is not None else ()
    labels = [label for label, _ in top] or list(field.categories) or [str(field.example or "")]
    counts = np.array([float(count) for _, count in top] or [1.0] * len(labels), dtype=np.float64)
    drawn = random.choice(len(labels), rows, p=counts / counts.sum())
    return pa.array([labels[at] for at in drawn], mask=gaps)
