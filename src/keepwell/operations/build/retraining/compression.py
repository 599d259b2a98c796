"""A retraining that makes the champion lighter: nothing is trained, and it needs not be better."""

from dataclasses import replace
from typing import TYPE_CHECKING

from keepwell.core.errors import KeepwellError, TrainingError
from keepwell.operations.build.live_rows import live_table
from keepwell.operations.build.retraining.comparison import compare
from keepwell.operations.loop.retrainings import Comparison, Retraining, RetrainingResult

if TYPE_CHECKING:
    import pyarrow as pa

    from keepwell.core.progress import Progress
    from keepwell.core.records import ModelVersion
    from keepwell.operations.build.bench import Bench

MAX_LOSS = 0.005
"""Share of the champion's metric that may be lost, unless said."""

_FEWEST, _MOST = 50, 5000


def compress(
    bench: "Bench",
    labelled: "pa.Table",
    baseline: "ModelVersion",
    request: Retraining,
    *,
    progress: "Progress",
) -> RetrainingResult:
    """Make, register and gate a lighter challenger; nothing is put behind the endpoint.

    Args:
        bench: The workspace's parts.
        labelled: Predictions of the endpoint with their outcomes, oldest first.
        baseline: The champion.
        request: What was asked for; its option `max_loss` is the share of the metric that may be lost.
        progress: Hears how it goes.

    Raises:
        TrainingError: If there is no form of it that is lighter and good enough.
    """
    from keepwell.operations.lighter import Refusal, lighten, lighter_of

    given = request.options.get("max_loss")
    allowed = MAX_LOSS if given is None else float(given)
    found = lighten(bench, baseline, max_loss=allowed, progress=progress)
    if isinstance(found, Refusal):
        raise TrainingError(
            f"there is no lighter form of {baseline.key}",
            why=found.why,
            now=found.now or "allow a larger loss: `with: {max_loss: 2%}`",
        )
    evidence = lighter_of(bench, found)
    numbers: dict[str, float | int | str] = {"mode": "compress"}
    if evidence is not None:
        numbers |= {
            "form": evidence.form,
            "ms a row before": evidence.heavy.row_ms,
            "ms a row after": evidence.light.row_ms,
            "bytes before": evidence.heavy.bytes,
            "bytes after": evidence.light.bytes,
            f"{evidence.metric} before": evidence.before,
            f"{evidence.metric} after": evidence.after,
        }
    comparison = _live(bench, found, baseline, labelled)
    if comparison is None and evidence is not None:
        loss = evidence.loss
        comparison = Comparison(
            metric=evidence.metric,
            rows=evidence.rows,
            champion=evidence.before,
            challenger=evidence.after,
            gain=replace(
                loss,
                value=-loss.value,
                low=None if loss.high is None else -loss.high,
                high=None if loss.low is None else -loss.low,
            ),
        )
    return RetrainingResult(
        status="done",
        run=found.run,
        candidate=found.version,
        verdict=found.gate,
        comparison=comparison,
        window="champion",
        rows=0 if evidence is None else evidence.rows,
        renewed=True,
        evidence=numbers,
    )


def _live(
    bench: "Bench", found: "ModelVersion", baseline: "ModelVersion", labelled: "pa.Table"
) -> Comparison | None:
    """Return both on the newest rows with outcomes; None where there are too few."""
    if labelled.num_rows < _FEWEST:
        return None
    newest = labelled.slice(max(0, labelled.num_rows - _MOST))
    try:
        rows = newest.select(["inputs", "outcome"]).to_pylist()
        return compare(bench, found, baseline, live_table(rows, baseline.signature))
    except (KeepwellError, TypeError, ValueError):  # rows of another time, or redacted ones
        return None
