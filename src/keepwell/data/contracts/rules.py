"""The rules of a contract, and what it is to break one."""

from dataclasses import dataclass, field

from keepwell.core.records.dataset import ColumnType
from keepwell.data.sources.locating import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRules:
    """What the values of one column must be.

    Attributes:
        type: What the column means; a value that is not of it is refused.
        format: How dates or numbers are written, where that has to be said.
        nullable: Whether values may be missing at all.
        missing: The largest share of rows that may lack a value.
        min: The smallest value allowed: a number, or a date in ISO form.
        max: The largest value allowed.
        usual: Where 98% of the values lay when the contract was written.
        values: The categories seen then.
        closed: Whether other categories are refused.
        pattern: A regular expression that every value must match as a whole.
        unique: Whether a value may occur only once.
    """

    type: ColumnType
    format: str = ""
    nullable: bool = True
    missing: float | None = None
    min: float | str | None = None
    max: float | str | None = None
    usual: tuple[float, float] | None = None
    values: tuple[str, ...] = ()
    closed: bool = False
    pattern: str = ""
    unique: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """The rules of every column, in order, with the digest of the file they came from."""

    columns: dict[str, ColumnRules] = field(default_factory=dict)
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A rule that a batch breaks.

    Attributes:
        rule: The rule's key in the contract file, or `column` for one that is missing.
        column: The column.
        count: How many rows break it.
        message: What is wrong, for the reader, without the column's name.
        places: The first rows that break it.
    """

    rule: str
    column: str
    count: int
    message: str
    places: tuple[Place, ...] = ()
