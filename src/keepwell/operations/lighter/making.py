"""A lighter version from one that is registered."""

from dataclasses import replace
from typing import TYPE_CHECKING

from keepwell.core.progress import Progress
from keepwell.core.records import ModelVersion
from keepwell.operations.build.bench import Bench
from keepwell.operations.build.judge import judge_version
from keepwell.operations.lighter.considering import MAX_LOSS, consider
from keepwell.operations.lighter.evidence import Refusal
from keepwell.operations.lighter.keeping import keep
from keepwell.operations.lighter.variants import lighter_variants

if TYPE_CHECKING:
    import pyarrow as pa


def lighten(
    bench: Bench,
    version: ModelVersion,
    *,
    max_loss: float = MAX_LOSS,
    rows: "pa.Table | None" = None,
    progress: Progress | None = None,
) -> ModelVersion | Refusal:
    """Make, register and gate a lighter variant of a version; nothing is trained, and it serves nobody yet.

    Where the version is champion, the gate grants the loss that was allowed; all else that it asks for holds.
    What was made with the same allowance before is returned, and not made twice.

    Args:
        bench: The workspace's parts.
        version: What is to be made lighter.
        max_loss: Share of the value of the version's metric that may be lost: 0.005 of a roc_auc of 0.8
            is 0.004. It holds on rows that did not choose what is left.
        rows: Labelled rows that it has not learnt from; its own test rows unless given.
        progress: Hears how it goes.

    Returns:
        The variant, with the verdict of its gate; or why there is none.

    Raises:
        UsageError: If `max_loss` is no share.
    """
    if rows is None:
        for one in lighter_variants(bench, version, gated=False):
            if one.evidence.max_loss == max_loss and one.version.gate is not None:
                return one.version
    found = consider(bench, version, max_loss=max_loss, rows=rows, progress=progress)
    if isinstance(found, Refusal):
        return found
    kept = keep(bench, version, found.made, found.evidence, found.places)
    champion = bench.registry.resolve(version.model, "champion")
    if champion == version.version:
        bench = _granting(bench, found.allowed)
    verdict = judge_version(bench, kept, found.made.table, champion=champion)
    return bench.registry.record_gate(kept.model, kept.version, verdict)


def _granting(bench: Bench, allowed: float) -> Bench:
    """Return the bench with a gate that lets the champion be missed by what was allowed."""
    gate = bench.spec.gate
    gate = replace(gate, max_drop=max(gate.max_drop, allowed))
    return replace(bench, spec=replace(bench.spec, gate=gate))
