"""A challenger that was likely better, held against the champion again on rows that came since."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.compute as pc

from keepwell.core.errors import TrainingError
from keepwell.operations.build.live_rows import live_table
from keepwell.operations.build.retraining.comparison import compare
from keepwell.operations.loop.retrainings import Retraining, RetrainingResult

if TYPE_CHECKING:
    import pyarrow as pa

    from keepwell.core.records import ModelVersion
    from keepwell.operations.build.bench import Bench


def prove(
    bench: Bench, labelled: pa.Table, baseline: ModelVersion, request: Retraining
) -> RetrainingResult:
    """Return both on the rows since the challenger was trained, which neither of them learnt from.

    Rows that it was tested on then are left out: it would not be looked at again, had it not done well on
    those. So are rows with the very inputs of an earlier one, which only the challenger may know by heart,
    unless those are most. What its gate said of it stands.

    Args:
        bench: The workspace's parts.
        labelled: Predictions of the endpoint with their outcomes, oldest first.
        baseline: The champion.
        request: Names the challenger, and the time since when rows count.

    Raises:
        TrainingError: If no outcomes came since.
    """
    found = bench.registry.get(baseline.model, request.candidate)
    since = max(found.created, *(window.since or 0.0 for window in request.windows))
    new = pc.greater_equal(labelled["time"], since)
    earlier, fresh = labelled.filter(pc.invert(new)), labelled.filter(new)
    unlike = fresh.filter(
        pc.invert(pc.is_in(fresh["inputs"], value_set=earlier["inputs"].combine_chunks()))
    )
    if 2 * unlike.num_rows >= fresh.num_rows:
        fresh = unlike
    if not fresh.num_rows:
        raise TrainingError(
            f"{found.key} cannot be compared with {baseline.key} again",
            why="no outcomes came for what was asked since it was trained",
            now="post outcomes, or train anew: keepwell run",
        )
    rows = fresh.select(["inputs", "outcome"]).to_pylist()
    return RetrainingResult(
        status="done",
        run=found.run,
        candidate=found.version,
        verdict=found.gate,
        comparison=compare(bench, found, baseline, live_table(rows, baseline.signature)),
        window=request.windows[0].name,
        evidence={"mode": request.mode},
    )
