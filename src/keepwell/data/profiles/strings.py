"""Sums up strings: counts of each while they are few, an estimate and the frequent ones when not."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from keepwell.data.profiles.distinct import EXACT, DistinctEstimate, hash_strings

TOP = 50
"""How many frequent values a profile holds."""

PICTURE = "^(data:image/|iVBORw0KGgo|/9j/|R0lGOD|UklGR|Qk0)[A-Za-z0-9+/=;,:-]{40,}$"
"""What base64 of a PNG, JPEG, GIF, WebP or BMP file looks like."""

NUMBERS = r"^\s*\[[0-9eE+\-.,\s]+\]\s*$"
"""What a list of numbers looks like in JSON: no text, no null, no list within."""

_FREQUENT = 0.0005  # of the rows so far: what stays counted when there are too many values
_SPACES_IN = 10_000  # strings looked at for their number of words


class StringSummary:
    """What is known of a column of strings so far.

    Attributes:
        rows: Rows seen.
        missing: Of them without a value.
        spaces: Spaces in an average string, by the first ones.
        length: Its bytes, by the first ones.
        pictures: The first ones are picture files in base64.
        lists: The first ones are lists of numbers in JSON.
    """

    def __init__(self) -> None:
        self.rows = self.missing = 0
        self.spaces = self.length = 0.0
        self.pictures = self.lists = False
        self._first: tuple[Any, Any] | None = None  # values and counts of the only chunk
        self._counts: dict[str, int] = {}
        self._estimate: DistinctEstimate | None = None

    @property
    def values(self) -> int:
        """Values seen."""
        return self.rows - self.missing

    def add(self, array: Any) -> None:
        """Take a chunk, as an Arrow array of strings."""
        started = self.values > 0
        self.rows += len(array)
        self.missing += array.null_count
        present = array.drop_null() if array.null_count else array
        if not len(present):
            return
        if not started:
            some = present.slice(0, _SPACES_IN)
            self.spaces = float(pc.mean(pc.count_substring(some, " ")).as_py())
            self.length = float(pc.mean(pc.binary_length(some)).as_py())
            self.pictures = bool(pc.all(pc.match_substring_regex(some, PICTURE)).as_py())
            self.lists = bool(pc.all(pc.match_substring_regex(some, NUMBERS)).as_py())
        if self._estimate is not None:
            self._add_many(self._estimate, present)
            return
        values, counts = _tally(present)
        if not started:
            self._first = values, counts
        else:
            self._merge(values, counts)

    def _merge(self, values: Any, counts: Any) -> None:
        if self._first is not None:
            first, self._first = self._first, None
            self._take(*first)
        self._take(values, counts)

    def _take(self, values: Any, counts: Any) -> None:
        if self._estimate is None and len(self._counts) + len(values) <= 2 * EXACT:
            for value, count in zip(values.to_pylist(), counts.tolist(), strict=True):
                self._counts[value] = self._counts.get(value, 0) + count
            if len(self._counts) > EXACT:
                self._give_up(pa.array(list(self._counts), pa.string()))
            return
        estimate = self._estimate or self._give_up(pa.array(list(self._counts), pa.string()))
        estimate.add(hash_strings(values))
        often = np.flatnonzero(counts >= _FREQUENT * self.values)
        for place in often:
            value = values[int(place)].as_py()
            self._counts[value] = self._counts.get(value, 0) + int(counts[place])

    def _give_up(self, known: Any) -> DistinctEstimate:
        """Go over from counting every value to estimating, and keep counting the frequent ones."""
        estimate = self._estimate = DistinctEstimate()
        if len(known):
            estimate.add(hash_strings(known))
        least = _FREQUENT * self.values
        self._counts = {value: count for value, count in self._counts.items() if count >= least}
        return estimate

    def _add_many(self, estimate: DistinctEstimate, present: Any) -> None:
        estimate.add(hash_strings(present))
        if self._counts:
            known = list(self._counts)
            places = pc.index_in(present, pa.array(known, pa.string())).drop_null()
            for place, count in enumerate(np.bincount(places.to_numpy(), minlength=len(known))):
                self._counts[known[place]] += int(count)

    def distinct(self) -> int:
        """Return how many different values there were."""
        if self._first is not None:
            return len(self._first[0])
        if self._estimate is not None:
            return min(self._estimate.count(), self.values)
        return len(self._counts)

    def top(self) -> tuple[tuple[str, int], ...]:
        """Return the most frequent values with their counts; among equals the first seen comes first."""
        if self._first is not None:
            values, counts = self._first
            order = np.argsort(-counts, kind="stable")[:TOP]
            return tuple((values[int(place)].as_py(), int(counts[place])) for place in order)
        ordered = sorted(self._counts.items(), key=lambda item: -item[1])
        return tuple(ordered[:TOP])


def _tally(present: Any) -> tuple[Any, Any]:
    encoded = present.dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    indices = encoded.indices.to_numpy()
    return encoded.dictionary, np.bincount(indices, minlength=len(encoded.dictionary))
