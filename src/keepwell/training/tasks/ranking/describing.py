"""Columns that describe users and items: from the events, or from a table of their own."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.errors import TrainingError
from keepwell.core.records import Column, ColumnType
from keepwell.core.spec import DataSpec
from keepwell.core.suggestions import did_you_mean
from keepwell.features.label_sets import delimiter_of, hold_sets, labels_of
from keepwell.features.recommendation.descriptions import (
    LABELS,
    NUMBER,
    Descriptions,
    Descriptor,
    nothing,
)
from keepwell.training.tasks.ranking.events import Events, user_text
from keepwell.training.trained import Finding

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_LABELS = 40
_FEWEST = 5  # whom a label must apply to
_NUMBERS = (ColumnType.NUMBER, ColumnType.INTEGER, ColumnType.DATETIME)
_READ = (*_NUMBERS, ColumnType.CATEGORY, ColumnType.BOOLEAN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A table that describes users or items, a row each.

    Attributes:
        table: Its rows.
        columns: What its columns mean.
    """

    table: pa.Table
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What users and items are described by.

    Attributes:
        users: By user.
        items: By item.
    """

    users: Descriptions
    items: Descriptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Known(Described):
    """What is known beside the events, with how it was read.

    Attributes:
        events: With those users and items too that no event names, at the end.
        fields: The columns that describe users, as their table types them.
        findings: What was read, and what was left out.
    """

    events: Events
    fields: tuple[Column, ...]
    findings: tuple[Finding, ...]

    @property
    def described(self) -> Described:
        """All that is learnt from: what goes to a child."""
        return Described(users=self.users, items=self.items)


def describe(
    table: pa.Table,
    columns: Sequence[Column],
    data: DataSpec,
    events: Events,
    users: Side | None,
    items: Side | None,
) -> Known:
    """Return what is known of users and items.

    Raises:
        TrainingError: If a column or a table does not say what it should; says what to do.
    """
    own = Side(table=table, columns=tuple(columns))
    found: list[Finding] = []
    first = _read("user", users, own, data, events, found)
    second = _read("item", items, own, data, events, found)
    events = replace(events, users=first.labels, items=second.labels)
    return Known(
        events=events,
        users=first.descriptions,
        items=second.descriptions,
        fields=first.fields,
        findings=tuple(found),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Role:
    labels: list[Any]
    descriptions: Descriptions
    fields: tuple[Column, ...]


def _read(
    role: str, side: Side | None, own: Side, data: DataSpec, events: Events, found: list[Finding]
) -> _Role:
    key: str = getattr(data, role)
    named: tuple[str, ...] = getattr(data, f"{role}_columns")
    labels: list[Any] = list(events.users if role == "user" else events.items)
    if side is None and not named:
        return _Role(labels=labels, descriptions=nothing(len(labels)), fields=())
    source = own if side is None else side
    where = "the events" if side is None else f"`{role}s:` under `data:`"
    kinds = {column.name: column for column in source.columns}
    for name in (key, *named):
        if name not in kinds:
            raise TrainingError(
                f"the column '{name}' is not in {where}",
                why=f"its columns are {', '.join([*kinds][:20])}",
                now=did_you_mean(name, kinds)
                or (f"call the column of the {role} '{key}' there" if name == key else
                    f"correct `{role}_columns:` under `data:`"),
            )  # fmt: skip
    wanted = [kinds[name] for name in named or kinds if name not in {key, *data.ignore}]
    rows, labels = _rows(source.table, key, role, labels, events, extend=side is not None)
    made: list[Descriptor] = []
    values: list[NDArray[np.float64]] = []
    left: list[str] = []
    for column in wanted:
        cells = _cells(source.table[column.name], rows)
        descriptor = _descriptor(column, cells)
        if descriptor is None:
            left.append(column.name)
            continue
        made.append(descriptor)
        values.append(descriptor.encode(cells))
    _tell(role, made, left, where, found)
    together = np.hstack(values) if values else np.zeros((len(labels), 0))
    fields = tuple(kinds[one.name] for one in made)
    return _Role(
        labels=labels,
        descriptions=Descriptions(columns=tuple(made), values=together),
        fields=fields,
    )


def _tell(
    role: str, made: list[Descriptor], left: list[str], where: str, found: list[Finding]
) -> None:
    names = ", ".join(f"'{one.name}'" for one in made) or "nothing"
    found.append(
        Finding(column="", message=f"{role}s are described by {names} of {where}", kind="events")
    )
    if left:
        message = (
            f"{', '.join(map(repr, left))} of {where} left out: numbers, dates, true and false, and labels "
            f"that {_FEWEST} {role}s share describe them"
        )
        found.append(
            Finding(
                column=", ".join(left), message=message, kind="events", dropped=True,
                columns=tuple(left),
            )
        )  # fmt: skip


def _rows(
    table: pa.Table, key: str, role: str, labels: list[Any], events: Events, *, extend: bool
) -> tuple[list[int | None], list[Any]]:
    """Return by user or item the row that describes it, and their labels; those of the table go last."""
    known = {user_text(label): at for at, label in enumerate(labels)}
    rows: list[int | None] = [None] * len(labels)
    twice = 0
    for row, cell in enumerate(table[key].to_pylist()):
        if cell is None:
            continue
        text = user_text(cell)
        at = known.get(text)
        if at is None:
            if not extend:
                continue
            known[text] = at = len(labels)
            labels.append(text if role == "user" else cell)
            rows.append(None)
        if rows[at] is None:
            rows[at] = row
        else:
            twice += 1
    if extend and twice:
        raise TrainingError(
            f"{twice:,} rows of `{role}s:` under `data:` describe a {role} that another row describes",
            why=f"each '{key}' stands there once",
            now="leave the older rows out of that table",
        )
    return rows, labels


def _cells(column: pa.ChunkedArray, rows: list[int | None]) -> list[Any]:
    cells = column.to_pylist()
    return [None if row is None else cells[row] for row in rows]


def _descriptor(column: Column, cells: list[Any]) -> Descriptor | None:
    if column.type not in _READ and not hold_sets(cells):
        return None
    if column.type in _NUMBERS:
        made = Descriptor(name=column.name, kind=NUMBER)
    else:
        several = hold_sets(cells)
        delimiter = delimiter_of([cell for cell in cells if cell is not None]) if several else ""
        counts = Counter(
            label
            for cell in cells
            if cell is not None
            for label in labels_of(cell, delimiter) or []
        )
        labels = tuple(one for one, n in counts.most_common(_MOST_LABELS) if n >= _FEWEST)
        if not labels:
            return None
        made = Descriptor(name=column.name, kind=LABELS, labels=labels, delimiter=delimiter)
    raw = made.raw(cells)
    present = np.isfinite(raw).any(axis=1)
    if not present.any():
        return None
    means, spreads = np.nanmean(raw[present], axis=0), np.nanstd(raw[present], axis=0)
    if not spreads.any():
        return None
    return replace(
        made,
        means=tuple(means.tolist()),
        spreads=tuple(np.where(spreads > 0, spreads, 1.0).tolist()),
    )
