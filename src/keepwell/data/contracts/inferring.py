"""A contract from what the first batch looked like."""

from collections.abc import Mapping, Sequence

from keepwell.core.records.dataset import Column, ColumnProfile, ColumnType, Profile
from keepwell.data.contracts.rules import ColumnRules, Contract

_ENOUGH = 100  # fewer rows than this do not tell what is usual
_MISSING_MORE = 0.1  # so much more may be missing than was
_TREND = 0.5  # standard deviations between the first and the last rows: such values will move on
_LOW, _HIGH = 1, 7  # places of the 1% and the 99% quantile in a profile


def infer_contract(
    columns: Sequence[Column],
    profile: Profile,
    *,
    formats: Mapping[str, str],
    trends: Mapping[str, float],
) -> Contract:
    """Return the contract that a batch like this one keeps.

    Args:
        columns: The columns and their types.
        profile: What the first batch looked like.
        formats: How dates and numbers were written, where it was not the plain way.
        trends: How far each column's values moved from the first rows to the last, in standard
            deviations. No range is expected of a column that moves.
    """
    return Contract(
        columns={
            column.name: _rules(
                column, seen, formats.get(column.name, ""), trends.get(column.name, 0.0)
            )
            for column, seen in zip(columns, profile.columns, strict=True)
        }
    )


def _rules(column: Column, seen: ColumnProfile, format_: str, trend: float) -> ColumnRules:
    enough = seen.rows >= _ENOUGH
    share = seen.missing / seen.rows if seen.rows else 0.0
    limit = round(share + max(_MISSING_MORE, share), 2)
    return ColumnRules(
        type=column.type,
        format=format_,
        nullable=seen.missing > 0 or not enough,
        missing=limit if enough and seen.missing and limit < 1 else None,
        usual=_usual(seen) if enough and abs(trend) < _TREND else None,
        values=_categories(seen) if column.type is ColumnType.CATEGORY else (),
    )


def _usual(seen: ColumnProfile) -> tuple[float, float] | None:
    if seen.type not in (ColumnType.NUMBER, ColumnType.INTEGER) or not seen.quantiles:
        return None
    low, high = (float(f"{seen.quantiles[place]:.6g}") for place in (_LOW, _HIGH))
    return (low, high) if low < high else None


def _categories(seen: ColumnProfile) -> tuple[str, ...]:
    """Return the categories, if all of them are known and there were enough rows to see them."""
    complete = seen.other == 0 and seen.rows >= _ENOUGH
    return tuple(value for value, _ in seen.top) if complete else ()
