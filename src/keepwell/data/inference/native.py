"""Readings of columns that come with a type, as Parquet's do.

A typed column is taken as it is; only text among typed columns is searched for dates, because whoever
wrote `"007"` as a string meant a string.
"""

import re

from keepwell.data.inference.readings import ISO, MISFIT, STRING, Reading, Storage

_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
_LONG_INTEGERS = {"UBIGINT", "HUGEINT", "UHUGEINT"}
_FLOATS = {"FLOAT", "DOUBLE"}
_INSTANT = re.compile(r"TIMESTAMPTZ|TIMESTAMP.*WITH TIME ZONE")
_NESTED = re.compile(r"\]$|^(STRUCT|MAP|UNION|LIST|JSON|VARIANT)")


def storage_of(duck_type: str) -> Storage:
    """Return how values of a DuckDB type are kept.

    >>> storage_of("DECIMAL(10,2)")
    <Storage.NUMBER: 'DOUBLE'>
    """
    if duck_type in _INTEGERS | _LONG_INTEGERS:
        return Storage.INTEGER
    if duck_type in _FLOATS or duck_type.startswith("DECIMAL"):
        return Storage.NUMBER
    if duck_type == "BOOLEAN":
        return Storage.BOOLEAN
    if _INSTANT.match(duck_type):
        return Storage.INSTANT
    is_time = duck_type == "DATE" or duck_type.startswith("TIMESTAMP")
    return Storage.DATETIME if is_time else Storage.STRING


def widest(storages: set[Storage]) -> Storage:
    """Return the storage that holds the values of all of these without loss."""
    if len(storages) == 1:
        return next(iter(storages))
    if storages == {Storage.INTEGER, Storage.NUMBER}:
        return Storage.NUMBER
    if storages == {Storage.DATETIME, Storage.INSTANT}:
        return Storage.INSTANT
    return Storage.STRING


def native(duck_type: str, wanted: Reading) -> Reading:
    """Return how a column of a DuckDB type becomes what `wanted` gives.

    Text is read by `wanted` itself. Other values are converted where nothing is lost, and refused
    where it would be: 1.5 is no integer, 2 is no boolean, a date is no number.
    """
    if duck_type == "VARCHAR":
        return wanted
    own, storage = storage_of(duck_type), wanted.storage
    if storage is Storage.STRING:
        return _as_text(duck_type)
    if own is Storage.STRING or (_is_time(own) != _is_time(storage)):
        if duck_type == '"NULL"':
            return Reading(storage=storage, value=f"CAST({{c}} AS {storage})")
        return Reading(
            storage=storage, refuses="TRUE", value=f"CAST(error('{MISFIT}type') AS {storage})"
        )
    lost = ""
    if storage is Storage.INTEGER and own is Storage.NUMBER:
        lost = " OR TRY_CAST({c} AS BIGINT) <> {c}"
    if storage is Storage.BOOLEAN and own is not Storage.BOOLEAN:
        lost = " OR {c} NOT IN (0, 1)"
    refuses = f"TRY_CAST({{c}} AS {storage}) IS NULL{lost}"
    if not lost and duck_type not in _LONG_INTEGERS:
        return Reading(storage=storage, refuses=refuses, value=f"CAST({{c}} AS {storage})")
    value = (
        f"CASE WHEN {{c}} IS NOT NULL AND ({refuses}) "
        f"THEN CAST(error('{MISFIT}' || CAST({{c}} AS VARCHAR)) AS {storage}) "
        f"ELSE TRY_CAST({{c}} AS {storage}) END"
    )
    return Reading(storage=storage, refuses=refuses, value=value)


def typed(storage: Storage) -> Reading:
    """Return the reading that asks for a storage, however a typed column gets there."""
    return {Storage.STRING: STRING, Storage.DATETIME: ISO}.get(storage, Reading(storage=storage))


def _as_text(duck_type: str) -> Reading:
    if duck_type == "BLOB":
        return Reading(storage=Storage.STRING, value="base64({c})")
    if _NESTED.search(duck_type):
        return Reading(storage=Storage.STRING, value="CAST(to_json({c}) AS VARCHAR)")
    return Reading(storage=Storage.STRING, value="CAST({c} AS VARCHAR)")


def _is_time(storage: Storage) -> bool:
    return storage in (Storage.DATETIME, Storage.INSTANT)
