"""A dataset is a named table with numbered versions; a profile is its statistics."""

from dataclasses import dataclass
from enum import StrEnum


class ColumnType(StrEnum):
    """What a column means, which decides how it is read, checked, encoded and watched."""

    NUMBER = "number"  # float64
    INTEGER = "integer"  # int64
    BOOLEAN = "boolean"  # bool
    CATEGORY = "category"  # string, few distinct values
    TEXT = "text"  # string, prose
    IMAGE = "image"  # string, a picture file in base64
    DATETIME = "datetime"  # timestamp[us], UTC where an offset was given
    IDENTIFIER = "identifier"  # string or int64, (nearly) unique: never a feature
    EMBEDDING = "embedding"  # a list of numbers, always as many: watched, nothing learns from it


LEARNABLE = tuple(kind for kind in ColumnType if kind is not ColumnType.EMBEDDING)
"""Types that a column of data, and an input of a model that answers here, may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a dataset.

    Attributes:
        name: As in the source, to the letter.
        type: What it means.
        nullable: Whether missing values occur.
        reason: Why this type was chosen, for the reader: `"97 distinct values in 7,043 rows"`.
    """

    name: str
    type: ColumnType
    nullable: bool = True
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something about the data that its reader should know, and that did not stop it.

    Attributes:
        column: The column it is about; empty for the whole table.
        rule: What kind of finding it is, in a word or two: `mixed formats`, `usual`, `infinite`.
        message: The sentence for the reader.
    """

    column: str
    rule: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetVersion:
    """One immutable version of a dataset.

    Attributes:
        name: The dataset.
        version: 1, 2, 3 …
        rows: Number of rows.
        columns: Schema, in the source's order.
        digest: Over the content, independent of when and from where it was loaded.
        source: Where the rows came from, as the user wrote it.
        table_version: The Delta table's version that holds these rows.
        chunks: Digest of each stored chunk of rows; equal chunks are stored once.
        profile: Digest of the blob that holds the `Profile` as JSON.
        contract: Digest of the contract it was checked against.
        created: Unix seconds.
        load_seconds: What the ingest took.
        findings: What was noticed while it was read and checked.
        table: The table that holds the chunks; versions of one schema share it.
        given: Digest of each chunk as the source has it, where columns were derived from it; else empty.
    """

    name: str
    version: int
    rows: int
    columns: tuple[Column, ...]
    digest: str
    source: str
    table_version: int
    chunks: tuple[str, ...] = ()
    profile: str = ""
    contract: str = ""
    created: float = 0.0
    load_seconds: float = 0.0
    findings: tuple[Finding, ...] = ()
    table: str = ""
    given: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Name of its reference: `churn/3`."""
        return f"{self.name}/{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Counts between edges: `counts[i]` values lie in [edges[i], edges[i+1]), the last bin closed.

    `len(edges) == len(counts) + 1`; both empty where there was no finite value.
    """

    edges: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnProfile:
    """Statistics of one column. Numbers are finite values only; dates count as Unix seconds.

    Attributes:
        name: The column.
        type: Its type.
        rows: Rows seen.
        missing: Of them without a value.
        infinite: Of them infinite (numbers only).
        distinct: Distinct values (approximate above 10,000).
        mean: Mean of finite values.
        std: Standard deviation of finite values (n - 1).
        minimum: Smallest finite value.
        maximum: Largest finite value.
        quantiles: Values at 0, 1, 5, 25, 50, 75, 95, 99, 100 percent.
        histogram: Equal-width bins, at most 30: for looking at.
        bins: Bins of about equal mass, at most 20, edges widened to infinity by whoever
            compares: for drift.
        top: The most frequent values and their counts, at most 50, most frequent first
            (categories, booleans as `true`/`false`, identifiers none).
        other: Rows with a value that is not in `top` (categories and booleans).
    """

    name: str
    type: ColumnType
    rows: int
    missing: int
    infinite: int = 0
    distinct: int = 0
    mean: float | None = None
    std: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    quantiles: tuple[float, ...] = ()
    histogram: Histogram = Histogram()
    bins: Histogram = Histogram()
    top: tuple[tuple[str, int], ...] = ()
    other: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Statistics of a table: what later data is compared with."""

    rows: int
    columns: tuple[ColumnProfile, ...]

    def column(self, name: str) -> ColumnProfile | None:
        """Return the profile of one column, None if it has none."""
        return next((column for column in self.columns if column.name == name), None)
