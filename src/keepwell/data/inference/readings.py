"""How a column's raw values become typed ones, as SQL that DuckDB runs while it reads.

A `Reading` is one way to take a column. For text there is a catalogue of them, each told by an example
or a date pattern, which is also how a contract names it:

    text              reading                        value
    1,234.50          number, format "1,234.5"       1234.5
    13.02.2024        datetime, format "%d.%m.%Y"    2024-02-13 00:00
    TRUE              boolean                        true

`{c}` in a template stands for the column.
"""

from dataclasses import dataclass, replace
from enum import StrEnum


class Storage(StrEnum):
    """How values are kept; what they mean is a `ColumnType`."""

    BOOLEAN = "BOOLEAN"
    INTEGER = "BIGINT"
    NUMBER = "DOUBLE"
    DATETIME = "TIMESTAMP"
    INSTANT = "TIMESTAMPTZ"  # a datetime with an offset, kept as UTC
    STRING = "VARCHAR"


MISFIT = "this value does not fit: "
"""What DuckDB's error begins with where a value is refused by its reading."""

_REFUSED = f"error('{MISFIT}' || {{c}})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One way to read a column.

    Attributes:
        storage: What comes out.
        format: Its name among the readings of that storage; empty for the plain one.
        fits: SQL condition: the value is clearly of this kind. Decides which reading is chosen.
        refuses: SQL condition: the value cannot be read this way.
        value: SQL expression: the typed value; raises an error where `refuses` holds.
        blanks: Whether words like `?` or `n/a` are taken for missing values.
    """

    storage: Storage
    format: str = ""
    fits: str = "TRUE"
    refuses: str = "FALSE"
    value: str = "{c}"
    blanks: bool = False

    def value_of(self, column: str) -> str:
        """Return SQL for the typed value; a missing value stays missing."""
        return self.value.replace("{c}", self._cleaned(column))

    def refusal_of(self, column: str) -> str:
        """Return SQL that is true where `value_of` raises an error."""
        cleaned = self._cleaned(column)
        return f"({cleaned} IS NOT NULL AND ({self.refuses.replace('{c}', cleaned)}))"

    def misfit_of(self, column: str) -> str:
        """Return SQL that is true for a value that is clearly not of this kind."""
        return f"({column} IS NOT NULL AND NOT ({self.fits.replace('{c}', column)}))"

    def with_blanks(self) -> "Reading":
        """Return the reading that takes blank words for missing values."""
        return replace(self, blanks=True)

    def _cleaned(self, column: str) -> str:
        return (
            f"(CASE WHEN {is_blank(column)} THEN NULL ELSE {column} END)" if self.blanks else column
        )


_BLANK_WORDS = ("", "?", "-", "--", ".", "none", "n/a", "na", "nan", "null", "#n/a")


def is_blank(column: str) -> str:
    """Return SQL that is true for words that stand for a missing value among numbers or dates."""
    words = ", ".join(f"'{word}'" for word in _BLANK_WORDS)
    return f"(lower(trim({column})) IN ({words}))"


def _tried(storage: Storage, format_: str, attempt: str) -> Reading:
    """Return the reading that refuses exactly what `attempt` makes NULL."""
    return Reading(
        storage=storage,
        format=format_,
        fits=f"{attempt} IS NOT NULL",
        refuses=f"{attempt} IS NULL",
        value=f"coalesce({attempt}, CAST({_REFUSED} AS {storage}))",
    )


STRING = Reading(storage=Storage.STRING)

BOOLEAN = Reading(
    storage=Storage.BOOLEAN,
    fits="lower({c}) IN ('true', 'false')",
    refuses="TRY_CAST({c} AS BOOLEAN) IS NULL",
    value="CAST({c} AS BOOLEAN)",
)

# DuckDB rounds '1.5' to an integer without a word and drops leading zeros: both are refused here. The
# two comparisons mean "starts with 0 and goes on", and cost less than a regular expression.
_CODE = "({c} > '0' AND {c} < '1')"
INTEGER = Reading(
    storage=Storage.INTEGER,
    fits=r"regexp_full_match(trim({c}), '[+-]?(0|[1-9]\d*)') AND TRY_CAST({c} AS BIGINT) IS NOT NULL",
    refuses=f"{_CODE} OR contains({{c}}, '.') OR TRY_CAST({{c}} AS BIGINT) IS NULL",
    value=f"CAST(CASE WHEN {_CODE} OR contains({{c}}, '.') THEN {_REFUSED} ELSE {{c}} END AS BIGINT)",
)

NUMBER = Reading(
    storage=Storage.NUMBER,
    fits="TRY_CAST({c} AS DOUBLE) IS NOT NULL AND NOT contains({c}, '_')",
    refuses="TRY_CAST({c} AS DOUBLE) IS NULL",
    value="CAST({c} AS DOUBLE)",
)

_SPACES = "[ \u00a0\u202f]"  # between thousands: plain, no-break, narrow no-break
_STYLES = {  # example → thousands mark, decimal mark (each as a regular expression)
    "1,234.5": (",", r"\."),
    "1.234,5": (r"\.", ","),
    "1 234,5": (_SPACES, "[,.]"),
    "1'234.5": ("['\u2019]", r"\."),
}


def _styled(format_: str, thousands: str, decimal: str) -> tuple[Reading, Reading]:
    """Return the readings of whole numbers and of numbers in one style.

    For "1.234,5": `1.234.567` is cleaned to `1234567`, and `1.234,5` to `1234.5`.
    """
    mark = thousands.replace("'", "''")
    whole = rf"[+-]?(\d{{1,3}}({mark}\d{{3}})+|\d+)"
    plain = f"regexp_replace(trim({{c}}), '{mark}', '', 'g')"
    if "," in decimal:
        plain = f"replace({plain}, ',', '.')"
    found = []
    for storage, pattern in (
        (Storage.INTEGER, whole),
        (Storage.NUMBER, rf"{whole}({decimal}\d+)?"),
    ):
        match = f"regexp_full_match(trim({{c}}), '{pattern}')"
        attempt = f"CASE WHEN {match} THEN TRY_CAST({plain} AS {storage}) END"
        found.append(_tried(storage, format_, attempt))
    return found[0], found[1]


STYLED_NUMBERS = tuple(
    reading for example, marks in _STYLES.items() for reading in _styled(example, *marks)
)
"""Integers and numbers with thousands marks or decimal commas, by example."""

_YEARS = "BETWEEN TIMESTAMP '1000-01-01' AND TIMESTAMP '9999-12-31 23:59:59.999999'"
_ISO = r"regexp_matches({c}, '^\d{4}[-/]\d{1,2}[-/]\d{1,2}')"
_OFFSET = r"regexp_matches({c}, ':\d\d(\.\d+)? ?(Z|UTC|[+-]\d\d(:?\d\d)?)$')"

ISO = Reading(
    storage=Storage.DATETIME,
    fits=f"{_ISO} AND TRY_CAST({{c}} AS TIMESTAMP) {_YEARS}",
    refuses="TRY_CAST({c} AS TIMESTAMP) IS NULL",
    value="CAST({c} AS TIMESTAMP)",
)
ISO_WITH_OFFSET = Reading(
    storage=Storage.INSTANT,
    fits=f"{_ISO} AND {_OFFSET} AND TRY_CAST({{c}} AS TIMESTAMPTZ) IS NOT NULL",
    refuses="TRY_CAST({c} AS TIMESTAMPTZ) IS NULL",
    value="CAST({c} AS TIMESTAMPTZ)",
)

_TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")


def _dated(pattern: str) -> Reading:
    patterns = ", ".join(f"'{pattern}{time}'" for time in _TIMES)
    parsed = f"try_strptime({{c}}, [{patterns}])"
    return _tried(Storage.DATETIME, pattern, f"CASE WHEN {parsed} {_YEARS} THEN {parsed} END")


DATE_PATTERNS = (
    "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y.%m.%d",
    "%d.%m.%y", "%m/%d/%y", "%d/%m/%y", "%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%b %d, %Y", "%b %d %Y",
)  # fmt: skip
"""Date patterns other than ISO's, tried in this order; each may be followed by a time of day."""

DATED = tuple(_dated(pattern) for pattern in DATE_PATTERNS)

# 20240213: only where every value is a plausible day, so that a number is rarely taken for one.
COMPACT_DATE = _tried(
    Storage.DATETIME,
    "%Y%m%d",
    "CASE WHEN strlen({c}) = 8 AND try_strptime({c}, '%Y%m%d') BETWEEN TIMESTAMP '1900-01-01' "
    "AND TIMESTAMP '2100-01-01' THEN try_strptime({c}, '%Y%m%d') END",
)

DATES = (ISO_WITH_OFFSET, ISO, *DATED)
CATALOGUE = (BOOLEAN, INTEGER, NUMBER, *DATES, *STYLED_NUMBERS, COMPACT_DATE, STRING)
"""Every reading of text."""


def named(storages: set[Storage], format_: str) -> list[Reading]:
    """Return the readings of text into one of `storages`, of one format if it is named."""
    return [
        reading
        for reading in CATALOGUE
        if reading.storage in storages and (not format_ or reading.format == format_)
    ]
