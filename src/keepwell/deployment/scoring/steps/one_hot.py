"""`OneHotEncoder`: a column of ones and zeros for each label."""

from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import InvalidRequestError
from keepwell.deployment.scoring.fusion import Code, Item
from keepwell.deployment.scoring.parts import Columns, Data
from keepwell.deployment.scoring.steps.labels import ask, is_nan, known_labels, unseen_label
from keepwell.features.coded import by_label

if TYPE_CHECKING:
    from numpy.typing import NDArray

NO_SLOT = -1
REFUSED = -2

_LARGEST = 100_000  # numbers in the tables of all columns together


class OneHot:
    """Sets one slot to 1 for each label; -1 stands for none (all zeros), -2 for a refusal.

    Args:
        width: Number of slots.
        columns: By column: `labels`, `slots` of each, the slot of a `nan`, and of an `unseen` label.
    """

    def __init__(self, *, width: int, columns: list[Data]) -> None:
        self._width = width
        self._tables = [
            (dict(zip(c["labels"], c["slots"], strict=True)), c["nan"], c["unseen"])
            for c in columns
        ]

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Ask the encoder for every label, for a nan and for a label it has never seen."""
        known = known_labels(fitted)
        starts = list(accumulate(_widths(fitted), initial=0))
        refuse = fitted.handle_unknown == "error"
        answers = ask(fitted, known)
        others = [[unseen_label(fitted, at)] for at in range(len(known))]
        unseen = None if refuse else ask(fitted, others)
        nans = None if refuse else ask(fitted, [[float("nan")]] * len(known))
        columns = []
        for at, labels in enumerate(known):
            block = slice(starts[at], starts[at + 1])
            slots = [_slot(answers[row, block], starts[at]) for row in range(len(labels))]
            pairs = list(zip(labels, slots, strict=True))
            seen_nan = [slot for label, slot in pairs if is_nan(label)]
            unseen_slot = REFUSED if unseen is None else _slot(unseen[0, block], starts[at])
            nan_slot = REFUSED if nans is None else _slot(nans[0, block], starts[at])
            columns.append(
                {
                    "labels": [label for label, _ in pairs if not is_nan(label)],
                    "slots": [slot for label, slot in pairs if not is_nan(label)],
                    "nan": seen_nan[0] if seen_nan else nan_slot,
                    "unseen": unseen_slot,
                }
            )
        return {"width": starts[-1], "columns": columns}

    def row(self, values: list[Any]) -> list[Any]:
        """Encode one row."""
        result = [0.0] * self._width
        for value, table in zip(values, self._tables, strict=True):
            slot = _slot_of(table, value)
            if slot >= 0:
                result[slot] = 1.0
        return result

    def emit(self, code: Code, columns: list[str]) -> list[Item]:
        """Write the look-up of each label's ones and zeros, where such tables stay small."""
        blocks = _blocks(self._tables, self._width)
        if blocks is None or len(columns) != len(blocks):
            return code.call(self, columns)
        items = []
        for at, ((start, end), column) in enumerate(zip(blocks, columns, strict=True)):
            items.append(
                Item(f"*{code.constant(_Ones(self, at, start, end))}[{column}]", end - start)
            )
        return items

    def labels(self, at: int) -> list[Any]:
        """Return the labels of one column that are not refused."""
        return [label for label, slot in self._tables[at][0].items() if slot != REFUSED]

    def block(self, at: int, value: Any, start: int, end: int) -> tuple[float, ...]:
        """Return the ones and zeros of one column."""
        slot = _slot_of(self._tables[at], value)
        return tuple([1.0 if slot == place else 0.0 for place in range(start, end)])

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Encode rows."""
        result = np.zeros((len(columns[0]), self._width))
        for table, column in zip(self._tables, columns, strict=True):
            slots = by_label(column, partial(_slot_of, table)).astype(np.int64)
            hot = np.flatnonzero(slots >= 0)
            result[hot, slots[hot]] = 1.0
        return result


class _Ones(dict[Any, tuple[float, ...]]):
    """The block of each label; those never seen are asked for, and not kept."""

    def __init__(self, encoder: OneHot, at: int, start: int, end: int) -> None:
        labels = encoder.labels(at)
        super().__init__({label: encoder.block(at, label, start, end) for label in labels})
        self._encoder, self._place = encoder, (at, start, end)

    def __missing__(self, value: Any) -> tuple[float, ...]:
        at, start, end = self._place
        return self._encoder.block(at, value, start, end)


def _blocks(
    tables: list[tuple[dict[Any, int], int, int]], width: int
) -> list[tuple[int, int]] | None:
    """Return where each column's slots begin and end; None if the tables would be large.

    A slot that no label sets may count to the next block: it is 0 in either.
    """
    blocks, start = [], 0
    for table, nan, unseen in tables:
        slots = [slot for slot in (*table.values(), nan, unseen) if slot >= 0]
        if slots and min(slots) < start:
            return None
        end = max(slots, default=start - 1) + 1
        blocks.append((start, end))
        start = end
    if blocks:
        blocks[-1] = (blocks[-1][0], width)
    size = sum(
        (end - begin) * len(table) for (begin, end), (table, *_) in zip(blocks, tables, strict=True)
    )
    return blocks if size <= _LARGEST else None


def _slot_of(table: tuple[dict[Any, int], int, int], value: Any) -> int:
    labels, nan, unseen = table
    slot = labels.get(value)
    if slot is None:
        slot = nan if is_nan(value) else unseen
    if slot == REFUSED:
        raise InvalidRequestError(
            f"the model does not know the label {value!r:.80}",
            why="it was fitted to refuse labels that training did not see",
            now="send one of the labels of the training data",
        )
    return slot


def _widths(fitted: Any) -> list[int]:
    """Return how many slots each column has."""
    infrequent = getattr(fitted, "infrequent_categories_", None) or [None] * len(fitted.categories_)
    dropped = fitted.drop_idx_ if fitted.drop_idx_ is not None else [None] * len(fitted.categories_)
    widths = []
    for labels, rare, drop in zip(fitted.categories_, infrequent, dropped, strict=True):
        merged = len(labels) if rare is None else len(labels) - len(rare) + 1
        widths.append(merged - (drop is not None))
    return widths


def _slot(block: "NDArray[np.float64]", start: int) -> int:
    hot = np.flatnonzero(block)
    return start + int(hot[0]) if len(hot) else NO_SLOT
