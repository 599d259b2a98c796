"""How a version treats groups: measured after training, kept with the run, made again when asked."""

import json
from typing import TYPE_CHECKING

from keepwell.core.errors import KeepwellError, NotFoundError
from keepwell.core.records import FairnessView, ModelVersion
from keepwell.core.suggestions import did_you_mean
from keepwell.infrastructure.codec import from_json, to_json
from keepwell.operations.build import shortcut

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from keepwell.core.spec import ProjectSpec
    from keepwell.operations.build.bench import Bench
    from keepwell.training import Trained

FAIRNESS = "fairness.json"
_LABELS = 50


def protected(
    spec: "ProjectSpec", columns: "Sequence[str]", labels: "Mapping[str, Sequence[str]]"
) -> dict[str, str]:
    """Return by column why it is looked at; empty for those that the project file names."""
    from keepwell.tracking.fairness import suggested

    named = [*spec.fairness.columns]
    if spec.gate.fairness is not None:
        named.append(spec.gate.fairness.by)
    free = [name for name in columns if name not in (spec.data.target, spec.data.key)]
    found = dict.fromkeys(named, "")
    return found | {name: why for name, why in suggested(free, labels).items() if name not in found}


def keep_fairness(bench: "Bench", run: str, table: "pa.Table", trained: "Trained") -> None:
    """Look at every protected column on the test rows, and attach what was seen to the run."""
    if not len(trained.test_rows):
        return
    from keepwell.tracking.fairness import fairness_view
    from keepwell.tracking.metrics import Scores

    rows = table.take(trained.test_rows)
    scores = Scores(predictions=trained.test_predictions, probabilities=trained.test_probabilities)
    views = [
        fairness_view(
            column,
            rows[column].to_pylist(),
            task=trained.signature.task,
            classes=trained.signature.classes,
            actual=trained.test_actual,
            scores=scores,
            named=not why,
        )
        if column in rows.column_names
        else _missing(column, rows.num_rows)
        for column, why in protected(bench.spec, rows.column_names, _labels(rows)).items()
    ]
    bench.runs.attach(run, FAIRNESS, to_json(views), "application/json")


def fairness_of(bench: "Bench", version: ModelVersion) -> list[FairnessView]:
    """Return what is kept with a version; nothing if it was not looked at."""
    try:
        kept = bench.runs.read(version.run, FAIRNESS)
    except KeepwellError:
        return []
    return [from_json(FairnessView, json.dumps(one).encode()) for one in json.loads(kept)]


def make_fairness(
    bench: "Bench",
    version: ModelVersion,
    *,
    by: "Sequence[str]" = (),
    rows: "pa.Table | None" = None,
) -> list[FairnessView]:
    """Measure how a version treats groups, and keep what the project file names with its run.

    Args:
        bench: The workspace's parts.
        version: The version.
        by: Columns; those that the project file names and those suggested unless said.
        rows: With the target; the version's own test rows unless given.

    Raises:
        NotFoundError: If there is no such column, or the test rows are not known.
    """
    from keepwell.operations.build.judge import open_scorer
    from keepwell.operations.insight.overall import test_rows_of
    from keepwell.tracking.fairness import fairness_view

    table = test_rows_of(bench, version) if rows is None else rows
    scores = open_scorer(bench, version).batch(table, lenient=True)
    asked = dict.fromkeys(by, "") or protected(bench.spec, table.column_names, _labels(table))
    for name in by:
        if name not in table.column_names:
            raise NotFoundError(
                f"the rows have no column '{name}'",
                why=f"they have {', '.join(table.column_names[:20])}",
                now=did_you_mean(name, table.column_names) or "name one of them",
            )
    views = [
        fairness_view(
            column,
            table[column].to_pylist(),
            task=version.signature.task,
            classes=version.signature.classes,
            actual=table[version.signature.target].to_pylist(),
            scores=scores,
            named=not why,
        )
        if column in table.column_names
        else _missing(column, table.num_rows)
        for column, why in asked.items()
    ]
    kept = {view.column: view for view in fairness_of(bench, version)}
    kept |= {view.column: view for view in views}
    bench.runs.attach(version.run, FAIRNESS, to_json(list(kept.values())), "application/json")
    shortcut.forget(bench.spec.root)  # a gate may have waited for it
    return views


def _missing(column: str, rows: int) -> FairnessView:
    return FairnessView(column=column, rows=rows, note=f"the test rows carry no '{column}'")


def _labels(table: "pa.Table") -> dict[str, list[str]]:
    """Return the values of columns of few labels."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = {}
    for name in table.column_names:
        column = table[name]
        kind = column.type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            continue
        values = pc.unique(column).drop_null()
        if 1 < len(values) <= _LABELS:
            found[name] = [str(value) for value in values.to_pylist()]
    return found
