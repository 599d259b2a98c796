"""Which reading fits a column of text: the first that fits every value looked at.

From the narrowest to the widest: booleans, whole numbers, numbers, dates (ISO first, then the usual
patterns), numbers with thousands marks or decimal commas, and else plain strings. A column that almost
is something gets a finding that says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from keepwell.core.records.dataset import Finding
from keepwell.data.inference.readings import (
    BOOLEAN,
    COMPACT_DATE,
    DATES,
    INTEGER,
    ISO_WITH_OFFSET,
    NUMBER,
    STRING,
    STYLED_NUMBERS,
    Reading,
    Storage,
)
from keepwell.data.inference.survey import Tally, distinct_values, misfits, survey

_PLAIN = (BOOLEAN, INTEGER, NUMBER)
_ANY_DATE = Reading(
    storage=Storage.DATETIME,
    format="any",
    fits=" OR ".join(f"coalesce({reading.fits}, FALSE)" for reading in DATES),
)
_ALMOST = 0.9  # of a column's values are numbers, or dates of several formats: worth a finding
_COMPACT_DAYS = 5  # distinct values that must all be days before numbers like 20240213 are dates


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A reading for a column, why it was chosen, and what is odd about it."""

    reading: Reading
    reason: str = ""
    findings: tuple[Finding, ...] = ()


NO_VALUES = Guess(reading=STRING, reason="no value in any row")


def guess_readings(
    connection: duckdb.DuckDBPyConnection, texts: Mapping[int, Any]
) -> dict[int, Guess]:
    """Return a guess for each column of text, by its place."""
    values = distinct_values(texts)
    guesses = dict.fromkeys(texts, NO_VALUES)
    unclear = []
    for place, tally in survey(connection, values, _PLAIN).items():
        guess = _plain(tally)
        if guess is not None:
            guesses[place] = guess
        elif tally.numeric >= _ALMOST * tally.values:
            unclear.append(place)
        else:
            guesses[place] = Guess(reading=STRING)
    integers = [place for place, guess in guesses.items() if guess.reading == INTEGER]
    for place, tally in survey(connection, values, [COMPACT_DATE], places=integers).items():
        if tally.values >= _COMPACT_DAYS and tally.first_fit([COMPACT_DATE]):
            reason = f"eight digits that are all days, like {tally.example}"
            guesses[place] = Guess(reading=COMPACT_DATE, reason=reason)
    formats = (*DATES, *STYLED_NUMBERS, NUMBER)
    for place, tally in survey(connection, values, formats, places=unclear).items():
        guesses[place] = (
            _dated(tally)
            or _styled(tally)
            or Guess(reading=STRING, findings=_almost(connection, values, place, tally))
        )
    return guesses


def guess_dates(
    connection: duckdb.DuckDBPyConnection, texts: Mapping[int, Any]
) -> dict[int, Guess]:
    """Return a guess for each column that came typed as strings: dates, or just strings."""
    tallies = survey(connection, distinct_values(texts), DATES)
    return {
        place: (_dated(tallies[place]) or Guess(reading=STRING)) if place in tallies else NO_VALUES
        for place in texts
    }


def _plain(tally: Tally) -> Guess | None:
    if not tally.values:
        return NO_VALUES
    fit = tally.first_fit(_PLAIN)
    if tally.digits == tally.values and (fit is None or fit.storage is not Storage.INTEGER):
        reason = f"digits with leading zeros or too many for a number, like {tally.example}"
        return Guess(reading=STRING, reason=reason)
    if fit is None:
        return None
    words = {
        Storage.BOOLEAN: "only true and false",
        Storage.INTEGER: "whole numbers",
        Storage.NUMBER: "numbers",
    }
    return Guess(reading=fit, reason=words[fit.storage] + _blank_words(tally))


def _styled(tally: Tally) -> Guess | None:
    fit = tally.first_fit(STYLED_NUMBERS)
    if fit is None:
        return None
    kind = "whole numbers" if fit.storage is Storage.INTEGER else "numbers"
    return Guess(reading=fit, reason=f"{kind} written like {tally.example}" + _blank_words(tally))


def _dated(tally: Tally) -> Guess | None:
    fit = tally.first_fit(DATES)
    if fit is None:
        return None
    if not fit.format and tally.fitting[ISO_WITH_OFFSET]:
        fit = ISO_WITH_OFFSET.with_blanks() if tally.blanks else ISO_WITH_OFFSET
    reason = f"dates written like {tally.example}" + _blank_words(tally)
    return Guess(reading=fit, reason=reason, findings=_ambiguous(tally, fit))


def _blank_words(tally: Tally) -> str:
    return "; words like '?' or 'n/a' count as missing" if tally.blanks else ""


def _ambiguous(tally: Tally, fit: Reading) -> tuple[Finding, ...]:
    """Say so if the day and the month could as well be the other way round."""
    swapped = fit.format.translate(str.maketrans("dm", "md"))
    other = next((reading for reading in DATES if reading.format == swapped), None)
    if other is None or swapped == fit.format or tally.fitting[other] != tally.values:
        return ()
    order = "month first" if fit.format.startswith("%m") else "day first"
    message = (
        f"every date, such as {tally.example}, could be read with the day or the month first; it was "
        f"read {order}; to change that, set `format: '{swapped}'` for it in the contract"
    )
    return (Finding(column="", rule="ambiguous dates", message=message),)


def _count_dates(connection: duckdb.DuckDBPyConnection, values: Any, place: int) -> int:
    return survey(connection, values, [_ANY_DATE], places=[place])[place].fitting[_ANY_DATE]


def _almost(
    connection: duckdb.DuckDBPyConnection, values: Any, place: int, tally: Tally
) -> tuple[Finding, ...]:
    """Say so if the column is kept as strings for the sake of a few values."""
    formats = [reading for reading in DATES if tally.fitting[reading]]
    if formats and _count_dates(connection, values, place) >= _ALMOST * tally.values:
        shares = ", ".join(
            f"{tally.fitting[reading] / tally.values:.0%} {reading.format or '%Y-%m-%d'}"
            for reading in sorted(formats, key=lambda item: -tally.fitting[item])[:4]
        )
        message = (
            f"it holds dates of several formats ({shares} of its distinct values), so it is kept as "
            "text; write them all in one format, best 2024-02-13"
        )
        return (Finding(column="", rule="mixed formats", message=message),)
    best = max((NUMBER, *STYLED_NUMBERS), key=tally.fitting.__getitem__)
    if tally.fitting[best] < _ALMOST * tally.values:
        return ()
    others = misfits(connection, values, place, best)
    message = (
        f"it holds numbers but for {', '.join(repr(value) for value in others)}, so it is kept as "
        "text; leave such cells empty, or set its type under `data.types`"
    )
    return (Finding(column="", rule="mixed types", message=message),)
