"""One batch: a source, scored by a registered version."""

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from keepwell.core.ports import TableStore
from keepwell.core.progress import Progress
from keepwell.core.records import ModelVersion, Profile
from keepwell.operations.batch.log import BatchLog
from keepwell.operations.build.bench import Bench

if TYPE_CHECKING:
    import pyarrow as pa

    from keepwell.deployment.batch import Scored
    from keepwell.deployment.scoring import Scorer


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What is scored, and how.

    Attributes:
        source: Where the rows are.
        output: Where rows and answers go.
        root: What relative locations start from.
        log: Whether the predictions go to the prediction log as well.
        overwrite: Whether to replace what is at the output.
        sample: Whether to keep some inputs, to be compared with the training data.
    """

    source: str
    output: str
    root: Path
    log: bool = False
    overwrite: bool = False
    sample: bool = False


def score(
    bench: Bench,
    tables: TableStore,
    model: ModelVersion,
    batch: Batch,
    progress: Progress | None = None,
) -> "Scored":
    """Score a batch; see `keepwell.deployment.batch.predict_file`."""
    from keepwell.deployment.batch import Options, predict_file

    spec = bench.spec
    log = _log(bench, tables, model) if batch.log else None
    options = Options(
        version=model.version,
        model=f"{model.key} {model.created}",
        root=batch.root,
        works=bench.home / "batch",
        overwrite=batch.overwrite,
        sample=batch.sample,
        log=log,
        key="" if spec.data.key in spec.serve.log.redact else spec.data.key,
    )
    scorer = scorer_of(bench, model)
    with contextlib.ExitStack() as opened:
        if model.signature.history is not None:
            from keepwell.operations.windows.asking import completed_table
            from keepwell.operations.windows.keeping import store_of

            store = opened.enter_context(contextlib.closing(store_of(bench.home)))
            now = bench.clock.now()

            def complete(rows: "pa.Table") -> "pa.Table":
                return completed_table(model.signature, store, rows, now)

            options = replace(options, complete=complete)
        return predict_file(scorer, batch.source, batch.output, options=options, progress=progress)


def _log(bench: Bench, tables: TableStore, model: ModelVersion) -> BatchLog:
    from keepwell.monitoring.sketches.feeder import Feeder, without_columns
    from keepwell.monitoring.sketches.store import SketchStore

    spec = bench.spec

    def lookup(name: str, version: int) -> tuple[ModelVersion, Profile]:
        return model, without_columns(bench.registry.profile(model), spec.serve.log.redact)

    feeder = Feeder(SketchStore(tables, bench.clock), lookup, slices=spec.monitor.slices)
    return BatchLog(tables, spec.endpoint, model, spec.serve.log, feeder.feed)


def scorer_of(bench: Bench, model: ModelVersion) -> "Scorer":
    """Return the scorer of a model version."""
    from keepwell.deployment.scoring import load_scorer
    from keepwell.tracking.bundles import unpack

    return load_scorer(lambda name: unpack(bench.blobs, model.bundle, name), model.signature)
