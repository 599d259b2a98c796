"""How each column of a source will be read, decided before its first row is."""

from collections.abc import Mapping, Sequence
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
    ColumnType.IMAGE: {Storage.STRING},
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
    settled = {place: fixed[name] for place, name in enumerate(names) if name in fixed}
    readings = _fitting_texts(
        connection,
        {place: text for place, text in texts.items() if place in settled},
        settled,
    )
    plans = []
    for place, name in enumerate(names):
        if place in settled:
            reading = readings.get(place) or _fitting_type(source, name, settled[place])
            reason = f"set by {settled[place].origin}"
            plans.append(
                ColumnPlan(name=name, reading=reading, fixed=settled[place], reason=reason)
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


def _fitting_texts(
    connection: duckdb.DuckDBPyConnection,
    texts: Mapping[int, object],
    settled: Mapping[int, Fixed],
) -> dict[int, Reading]:
    """Return the reading of its settled type that fits each column's sample best."""
    alike: dict[tuple[ColumnType, str], list[int]] = {}
    for place in texts:
        alike.setdefault((settled[place].type, settled[place].format), []).append(place)
    chosen: dict[int, Reading] = {}
    for (kind, format_), places in alike.items():
        candidates = _candidates(kind, format_)
        if tuple(candidates) == (STRING,):
            chosen.update(dict.fromkeys(places, candidates[0]))
            continue
        values = distinct_values({place: texts[place] for place in places})
        tallies = survey(connection, values, candidates)
        for place in places:
            tally = tallies.get(place)
            if tally is None:
                chosen[place] = candidates[0]
            elif kind is ColumnType.IDENTIFIER:  # a blank word may be an identifier
                whole = tally.fitting[INTEGER] == tally.values and not tally.blanks
                chosen[place] = INTEGER if whole else STRING
            else:
                chosen[place] = tally.best_fit(candidates)
    return chosen


def _candidates(kind: ColumnType, format_: str) -> Sequence[Reading]:
    if kind is ColumnType.IDENTIFIER:
        return (INTEGER, STRING)
    if STORAGES[kind] == {Storage.STRING}:
        return (STRING,)
    return named(STORAGES[kind], format_) or named(STORAGES[kind], "")


def _fitting_type(source: Source, name: str, settled: Fixed) -> Reading:
    own = {storage_of(file.types[file.names.index(name)]) for file in source.files}
    storages = STORAGES[settled.type]
    if own <= storages:
        return typed(widest(own))
    return typed(Storage.STRING if Storage.STRING in storages else min(storages))
