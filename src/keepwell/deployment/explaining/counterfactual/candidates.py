"""Values that a column may be changed to: those that training has seen, or lies between."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.records import ColumnProfile, ColumnType, Field, Profile, Signature

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEVELS = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
"""The levels of a profile's quantiles."""
_ASKED = np.linspace(0.01, 0.99, 13)
_LABELS = 20
_WHOLE = (ColumnType.INTEGER, ColumnType.BOOLEAN, ColumnType.DATETIME)


class Candidates:
    """By column: what it may become, how far that is, and how it is written.

    Args:
        signature: Names the columns.
        profile: Of the training data; without one, only columns with known labels can change.
        fixed: Columns that stay as they are. Texts always do.
    """

    def __init__(
        self, signature: Signature, profile: Profile | None, fixed: Collection[str] = ()
    ) -> None:
        self.fields = signature.inputs
        known = [profile.column(field.name) if profile else None for field in signature.inputs]
        self.values: list[list[Any]] = [
            [] if field.name in fixed else _values(field, column)
            for field, column in zip(signature.inputs, known, strict=True)
        ]
        self._scales = [_scale(column) for column in known]

    def distance(self, at: int, before: Any, after: Any) -> float:
        """Return how far a change goes: of numbers in units of their usual spread, of labels 1."""
        if self.textual(at) or self.fields[at].type is ColumnType.BOOLEAN:
            return 1.0
        if before != before:  # noqa: PLR0124 - nothing stood there
            return 1.0
        return float(abs(after - before) / self._scales[at])

    def textual(self, at: int) -> bool:
        """Tell whether the column holds labels."""
        return self.fields[at].type in (ColumnType.CATEGORY, ColumnType.TEXT)

    def whole(self, at: int) -> bool:
        """Tell whether the column holds whole numbers only."""
        return self.fields[at].type in _WHOLE

    def between(self, at: int, near: float, far: float) -> float:
        """Return a value half-way from `near` to `far`; `far` itself where there is none."""
        middle = (near + far) / 2
        return float(np.round(middle)) if self.whole(at) else middle

    def rounded(self, at: int, value: float, near: float) -> list[float]:
        """Return shorter ways to write a number, the shortest first, itself last."""
        if self.whole(at):
            return [value]
        found = []
        for digits in (2, 3, 4, 6):
            step = 10.0 ** (np.floor(np.log10(abs(value))) - digits + 1) if value else 1.0
            away = np.ceil if value >= near else np.floor
            found.append(float(f"{float(away(value / step) * step):.12g}"))
        low, high = min(self.values[at]), max(self.values[at])
        return [one for one in found if low <= one <= high] + [value]

    def written(self, at: int, value: Any) -> Any:
        """Return a canonical value as a request has it."""
        kind = self.fields[at].type
        if kind is ColumnType.BOOLEAN:
            return bool(value)
        if kind is ColumnType.INTEGER:
            return int(value)
        if kind is ColumnType.DATETIME:
            return datetime.fromtimestamp(value, UTC).isoformat()
        return value if self.textual(at) else float(value)


def _values(field: Field, known: ColumnProfile | None) -> list[Any]:
    if field.type is ColumnType.CATEGORY:
        labels = [label for label, _ in known.top] if known is not None else []
        return (labels or list(field.categories))[:_LABELS]
    if field.type is ColumnType.BOOLEAN:
        return [0.0, 1.0]
    if field.type is ColumnType.TEXT or known is None or len(known.quantiles) != len(_LEVELS):
        return []
    drawn: NDArray[np.float64] = np.interp(_ASKED, _LEVELS, known.quantiles)
    if field.type is ColumnType.DATETIME:
        drawn = np.round(drawn)
    if field.type is ColumnType.INTEGER:
        drawn = np.clip(np.round(drawn), known.quantiles[0], known.quantiles[-1])
    found: list[float] = np.unique(drawn).tolist()
    return found


def _scale(known: ColumnProfile | None) -> float:
    """Return the usual spread of a column: from its 5th to its 95th hundredth, halved."""
    if known is None or len(known.quantiles) != len(_LEVELS):
        return 1.0
    wide = (known.quantiles[6] - known.quantiles[2]) / 2
    return float(wide or (known.quantiles[-1] - known.quantiles[0]) or 1.0)
