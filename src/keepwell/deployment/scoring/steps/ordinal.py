"""`OrdinalEncoder`: a number for each label."""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import InvalidRequestError
from keepwell.deployment.scoring.fusion import Code, Item
from keepwell.deployment.scoring.parts import Columns, Data
from keepwell.deployment.scoring.steps.labels import ask, is_nan, known_labels, unseen_label
from keepwell.features.coded import by_label

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Codes:
    """The numbers of one column's labels.

    Args:
        labels: Those that training saw.
        codes: The number of each; null stands for nan.
        nan: The number of a nan; null for nan itself.
        unseen: The number of any other label.
        refuse: Other labels are refused.
    """

    def __init__(
        self,
        *,
        labels: list[Any],
        codes: list[float | None],
        nan: float | None,
        unseen: float | None,
        refuse: bool,
    ) -> None:
        numbers = (_number(code) for code in codes)
        self.table: dict[Any, float] = dict(zip(labels, numbers, strict=True))
        self._nan, self._unseen = _number(nan), _number(unseen)
        self._refuse = refuse

    def of(self, label: Any) -> float:
        """Return the number of a label."""
        code = self.table.get(label)
        if code is not None:
            return code
        if is_nan(label):
            return self._nan
        if self._refuse:
            raise InvalidRequestError(
                f"the model does not know the label {label!r:.80}",
                why="it was fitted to refuse labels that training did not see",
                now="send one of the labels of the training data",
            )
        return self._unseen


class Ordinal:
    """Turns each label into its number.

    Args:
        columns: Arguments of `Codes`, by column.
    """

    def __init__(self, *, columns: list[Data]) -> None:
        codes = self._columns = [Codes(**column) for column in columns]
        self._codes = [one.of for one in codes]
        self._known = [one.table.get for one in codes]

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Ask the encoder for every label, for a nan and for a label it has never seen."""
        known = known_labels(fitted)
        answers = ask(fitted, known)
        refuse = fitted.handle_unknown == "error"
        unseen = [[unseen_label(fitted, at)] for at in range(len(known))]
        other = None if refuse else ask(fitted, unseen)[0]
        nans = None if refuse else ask(fitted, [[float("nan")]] * len(known))[0]
        columns = []
        for at, labels in enumerate(known):
            pairs = list(zip(labels, answers[: len(labels), at].tolist(), strict=True))
            seen_nan = [code for label, code in pairs if is_nan(label)]
            nan = seen_nan[0] if seen_nan else None if nans is None else float(nans[at])
            columns.append(
                {
                    "labels": [label for label, _ in pairs if not is_nan(label)],
                    "codes": [_plain(code) for label, code in pairs if not is_nan(label)],
                    "nan": _plain(nan),
                    "unseen": None if other is None else _plain(float(other[at])),
                    "refuse": refuse,
                }
            )
        return {"columns": columns}

    def row(self, values: list[Any]) -> list[Any]:
        """Encode one row."""
        return [
            found if (found := known(value)) is not None else code(value)
            for known, code, value in zip(self._known, self._codes, values, strict=True)
        ]

    def emit(self, code: Code, columns: list[str]) -> list[Item]:
        """Write the look-ups."""
        return [
            Item(f"{code.constant(_Table(one))}[{column}]")
            for column, one in zip(columns, self._columns, strict=True)
        ]

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Encode rows."""
        matrix = np.empty((len(columns[0]), len(self._codes)))
        for at, (code, column) in enumerate(zip(self._codes, columns, strict=True)):
            matrix[:, at] = by_label(column, code)
        return matrix


class _Table(dict[Any, float]):
    """The numbers of labels, by label; those never seen are asked for."""

    def __init__(self, codes: Codes) -> None:
        super().__init__(codes.table)
        self._of = codes.of

    def __missing__(self, label: Any) -> float:
        return self._of(label)


def _number(code: float | None) -> float:
    return float("nan") if code is None else code


def _plain(code: float | None) -> float | None:
    return None if code is None or is_nan(code) else code
