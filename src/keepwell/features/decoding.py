"""From JSON instances or Arrow tables to the canonical frame: two doors, one meaning.

    decoder = Decoder(signature)
    decoder.rows([{"age": 41, "colour": "red"}]).columns   # [[41.0], ["red"]]
    decoder.table(pa.table({"age": [41], "colour": ["red"]}))  # the same, as a DataFrame

Law: for every table, `rows(table.to_pylist())` equals `table(table)`, refusals included. Infinite
numbers count as missing, and labels that training never saw are taken, each with a warning. The row
door imports neither pandas nor scikit-learn.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keepwell.core.errors import InvalidRequestError
from keepwell.core.records import ColumnType, Field, Signature
from keepwell.features.cells import Cell, RefusedValueError, cell_of, is_missing, missing_of
from keepwell.features.novelty import known_labels, novel

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

_SHOWN = 5  # extra columns named in one warning


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """Canonical values by column, in the order of the signature's inputs."""

    columns: list[list[Any]]
    warnings: list[str]


class Decoder:
    """Types instances by a model's signature.

    Args:
        signature: What the model takes.
        lenient: Take a missing value even where training saw none. For comparing models on later
            rows, where a refusal would hide how well the model copes.
    """

    def __init__(self, signature: Signature, *, lenient: bool = False) -> None:
        self.signature = signature
        self._inputs: list[tuple[str, Field, Cell, Any, bool]] = [
            (field.name, field, cell_of(field), missing_of(field), field.required and not lenient)
            for field in signature.inputs
        ]
        self._names = frozenset(field.name for field in signature.inputs)
        labels = {field.name: known_labels(field) for field in signature.inputs}
        self._labels = {name: known for name, known in labels.items() if known is not None}

    def rows(self, instances: Sequence[Mapping[str, Any]]) -> Decoded:
        """Decode instances as they come from JSON.

        Raises:
            InvalidRequestError: If a value is of a wrong type, or missing where training saw none;
                names the column and the instance.
        """
        columns: list[list[Any]] = []
        warnings: list[str] = []
        single = instances[0] if len(instances) == 1 else None
        for name, field, cell, missing, required in self._inputs:
            if single is not None:  # the usual request: what is plain is not looked at twice
                value = single.get(name)
                if value is None and not required:
                    columns.append([missing])
                    continue
                canonical = _plain(value, cell)
                if canonical is not None:
                    columns.append([canonical])
                    continue
            values = [instance.get(name) for instance in instances]
            try:
                decoded, infinite = _decode(values, field, cell, missing, required)
            except InvalidRequestError as error:
                sent = instances[error.details["instance"]]
                raise _with_misspelling(error, name, sent.keys(), self._names) from None
            columns.append(decoded)
            if infinite:
                warnings.append(_infinite_warning(name, infinite))
        warnings += self._novelties(columns)
        known = len(self._names)
        extra: set[str] = set()
        for instance in instances:
            if len(instance) > known or not instance.keys() <= self._names:
                extra |= instance.keys() - self._names
        if extra:
            warnings.append(_extra_warning(extra))
        return Decoded(columns=columns, warnings=warnings)

    def _novelties(self, columns: list[list[Any]]) -> list[str]:
        """Return a warning for each column with labels that training never saw."""
        if not self._labels:
            return []
        warnings = []
        for (name, *_), values in zip(self._inputs, columns, strict=True):
            known = self._labels.get(name)
            if known is not None:
                new = [label for label in values if label is not None and label not in known]
                if new:
                    warnings.append(novel(new).said(name))
        return warnings

    def table(self, table: "pa.Table") -> "pd.DataFrame":
        """Decode a table; column by column, without a Python object per value where types fit.

        Raises:
            InvalidRequestError: As `rows` does.
        """
        import numpy as np
        import pandas as pd

        frame = {
            field.name: pd.Series(values.view(np.ndarray), dtype=_dtype(field))
            for field, values in zip(self.signature.inputs, self.columns(table), strict=True)
        }
        return pd.DataFrame(frame, index=pd.RangeIndex(table.num_rows))

    def columns(self, table: "pa.Table") -> "list[NDArray[Any]]":
        """Decode a table into one array per input: the columns of `table`, without a frame.

        Raises:
            InvalidRequestError: As `rows` does.
        """
        import numpy as np

        from keepwell.features.columns import decode_column

        columns: list[NDArray[Any]] = []
        present = set(table.column_names)
        for name, field, cell, missing, required in self._inputs:
            column = table.column(name) if name in present else None
            values: Any = None
            if column is not None:
                values = decode_column(column, field, required=required)
            if values is None:
                raw = [None] * table.num_rows if column is None else column.to_pylist()
                try:
                    values, _ = _decode(raw, field, cell, missing, required)
                except InvalidRequestError as error:
                    raise _with_misspelling(error, name, present, self._names) from None
                made: NDArray[Any] = np.empty(len(values), dtype=_dtype(field))
                made[:] = values
                values = made
            columns.append(values)
        return columns


def _with_misspelling(
    error: InvalidRequestError,
    name: str,
    sent: Collection[str],
    known: frozenset[str],
) -> InvalidRequestError:
    """Return the error with the name that was sent in place of this column, if one looks like it."""
    import difflib

    unknown = sorted(str(one) for one in set(sent) - known)
    close = [] if name in sent else difflib.get_close_matches(name, unknown, n=1)
    if not close:
        return error
    return InvalidRequestError(
        error.what,
        why=f"the row has '{close[0]}', which the model does not take",
        now=f"call it '{name}'",
        details=error.details,
    )


def _dtype(field: Field) -> type:
    return object if field.type in (ColumnType.CATEGORY, ColumnType.TEXT) else float


def _plain(value: Any, cell: Cell) -> Any:
    """Return the canonical form of a present value; None where `_decode` must find the words."""
    try:
        canonical = cell(value)
    except RefusedValueError:
        return None
    return canonical if canonical == canonical else None  # noqa: PLR0124 (nan: missing or infinite)


def _decode(
    values: list[Any], field: Field, cell: Cell, missing: Any, required: bool
) -> tuple[list[Any], int]:
    """Return canonical values and how many of them were infinite."""
    decoded: list[Any] = []
    infinite = 0
    for row, value in enumerate(values):
        if is_missing(value):
            if required:
                raise _missing_error(field, row)
            decoded.append(missing)
            continue
        try:
            canonical = cell(value)
        except RefusedValueError as refusal:
            raise _type_error(field, row, value, refusal) from None
        if is_missing(canonical):  # an empty label, an infinite number
            if required:
                raise _missing_error(field, row, value)
            infinite += canonical is not None
        decoded.append(canonical)
    return decoded, infinite


def _a(field: Field) -> str:
    word = field.type.value
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def _missing_error(field: Field, row: int, value: Any = None) -> InvalidRequestError:
    found = "is missing" if value is None else f"is {value!r:.40}, which counts as missing,"
    return InvalidRequestError(
        f"column '{field.name}' {found} in instance {row}",
        why="training saw a value in every row, so the model never learnt what a gap means",
        now=f"send {_a(field)} for '{field.name}'",
        details={"column": field.name, "instance": row},
    )


def _type_error(
    field: Field, row: int, value: Any, refusal: RefusedValueError
) -> InvalidRequestError:
    example = "" if field.example is None else f", for example {field.example!r}"
    return InvalidRequestError(
        f"column '{field.name}' of instance {row} is {_kind(value)}: {value!r:.80}",
        why=f"'{field.name}' is {_a(field)} and {refusal}",
        now=f"send {_a(field)}{example}",
        details={"column": field.name, "instance": row},
    )


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, list):
        return "a list"
    return "an object" if isinstance(value, dict) else f"a {type(value).__name__}"


def _infinite_warning(name: str, count: int) -> str:
    values = "1 infinite value counts" if count == 1 else f"{count} infinite values count"
    return f"column '{name}': {values} as missing"


def _extra_warning(extra: set[str]) -> str:
    names = sorted(map(str, extra))
    shown = ", ".join(f"'{name:.60}'" for name in names[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"ignored, because the model does not use them: {shown}{more}"
