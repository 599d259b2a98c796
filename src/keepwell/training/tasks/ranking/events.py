"""Events, read from a table: who took what, how much it says, and in which order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from keepwell.core.errors import TrainingError
from keepwell.core.records import Column, ColumnType
from keepwell.core.spec import DataSpec
from keepwell.core.suggestions import did_you_mean
from keepwell.features.recommendation import History

if TYPE_CHECKING:
    from numpy.typing import NDArray

USERS = ("user", "userid", "customer", "customerid", "visitor", "visitorid", "account", "member",
          "memberid", "reader", "session", "sessionid")  # fmt: skip
ITEMS = ("item", "itemid", "product", "productid", "movie", "movieid", "article", "articleid", "book",
          "bookid", "song", "songid", "track", "trackid", "sku", "game", "gameid", "isbn")  # fmt: skip
_FEWEST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """Events in the order in which they happened; a user takes an item once.

    Attributes:
        users: Users as text, in the order of their codes.
        items: Items as the data writes them.
        user: By event.
        item: By event.
        weights: By event, 1 on average.
        times: By event, seconds or its place.
        rows: By event, its position in the table.
        reason: How they were found, in words.
    """

    users: list[str]
    items: list[Any]
    user: "NDArray[np.int64]"
    item: "NDArray[np.int64]"
    weights: "NDArray[np.float64]"
    times: "NDArray[np.float64]"
    rows: "NDArray[np.int64]"
    reason: str

    def __len__(self) -> int:
        return len(self.user)

    def where(self, chosen: "NDArray[np.bool_]") -> "Events":
        """Return some of the events."""
        return replace(
            self, user=self.user[chosen], item=self.item[chosen], weights=self.weights[chosen],
            times=self.times[chosen], rows=self.rows[chosen],
        )  # fmt: skip

    def history(self, held: "NDArray[np.bool_] | None" = None) -> History:
        """Return the events user by user."""
        order = np.argsort(self.user, kind="stable")
        counts = np.bincount(self.user, minlength=len(self.users))
        aside = np.zeros(len(self), dtype=bool) if held is None else held
        return History(
            starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            items=self.item[order],
            weights=self.weights[order],
            held=aside[order],
        )


def name_columns(columns: Sequence[Column], data: DataSpec) -> DataSpec:
    """Return the spec with user and item named: as told, or by what columns are usually called.

    Raises:
        TrainingError: If they cannot be told; says what to write.
    """
    names = [column.name for column in columns]
    if data.target:
        raise TrainingError(
            f"recommending has no target, and `target: {data.target}` is set",
            why="what users took is learnt from",
            now=f"remove that line; `weight: {data.target}` makes it say how much an event counts",
        )
    found = {
        "user": data.user or called(names, USERS),
        "item": data.item or called(names, ITEMS),
    }
    for role, name in found.items():
        if not name:
            raise TrainingError(
                f"no column is known to hold the {role} of an event",
                why=f"the columns are {', '.join(names[:20])}",
                now=f"write `{role}: COLUMN` under `data:`",
            )
    time = data.time or _only_time(columns)
    for role, name in (*found.items(), ("weight", data.weight), ("time", time)):
        if name and name not in names:
            raise TrainingError(
                f"the {role} column '{name}' is not in the data",
                why=f"its columns are {', '.join(names[:20])}",
                now=did_you_mean(name, names) or f"correct `{role}:` under `data:`",
            )
    return replace(data, user=found["user"], item=found["item"], time=time)


def user_text(user: Any) -> str:
    """Return a user as requests name it: a whole number without a point."""
    if isinstance(user, bool) or not isinstance(user, int | float):
        return str(user)
    return f"{user:.15g}"


def called(names: Sequence[str], usual: Sequence[str]) -> str:
    """Return the first of the columns that goes by one of the usual names, nothing if none does."""
    plain = {
        name.lower().replace("_", "").replace("-", "").replace(" ", ""): name for name in names
    }
    return next((plain[one] for one in usual if one in plain), "")


def _only_time(columns: Sequence[Column]) -> str:
    dates = [column.name for column in columns if column.type is ColumnType.DATETIME]
    return dates[0] if len(dates) == 1 else ""


def read_events(table: pa.Table, data: DataSpec) -> Events:
    """Return the events of a table, of repeated ones the first with all their weight.

    Raises:
        TrainingError: If there is one user or one item, or too few events; says what to do.
    """
    columns = [table[data.user], table[data.item]]
    usable = pc.and_(pc.is_valid(columns[0]), pc.is_valid(columns[1]))
    rows = np.flatnonzero(np.asarray(usable.to_numpy(zero_copy_only=False), dtype=bool))
    weights = _weights(table, data.weight, rows)
    times = _times(table, data.time, rows)
    order = np.argsort(times, kind="stable")
    rows, weights, times = rows[order], weights[order], times[order]
    users, user = _coded(columns[0], rows)
    items, item = _coded(columns[1], rows)
    _must_tell(data, len(users), len(items), len(rows))
    pairs = user * len(items) + item
    _, first, again = np.unique(pairs, return_index=True, return_inverse=True)
    kept = np.sort(first)
    total = np.bincount(again, weights=weights)[again]  # of all events of the pair
    how = f"`user:` is '{data.user}' and `item:` is '{data.item}'"
    weight = total[kept]
    return Events(
        users=[user_text(name) for name in users], items=items, user=user[kept], item=item[kept],
        weights=weight / weight.mean(), times=times[kept], rows=rows[kept], reason=how,
    )  # fmt: skip


def _weights(table: pa.Table, name: str, rows: "NDArray[np.int64]") -> "NDArray[np.float64]":
    if not name:
        return np.ones(len(rows))
    kind = table.schema.field(name).type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise TrainingError(
            f"the weight column '{name}' holds no numbers",
            why="a weight says how much an event counts",
            now="name a column of numbers, or leave `weight:` out",
        )
    values = table[name].cast(pa.float64()).fill_null(0.0).to_numpy()[rows]
    if not np.isfinite(values).all() or (values < 0).any() or not (values > 0).any():
        raise TrainingError(
            f"the weights in '{name}' cannot be used",
            why="they must be numbers from 0 on, and not all 0",
            now="correct them, or leave `weight:` out",
        )
    return np.asarray(values, dtype=np.float64)


def _times(table: pa.Table, name: str, rows: "NDArray[np.int64]") -> "NDArray[np.float64]":
    if not name:
        return rows.astype(np.float64)
    column = table[name]
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False).cast(pa.int64())
    elif pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("us")).cast(pa.int64())
    elif not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise TrainingError(
            f"events cannot be put in order by '{name}'",
            why="it is neither a date nor a number",
            now=f"add `types: {{{name}: datetime}}` under `data:`, or name another column",
        )
    values = column.cast(pa.float64(), safe=False).fill_null(-np.inf).to_numpy()[rows]
    return np.asarray(values, dtype=np.float64)


def _coded(
    column: pa.ChunkedArray, rows: "NDArray[np.int64]"
) -> "tuple[list[Any], NDArray[np.int64]]":
    chosen = column.combine_chunks().take(pa.array(rows))
    if pa.types.is_dictionary(chosen.type):
        chosen = chosen.cast(chosen.type.value_type)
    coded = chosen.dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    codes = np.asarray(coded.indices.to_numpy(zero_copy_only=False), dtype=np.int64)
    return coded.dictionary.to_pylist(), codes


def _must_tell(data: DataSpec, users: int, items: int, events: int) -> None:
    for role, name, count in (("user", data.user, users), ("item", data.item, items)):
        if count < 2:  # noqa: PLR2004
            raise TrainingError(
                f"'{name}' holds {'one' if count else 'no'} {role} in {events:,} events",
                why="what others took is what recommendations are made of",
                now=f"load events of several {role}s, or name another column with `{role}:`",
            )
    if events < _FEWEST:
        raise TrainingError(
            f"{events} events are too few to learn from",
            why=f"some must be set aside to test on; {_FEWEST} are the least",
            now="collect more events and run again",
        )
