"""Labels that training never saw: they are answered, and said.

A signature keeps at most 50 labels of a column. One that reached this bound may have had others as
well, so nothing can be said of it: only columns whose list is whole are looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keepwell.core.records import ColumnType, Field, Signature

if TYPE_CHECKING:
    import pyarrow as pa

MAX_CATEGORIES = 50
"""Labels of a column that a signature keeps."""

SHOWN = 5  # labels of a column that are named
_LONGEST = 60  # characters of one that are shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Novel:
    """What a column held that training never saw.

    Attributes:
        rows: Rows with such a label.
        examples: Some of the labels, the first ones met.
    """

    rows: int = 0
    examples: tuple[str, ...] = ()

    def __add__(self, other: "Novel") -> "Novel":
        both = dict.fromkeys([*self.examples, *other.examples])
        return Novel(rows=self.rows + other.rows, examples=tuple(both)[:SHOWN])

    def said(self, column: str) -> str:
        """Return it in words.

        >>> Novel(rows=2, examples=("weekly",)).said("plan")
        "column 'plan': 2 rows hold labels that training never saw: 'weekly'"
        """
        rows = "1 row holds a label" if self.rows == 1 else f"{self.rows:,} rows hold labels"
        shown = ", ".join(f"'{label}'" for label in self.examples)
        more = ", …" if len(self.examples) == SHOWN and self.rows > SHOWN else ""
        return f"column '{column}': {rows} that training never saw: {shown}{more}"


def known_labels(field: Field) -> frozenset[str] | None:
    """Return all labels that training saw in a column, None where they are not all known."""
    whole = field.type is ColumnType.CATEGORY and 0 < len(field.categories) < MAX_CATEGORIES
    return frozenset(field.categories) if whole else None


def novel(labels: Sequence[str]) -> Novel:
    """Return labels, one for each row, as what training never saw."""
    examples = tuple(dict.fromkeys(label[:_LONGEST] for label in labels))[:SHOWN]
    return Novel(rows=len(labels), examples=examples)


def novel_labels(table: "pa.Table", signature: Signature) -> dict[str, Novel]:
    """Return by column what a table holds that training never saw; columns without are left out."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = {}
    for field in signature.inputs:
        known = known_labels(field)
        if known is None or field.name not in table.column_names:
            continue
        counts = pc.value_counts(table.column(field.name).cast(pa.large_string()))
        new = [
            (label, count)
            for label, count in zip(
                counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True
            )
            if label and label not in known
        ]
        if new:
            examples = novel([label for label, _ in new]).examples
            found[field.name] = Novel(rows=sum(count for _, count in new), examples=examples)
    return found
