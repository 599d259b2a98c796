"""The global explanation of a version: measured after training, kept with the run."""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import KeepwellError, NotFoundError
from keepwell.core.records import Bundle, ModelVersion, Overview, Profile, Signature
from keepwell.infrastructure.codec import from_json, to_json
from keepwell.operations.build import shortcut

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from keepwell.operations.build.bench import Bench
    from keepwell.operations.build.draft import Draft
    from keepwell.training import Trained

OVERVIEW = "explanation.json"
SECONDS = 3.0
EXPLAINED = 0.05
"""Of the training budget, kept for the explanation."""

LEAST = 1.0
"""Seconds that are kept for it, unless that share is less."""

_SHORTEST = 0.25


def keep_overview(
    bench: "Bench", draft: "Draft", table: "pa.Table", trained: "Trained", *, seconds: float
) -> None:
    """Explain what was just trained on its test rows, and attach that to the run.

    Args:
        bench: The workspace's parts.
        draft: What will become a version.
        table: The rows.
        trained: What was trained.
        seconds: Left of the budget; some are taken even if none are.
    """
    if trained.task.several or not len(trained.test_rows):
        return
    try:
        found = _measured(
            bench,
            draft.bundle,
            draft.signature,
            trained.profile,
            table.take(trained.test_rows),
            trained.test_actual,
            metric=trained.metric,
            importance=draft.importance,
            seconds=min(SECONDS, max(_SHORTEST, seconds)),
        )
    except (
        KeepwellError
    ):  # a stranger's model that fails on odd rows stands; it is without explanation
        return
    bench.runs.attach(draft.run, OVERVIEW, to_json(found), "application/json")


def overview_of(bench: "Bench", version: ModelVersion) -> Overview | None:
    """Return the global explanation that is kept with a version; None if there is none."""
    try:
        return from_json(Overview, bench.runs.read(version.run, OVERVIEW))
    except KeepwellError:
        return None


def make_overview(
    bench: "Bench", version: ModelVersion, rows: "pa.Table | None" = None
) -> Overview:
    """Measure the global explanation of a version, and keep it with its run.

    Args:
        bench: The workspace's parts.
        version: The version.
        rows: With the target; the version's own test rows unless given.

    Raises:
        NotFoundError: If its test rows are not known and none are given.
    """
    table = test_rows_of(bench, version) if rows is None else rows
    try:
        profile: Profile | None = bench.registry.profile(version)
    except KeepwellError:
        profile = None
    found = _measured(
        bench,
        version.bundle,
        version.signature,
        profile,
        table,
        table[version.signature.target].to_pylist(),
        metric=version.metric,
        importance=version.importance,
        seconds=SECONDS,
    )
    bench.runs.attach(version.run, OVERVIEW, to_json(found), "application/json")
    shortcut.forget(bench.spec.root)  # a gate may have waited for it
    return found


def test_rows_of(bench: "Bench", version: ModelVersion) -> "pa.Table":
    """Return the rows with outcomes that a version was tested on.

    Raises:
        NotFoundError: If they are not known.
    """
    from keepwell.operations.build.recipe import TEST_ROWS
    from keepwell.operations.reproduction.material import trained_table

    try:
        run = bench.runs.get(version.run)
        places = np.frombuffer(bench.runs.read(run.id, TEST_ROWS), dtype=np.int64)
        table, _ = trained_table(bench, run)
    except (KeepwellError, ValueError):
        raise NotFoundError(
            f"the test rows of {version.key} are not known",
            why="it was registered from outside, or its data is gone",
            now="name a file with rows and their outcome: --rows labelled.csv",
        ) from None
    return table.take(places)


def _measured(  # noqa: PLR0913 (a version, or what will become one, in its parts)
    bench: "Bench",
    bundle: Bundle,
    signature: Signature,
    profile: Profile | None,
    table: "pa.Table",
    actual: "Sequence[Any]",
    *,
    metric: str,
    importance: "Mapping[str, float]",
    seconds: float,
) -> Overview:
    from keepwell.deployment.explaining import Explainer, typical_rows
    from keepwell.deployment.explaining.overall import overview
    from keepwell.deployment.scoring import load_scorer
    from keepwell.tracking.bundles import unpack

    def read(name: str) -> bytes:
        return unpack(bench.blobs, bundle, name)

    return overview(
        load_scorer(read, signature),
        Explainer.load(read, signature, typical_rows(signature, profile)),
        table,
        actual,
        metric=metric,
        importance=importance,
        seconds=seconds,
    )
