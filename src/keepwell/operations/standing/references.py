"""What a version's estimates rest on: made once from its test rows, kept with its run."""

from contextlib import suppress
from typing import TYPE_CHECKING

from keepwell.core.errors import KeepwellError, NotFoundError
from keepwell.core.records import ModelVersion
from keepwell.infrastructure.codec import from_json, to_json
from keepwell.monitoring.estimation.reference import Reference

if TYPE_CHECKING:
    from keepwell.operations.build.bench import Bench

KEPT = "estimation.json"


def reference_of(bench: "Bench", version: ModelVersion) -> Reference:
    """Return what is kept with a version, or make and keep it; its note says why it can tell nothing."""
    try:
        return from_json(Reference, bench.runs.read(version.run, KEPT))
    except KeepwellError:
        made = _made(bench, version)
    if made.method:  # why it cannot be made may pass
        with suppress(
            NotFoundError
        ):  # a version from outside has no run: it is made again when asked for
            bench.runs.attach(version.run, KEPT, to_json(made), "application/json")
    return made


def _made(bench: "Bench", version: ModelVersion) -> Reference:
    from keepwell.monitoring.estimation import fit_reference
    from keepwell.operations.build.judge import open_scorer
    from keepwell.operations.insight.overall import test_rows_of

    try:
        table = test_rows_of(bench, version)
        scores = open_scorer(bench, version).batch(table, lenient=True)
    except KeepwellError as error:
        return Reference(note=f"performance cannot be estimated: {error.what}")
    return fit_reference(
        version.signature,
        {name: table[name] for name in table.column_names},
        table[version.signature.target].to_pylist(),
        scores,
    )
