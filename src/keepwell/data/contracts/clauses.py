"""The clauses of a contract: what to count in a column, and what the count means.

Each function here is one rule of the contract file. It gives clauses, and a clause gives a verdict when
the rows were counted.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from keepwell.data.contracts.rules import ColumnRules
from keepwell.data.engine import quoted
from keepwell.data.inference.readings import Storage

_FEW = 20  # fewer values than this tell nothing about what is usual
_OUTSIDE = 0.05  # of the values may lie outside of the usual 98% before it is worth a word
_SIGMAS = 4.0  # of chance are granted to a share


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a scan counted: rows, rows with a value, rows that the clause is about."""

    rows: int
    values: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a count means. `refused`: the batch is; else it is only reported.

    `strange` marks values that were never seen in most rows: refused where several columns are so.
    """

    message: str
    refused: bool = True
    strange: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One thing to count in a column, and to judge.

    Attributes:
        rule: The key in the contract file.
        condition: SQL that is true for a row that the clause is about.
        judge: Returns the verdict on a count; None if all is well.
        aggregate: SQL that counts instead of the condition, where no condition on one row can.
    """

    rule: str
    condition: str
    judge: Callable[[Counted], Verdict | None]
    aggregate: str = ""

    @property
    def counting(self) -> str:
        """SQL for the count."""
        return self.aggregate or f"count(*) FILTER ({self.condition})"


def clauses_of(rules: ColumnRules, column: str, storage: Storage) -> list[Clause]:
    """Return the clauses of one column's rules; `column` is its name in the scan."""
    return [clause for rule in _RULES for clause in rule(rules, column, storage)]


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _missing(rules: ColumnRules, column: str, _: Storage) -> Iterator[Clause]:
    def none(seen: Counted) -> Verdict | None:
        if not seen.count:
            return None
        return Verdict(message=f"{_rows(seen.count)} lack a value, and none may")

    def some(seen: Counted) -> Verdict | None:
        limit = rules.missing or 0.0
        if not _more(seen.count, seen.rows, limit):
            return None
        share = seen.count / seen.rows
        return Verdict(message=f"{share:.0%} of the rows lack a value, and at most {limit:.0%} may")

    empty = f"{column} IS NULL"
    if not rules.nullable:
        yield Clause(rule="nullable", condition=empty, judge=none)
    elif rules.missing is not None:
        yield Clause(rule="missing", condition=empty, judge=some)


def _limits(rules: ColumnRules, column: str, storage: Storage) -> Iterator[Clause]:
    for key, limit, sign, word in (
        ("min", rules.min, "<", "below"),
        ("max", rules.max, ">", "above"),
    ):
        if limit is not None:

            def judge(seen: Counted, limit: object = limit, word: str = word) -> Verdict | None:
                if not seen.count:
                    return None
                return Verdict(message=f"{_rows(seen.count)} lie {word} the limit of {limit}")

            bound = f"CAST({quoted(str(limit))} AS {storage})"
            yield Clause(rule=key, condition=f"{column} {sign} {bound}", judge=judge)


def _usual(rules: ColumnRules, column: str, _: Storage) -> Iterator[Clause]:
    if rules.usual is None:
        return
    low, high = rules.usual
    span = f"{low:g} to {high:g}"

    def stray(seen: Counted) -> Verdict | None:
        if seen.values < _FEW or not _more(seen.count, seen.values, _OUTSIDE):
            return None
        share = seen.count / seen.values
        message = f"{share:.0%} of {seen.values:,} values lie outside of {span}, the usual range"
        return Verdict(message=message, refused=False)

    def far(seen: Counted) -> Verdict | None:
        if seen.values < _FEW or seen.count <= seen.values / 2:
            return None
        return Verdict(
            message=f"{seen.count:,} of {seen.values:,} values lie far outside of {span}, the usual "
            "range: is this another unit, or another column?"
        )

    least, most = far_limits(low, high)
    outside = f"{column} < {low!r} OR {column} > {high!r}"
    yield Clause(rule="usual", condition=outside, judge=stray)
    yield Clause(rule="usual", condition=f"{column} < {least!r}", judge=far)
    yield Clause(rule="usual", condition=f"{column} > {most!r}", judge=far)


def far_limits(low: float, high: float) -> tuple[float, float]:
    """Return beyond which values most of a batch is no longer the same quantity.

    That is one width of the usual range further out. Below a range of positive values it is one factor
    instead: where 18 to 90 was usual, 0.5 is far, though 18 - 72 would be farther.

    >>> far_limits(18, 90)
    (3.6, 162)
    """
    width = high - low
    return (low * low / high if low > 0 else low - width), high + width


def _categories(rules: ColumnRules, column: str, _: Storage) -> Iterator[Clause]:
    if not rules.values:
        return
    known = ", ".join(quoted(value) for value in rules.values)

    def judge(seen: Counted) -> Verdict | None:
        if not seen.count:
            return None
        return Verdict(
            message=f"{_rows(seen.count)} have a category that is not among `values`",
            refused=rules.closed,
            strange=seen.values >= _FEW and seen.count > seen.values / 2,
        )

    yield Clause(rule="values", condition=f"{column} NOT IN ({known})", judge=judge)


def _pattern(rules: ColumnRules, column: str, _: Storage) -> Iterator[Clause]:
    if not rules.pattern:
        return

    def judge(seen: Counted) -> Verdict | None:
        if not seen.count:
            return None
        return Verdict(message=f"{_rows(seen.count)} do not match the pattern {rules.pattern}")

    text = f"CAST({column} AS VARCHAR)"
    condition = f"NOT regexp_full_match({text}, {quoted(rules.pattern)})"
    yield Clause(rule="pattern", condition=condition, judge=judge)


def _unique(rules: ColumnRules, column: str, _: Storage) -> Iterator[Clause]:
    if not rules.unique:
        return

    def judge(seen: Counted) -> Verdict | None:
        if not seen.count:
            return None
        return Verdict(message=f"{_rows(seen.count)} repeat a value that must be unique")

    yield Clause(
        rule="unique",
        condition=f"{column} IN (SELECT {column} FROM staged GROUP BY 1 HAVING count(*) > 1)",
        judge=judge,
        aggregate=f"count({column}) - count(DISTINCT {column})",
    )


def _more(count: int, of: int, share: float) -> bool:
    """Tell whether `count` of `of` is a larger share, by more than chance would make it."""
    chance = _SIGMAS * math.sqrt(of * share * (1 - share))
    return count > of * share + chance


_RULES = (_missing, _limits, _usual, _categories, _pattern, _unique)
