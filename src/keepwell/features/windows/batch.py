"""The windows of a whole table: for each row, what it would have been told had it been asked for then."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.features import Window
from keepwell.features.windows.aggregates import deviation, rounded, whole
from keepwell.features.windows.values import key_codes, micros, numbers

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray


def windowed(rows: "pa.Table", windows: Iterable[Window], time: str) -> "pa.Table":
    """Return the columns that windows become, a value for each row, in the order of the rows.

    A row without a key or a time has none, and is no event for others.

    Args:
        rows: Has the columns that windows are calculated from.
        windows: What to calculate.
        time: The column that says when a row happened.
    """
    import pyarrow as pa

    when, known = micros(rows.column(time))
    found: dict[tuple[str, str], _Series] = {}
    columns: dict[str, pa.Array] = {}
    for window in windows:
        if window.series not in found:
            codes = key_codes(rows.column(window.by))
            values = numbers(rows.column(window.of)) if window.of else None
            found[window.series] = _Series.of(codes, when, known & (codes >= 0), values)
        columns[window.name] = pa.array(
            found[window.series].answer(window), pa.float64(), from_pandas=True
        )
    return pa.table(columns)


@dataclass(frozen=True, kw_only=True)
class _Series:
    """The events of a table, by key and time.

    Attributes:
        rows: How many rows the table has.
        order: The row that each event is.
        keys: Of each event, as a number.
        times: The same; microseconds.
        values: The same; nan where there is none. None where only rows are counted.
    """

    rows: int
    order: "NDArray[np.int64]"
    keys: "NDArray[np.int64]"
    times: "NDArray[np.int64]"
    values: "NDArray[np.float64] | None"

    @classmethod
    def of(
        cls,
        keys: "NDArray[np.int64]",
        times: "NDArray[np.int64]",
        known: "NDArray[np.bool_]",
        values: "NDArray[np.float64] | None",
    ) -> "_Series":
        places = np.flatnonzero(known)
        # Of several events at one moment the largest is the last; those without a number come first.
        ties = () if values is None else (np.nan_to_num(values[places], nan=-np.inf),)
        order = places[np.lexsort((*ties, times[places], keys[places]))]
        return cls(
            rows=len(keys),
            order=order,
            keys=keys[order],
            times=times[order],
            values=None if values is None else values[order],
        )

    def answer(self, window: Window) -> "NDArray[np.float64]":
        """Return the value of a window for each row of the table; nan where it has none."""
        low, high = self._bounds(window.micros)
        said = high - low if self.values is None else self._said(window.aggregate, low, high)
        result = np.full(self.rows, np.nan)
        result[self.order] = said
        return result

    def _bounds(self, over: int) -> "tuple[NDArray[np.int64], NDArray[np.int64]]":
        """Return the first event in the window of each, and the first behind it."""
        begins = self.times - over
        moments = np.unique(np.concatenate([self.times, begins]))
        base = self.keys * (len(moments) + 1)
        at = base + np.searchsorted(moments, self.times)
        return (
            np.searchsorted(at, base + np.searchsorted(moments, begins)),
            np.searchsorted(at, at),
        )

    def _said(
        self, name: str, low: "NDArray[np.int64]", high: "NDArray[np.int64]"
    ) -> "NDArray[np.float64]":
        count = self._counts[high] - self._counts[low]
        if name == "count":
            return count.astype(np.float64)
        if name == "last":
            return self._last(low, high)
        if name in ("min", "max"):
            return self._extreme(low, high, largest=name == "max")
        totals = _differences(self._totals, low, high)
        shift = self._whole[1]
        if name == "std":
            squares = _differences(self._squares, low, high)
            triples = zip(count.tolist(), totals, squares, strict=True)
            return _floats(deviation(many, total, square, shift) for many, total, square in triples)
        scale = 1 << shift
        sums = _floats(rounded(total, scale) for total in totals)
        if name == "sum":
            return sums
        means = np.full(len(sums), np.nan)
        np.divide(sums, count, out=means, where=count > 0)
        return means

    @property
    def _present(self) -> "NDArray[np.bool_]":
        return ~np.isnan(self._numbers)

    @property
    def _numbers(self) -> "NDArray[np.float64]":
        return np.empty(0) if self.values is None else self.values

    @cached_property
    def _counts(self) -> "NDArray[np.int64]":
        return np.concatenate([[0], np.cumsum(self._present)])

    @cached_property
    def _whole(self) -> tuple[list[int], int]:
        return whole(np.nan_to_num(self._numbers).tolist())

    @cached_property
    def _totals(self) -> list[int]:
        return [0, *accumulate(self._whole[0])]

    @cached_property
    def _squares(self) -> list[int]:
        return [0, *accumulate(number * number for number in self._whole[0])]

    def _last(self, low: "NDArray[np.int64]", high: "NDArray[np.int64]") -> "NDArray[np.float64]":
        places = np.where(self._present, np.arange(len(self._numbers)), -1)
        latest = np.maximum.accumulate(places)[np.maximum(high - 1, 0)]
        there = (high > low) & (latest >= low)
        return np.where(there, self._numbers[np.maximum(latest, 0)], np.nan)

    def _extreme(
        self, low: "NDArray[np.int64]", high: "NDArray[np.int64]", *, largest: bool
    ) -> "NDArray[np.float64]":
        """Return the largest (or smallest) number of each stretch, by stretches of powers of two."""
        pick: Callable[..., Any] = np.fmax if largest else np.fmin  # both look past nan
        result = np.full(len(low), np.nan)
        level, table = 0, self._numbers
        length = high - low
        while (asked := length >> level > 0).any():
            now = np.flatnonzero(asked & (length >> level + 1 == 0))
            result[now] = pick(table[low[now]], table[high[now] - (1 << level)])
            step = 1 << level
            table = pick(table[:-step], table[step:]) if len(table) > step else table[:0]
            level += 1
        return result


def _differences(
    totals: list[int], low: "NDArray[np.int64]", high: "NDArray[np.int64]"
) -> Sequence[int]:
    return [
        totals[after] - totals[before]
        for before, after in zip(low.tolist(), high.tolist(), strict=True)
    ]


def _floats(values: Iterable[float | None]) -> "NDArray[np.float64]":
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
