"""What happened lately, kept up: from the training data, and from what no endpoint was asked about."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keepwell.core.errors import InvalidDataError, UsageError
from keepwell.core.features import Window
from keepwell.core.records import Column, ColumnType, Signature
from keepwell.data.sources import open_source
from keepwell.features.windows.store import WindowStore, windows_path
from keepwell.operations.windows.declaring import must_fit, sources

if TYPE_CHECKING:
    from pathlib import Path

    from keepwell.operations.build.bench import Bench


def store_of(home: "Path") -> WindowStore:
    """Return what a workspace keeps of what happened lately."""
    return WindowStore(windows_path(home))


def fill(bench: "Bench", signature: Signature) -> int:
    """Keep what the training data says happened lately, for a version that is about to serve.

    Returns:
        How many events were new.
    """
    history = signature.history
    if history is None:
        return 0
    dataset = bench.datasets.get(bench.spec.dataset)
    rows = bench.datasets.read(dataset, sources(history.windows, history.time))
    return _keep(bench, rows, history.windows, history.time, whole=True)


def refill(bench: "Bench") -> tuple[int, int]:
    """Keep what the newest data set says happened lately, for all windows that are declared.

    Returns:
        How many rows it has, and how many events were new.

    Raises:
        UsageError: If none are.
    """
    windows, moment = _declared(bench)
    dataset = bench.datasets.get(bench.spec.dataset)
    rows = bench.datasets.read(dataset, sources(windows, moment))
    return rows.num_rows, _keep(bench, rows, windows, moment, whole=True)


def push_file(bench: "Bench", location: str, root: "Path") -> tuple[int, int]:
    """Keep the events of a file: rows like those of the training data, of which no endpoint was asked.

    Returns:
        How many rows it has, and how many events were new.

    Raises:
        UsageError: If the project declares no windows.
        InvalidDataError: If the file cannot be read, or lacks a column.
    """
    windows, moment = _declared(bench)
    wanted = sources(windows, moment)
    _must_have(open_source(location, root).names, wanted, location)
    types = _types(bench, wanted)
    rows, columns = bench.datasets.look(
        f"{bench.spec.dataset}.events", location, root=root, types=types
    )
    return push_rows(bench, rows, columns)


def _types(bench: "Bench", names: Sequence[str]) -> dict[str, ColumnType]:
    """Return the types that columns have in the training data, so that a file's are read alike."""
    dataset = bench.datasets.get(bench.spec.dataset)
    stored = bench.datasets.scan(dataset).schema
    types = {column.name: column.type for column in dataset.columns if column.name in names}
    for name, kind in types.items():
        if kind is ColumnType.IDENTIFIER:
            whole = str(stored.field(name).type).startswith("int")
            types[name] = ColumnType.INTEGER if whole else ColumnType.CATEGORY
    return types


def push_rows(bench: "Bench", rows: Any, columns: Sequence[Column] = ()) -> tuple[int, int]:
    """Keep the events of an Arrow table; see `push_file`."""
    windows, moment = _declared(bench)
    wanted = sources(windows, moment)
    _must_have(rows.column_names, wanted, "the table")
    if columns:
        kept = [column for column in columns if column.name in wanted]
        must_fit(windows, moment, kept)
    return rows.num_rows, _keep(bench, rows.select(wanted), windows, moment, whole=False)


def _declared(bench: "Bench") -> tuple[tuple[Window, ...], str]:
    windows = bench.spec.features.windows
    if not windows:
        raise UsageError(
            "this project has no windows, so nothing is kept of what happened before",
            why="keepwell.yaml declares none under `features.windows`",
            now="declare one, such as {name: spent_7d, aggregate: sum, of: amount, by: customer, over: 7d}",
        )
    return windows, bench.spec.data.time


def _must_have(names: Sequence[str], wanted: Sequence[str], where: str) -> None:
    absent = [name for name in wanted if name not in names]
    if absent:
        raise InvalidDataError(
            f"{where} has no column '{absent[0]}'",
            why=f"windows are calculated from {', '.join(wanted)}; its columns are {', '.join(names[:20])}",
            now="add the column, or call it so",
        )


def _keep(bench: "Bench", rows: Any, windows: Sequence[Window], moment: str, *, whole: bool) -> int:
    import numpy as np
    import pyarrow as pa

    from keepwell.features.windows.values import key_text, micros, numbers

    try:
        when, known = micros(rows.column(moment))
        measures = {one.of: numbers(rows.column(one.of)) for one in windows if one.of}
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InvalidDataError(
            f"the rows cannot be read as events: {str(error).splitlines()[0]}",
            why=f"'{moment}' is a time, and what is summed up are numbers",
            now="send them as the training data has them",
        ) from error
    added = 0
    store = store_of(bench.home)
    try:
        store.declare(windows)
        now = bench.clock.now()
        for series in dict.fromkeys(window.series for window in windows):
            by, of = series
            keys = [key_text(value) for value in rows.column(by).to_pylist()]
            there = np.flatnonzero(
                known & np.array([key is not None for key in keys], dtype=np.bool_)
            )
            values = measures[of].tolist() if of else [None] * len(keys)
            added += store.fill(
                series,
                [str(keys[at]) for at in there],
                when[there],
                [
                    None if values[at] is None or values[at] != values[at] else values[at]
                    for at in there
                ],
                now=now,
                whole=whole,
            )
    finally:
        store.close()
    return added
