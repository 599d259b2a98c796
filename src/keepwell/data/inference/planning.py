"""How each column of a source will be read, decided before its first row is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import duckdb

from keepwell.core.records.dataset import ColumnType, Finding
from keepwell.data.inference.guessing import Guess, guess_dates, guess_readings
from keepwell.data.inference.native import native, storage_of, typed, widest
from keepwell.data.inference.readings import INTEGER, STRING, Reading, Storage, named
from keepwell.data.inference.survey import distinct_values, survey
from keepwell.data.sources import DataFile, Sample, Source

STORAGES = {
    ColumnType.NUMBER: {Storage.NUMBER},
    ColumnType.INTEGER: {Storage.INTEGER},
    ColumnType.BOOLEAN: {Storage.BOOLEAN},
    ColumnType.DATETIME: {Storage.DATETIME, Storage.INSTANT},
    ColumnType.CATEGORY: {Storage.STRING},
    ColumnType.TEXT: {Storage.STRING},
    ColumnType.IDENTIFIER: {Storage.INTEGER, Storage.STRING},
}
"""How values of a type may be kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """A column's type as somebody fixed it: what does not fit is refused, never widened."""

    type: ColumnType
    format: str = ""
    origin: str = "the contract"  # or "`data.types`"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPlan:
    """How one column will be read, and why."""

    name: str
    reading: Reading
    reason: str = ""
    fixed: Fixed | None = None
    findings: tuple[Finding, ...] = ()

    def reading_in(self, file: DataFile) -> Reading:
        """Return how to read the column in one file, whose own type may differ from the others'."""
        if not file.types:
            return self.reading
        return native(file.types[file.names.index(self.name)], self.reading)


def plan_columns(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    sample: Sample,
    fixed: Mapping[str, Fixed],
) -> list[ColumnPlan]:
    """Return how to read each column of a source, in the order of its first file."""
    names, types = source.names, source.files[0].types
    texts = {
        place: sample.table.column(place)
        for place in range(len(names))
        if not types or types[place] == "VARCHAR"
    }
    free = {place: text for place, text in texts.items() if names[place] not in fixed}
    guesses = (guess_dates if types else guess_readings)(connection, free)
    plans = []
    for place, name in enumerate(names):
        settled = fixed.get(name)
        if settled is not None:
            text = texts.get(place)
            reading = (
                _fitting_text(connection, text, settled)
                if text is not None
                else _fitting_type(source, name, settled)
            )
            plans.append(
                ColumnPlan(
                    name=name, reading=reading, fixed=settled, reason=f"set by {settled.origin}"
                )
            )
        elif place in guesses:
            plans.append(_as_guessed(name, guesses[place]))
        else:
            plans.append(_as_typed(source, name))
    return plans


def _as_guessed(name: str, guess: Guess) -> ColumnPlan:
    findings = tuple(replace(finding, column=name) for finding in guess.findings)
    return ColumnPlan(name=name, reading=guess.reading, reason=guess.reason, findings=findings)


def _as_typed(source: Source, name: str) -> ColumnPlan:
    types = {file.types[file.names.index(name)] for file in source.files}
    storage = widest({storage_of(item) for item in types if item != '"NULL"'} or {Storage.STRING})
    return ColumnPlan(
        name=name, reading=typed(storage), reason=f"{'/'.join(sorted(types)).lower()} in the file"
    )


def _fitting_text(connection: duckdb.DuckDBPyConnection, text: object, settled: Fixed) -> Reading:
    """Return the reading of a settled type that fits a column's sample best."""
    storages = STORAGES[settled.type]
    if storages == {Storage.STRING}:
        return STRING
    candidates = (
        (INTEGER, STRING)
        if settled.type is ColumnType.IDENTIFIER
        else named(storages, settled.format) or named(storages, "")
    )
    tally = survey(connection, distinct_values({0: text}), candidates).get(0)
    if tally is None:
        return candidates[0]
    if settled.type is ColumnType.IDENTIFIER:  # a string reading would take a blank word as an id
        return INTEGER if tally.fitting[INTEGER] == tally.values and not tally.blanks else STRING
    return tally.best_fit(candidates)


def _fitting_type(source: Source, name: str, settled: Fixed) -> Reading:
    own = {storage_of(file.types[file.names.index(name)]) for file in source.files}
    storages = STORAGES[settled.type]
    if own <= storages:
        return typed(widest(own))
    return typed(Storage.STRING if Storage.STRING in storages else min(storages))
