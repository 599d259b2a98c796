"""The program of a version and the rows that it reads, in a folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import NotFoundError
from keepwell.core.records import ModelVersion, Run
from keepwell.core.records.model import Task
from keepwell.infrastructure.codec import from_json
from keepwell.operations.build.bench import Bench
from keepwell.operations.build.live_rows import TIME, in_common
from keepwell.operations.build.recipe import RECIPE, ROWS, SCRIPT, TEST_ROWS, WEIGHTS, Recipe

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from keepwell.core.records import Column


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What was written, and what the answers are compared on.

    Attributes:
        recipe: How the version was made.
        run: The run that made it.
        actual: True labels or numbers of the test rows.
        trained: Rows that are fitted on.
    """

    recipe: Recipe
    run: Run
    actual: list[Any]
    trained: int


def recipe_of(
    bench: Bench, version: ModelVersion, *, with_program: bool = True
) -> tuple[Run, Recipe]:
    """Return the run and the recipe of a version.

    Raises:
        NotFoundError: If the version was not trained here, or cannot be written as a program.
    """
    run = bench.runs.get(version.run)
    if all(item.name != RECIPE for item in run.artifacts):
        raise NotFoundError(
            f"{version.key} has no recipe to be made again by",
            why="it was registered from outside, or trained by an older Keepwell",
            now="keepwell run trains a version that has one",
        )
    recipe = from_json(Recipe, bench.runs.read(run.id, RECIPE))
    if with_program and not recipe.script:
        raise NotFoundError(
            f"{version.key} cannot be written as a program of its own",
            why=recipe.reason,
            now=f"the settings are there: keepwell runs show {run.id}",
        )
    return run, recipe


def write_material(bench: Bench, version: ModelVersion, folder: Path) -> Material:
    """Write the program of a version, and its rows, into a folder.

    Raises:
        NotFoundError: If there is no such program, or its data is gone.
    """
    from keepwell.training.script import SCRIPT as PROGRAM
    from keepwell.training.script import TEST, TRAIN

    run, recipe = recipe_of(bench, version)
    table, columns = trained_table(bench, run)
    used, test, values, labels = _divided(bench, version, run, recipe, table, columns)
    weights = _weights(bench, run, recipe, table.num_rows)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PROGRAM).write_bytes(bench.runs.read(run.id, SCRIPT))
    for name, rows in ((TRAIN, used), (TEST, test)):
        _write(folder / name, version, table.take(rows), values[rows], weights[rows])
    actual = [labels[row] for row in test]
    return Material(recipe=recipe, run=run, actual=actual, trained=len(used))


def trained_table(bench: Bench, run: Run) -> "tuple[pa.Table, tuple[Column, ...]]":
    """Return the rows that training was handed: of one dataset, or with live ones behind them."""
    from keepwell.training.tasks.multilabel.columns import schema_with_sets, with_sets

    name, _, number = run.dataset.rpartition("/")
    dataset = bench.datasets.get(name, int(number))
    if "with" not in run.tags:
        data = bench.spec.data
        if any(item.name == ROWS for item in run.artifacts):  # a part, for want of memory
            read = np.frombuffer(bench.runs.read(run.id, ROWS), dtype=np.int64)
            return bench.datasets.take(dataset, read), dataset.columns
        return with_sets(bench.datasets.read(dataset), data), schema_with_sets(
            dataset.columns, data
        )
    base_name, _, base_number = run.tags["with"].rpartition("/")
    base = bench.datasets.get(base_name, int(base_number))
    kept = [column for column in dataset.columns if column.name not in (TIME,)]
    known = {column.name for column in kept}
    names = [column.name for column in base.columns if column.name in known]
    live = bench.datasets.read(dataset).sort_by(TIME)
    table = in_common(bench.datasets.read(base, columns=names), live, names)
    rows = np.frombuffer(bench.runs.read(run.id, ROWS), dtype=np.int64)
    columns = tuple(column for column in base.columns if column.name in known)
    return table.take(rows), columns


def _divided(
    bench: Bench,
    version: ModelVersion,
    run: Run,
    recipe: Recipe,
    table: "pa.Table",
    columns: "tuple[Column, ...]",
) -> "tuple[NDArray[np.int64], NDArray[np.int64], NDArray[Any], dict[int, Any]]":
    """Return rows to fit, rows to test, and by row the target as codes or numbers and as it is."""
    from keepwell.tracking.metrics import encode
    from keepwell.training.targets import read_target

    task = Task(recipe.task) if recipe.task else None
    target = read_target(table, columns, recipe.target, task)
    test = np.frombuffer(bench.runs.read(run.id, TEST_ROWS), dtype=np.int64)
    used = np.setdiff1d(target.rows, test)
    labels: list[Any] = (
        target.values.tolist()
        if version.signature.task.numeric
        else [target.classes[code] for code in target.values]
    )
    known = (
        np.asarray(labels, dtype=np.float64)
        if version.signature.task.numeric
        else encode(labels, version.signature.classes)
    )
    values = np.full(table.num_rows, -1, dtype=known.dtype)
    values[target.rows] = known
    return used, test, values, dict(zip(target.rows.tolist(), labels, strict=True))


def _weights(bench: Bench, run: Run, recipe: Recipe, rows: int) -> "NDArray[np.float64]":
    if not recipe.weighted:
        return np.ones(rows)
    return np.frombuffer(bench.runs.read(run.id, WEIGHTS), dtype=np.float64)


def _write(
    path: Path,
    version: ModelVersion,
    table: "pa.Table",
    target: "NDArray[Any]",
    weights: "NDArray[np.float64]",
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from keepwell.features.decoding import Decoder
    from keepwell.training.script.writing import TARGET, WEIGHT

    decoded = Decoder(version.signature, lenient=True).columns(table)
    names = [field.name for field in version.signature.inputs]
    columns = {
        name: pa.array(values.tolist(), pa.string())
        if values.dtype.kind == "O"
        else pa.array(np.asarray(values, dtype=np.float64))
        for name, values in zip(names, decoded, strict=True)
    }
    pq.write_table(pa.table({**columns, TARGET: target, WEIGHT: weights}), path)
