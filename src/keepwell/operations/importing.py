"""A version from another workspace, registered here: the same files, by the same digests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keepwell.core.records import ModelVersion
from keepwell.deployment.example import example_of
from keepwell.operations.build.bench import Bench

if TYPE_CHECKING:
    from keepwell.deployment.archives import Archive


def import_version(bench: Bench, archive: Archive, model: str = "") -> tuple[ModelVersion, bool]:
    """Register an archive's version, unless one with the same files is there already.

    It is registered once it has answered a row here, with its metrics, proof and gate; it is nobody's
    champion yet. Where it came from is in the parameters of the run that stands for the import.

    Args:
        bench: The workspace's parts.
        archive: What was read, and verified.
        model: The model whose version it becomes; the one it was unless said.

    Returns:
        The version here, and whether it is new.
    """
    from keepwell.deployment.scoring import load_scorer
    from keepwell.tracking.bundles import pack

    theirs = archive.version
    model = model or theirs.model
    for known in bench.registry.versions(model):
        if set(known.bundle.files) == set(theirs.bundle.files):
            return known, False
    scorer = load_scorer(archive.files.__getitem__, theirs.signature)
    scorer.rows([example_of(theirs.signature)])
    origin = {
        "from": theirs.key,
        "run": theirs.run,
        "dataset": theirs.dataset,
        "artifact": archive.artifact,
        "archive": archive.digest,
    }
    run = bench.runs.start(bench.spec.name, "import", params=origin, root=bench.spec.root)
    try:
        version = bench.registry.register(
            model,
            run=run.id,
            bundle=pack(bench.blobs, archive.files),
            signature=theirs.signature,
            metric=theirs.metric,
            metrics=theirs.metrics,
            importance=theirs.importance,
            learner=theirs.learner,
            proof=theirs.proof,
        )
        bench.runs.finish(run.id, metrics=theirs.metrics, model=version.key)
    except BaseException as error:
        bench.runs.fail(run.id, str(error), killed=not isinstance(error, Exception))
        raise
    if theirs.gate is not None:
        version = bench.registry.record_gate(model, version.version, theirs.gate)
    return version, True
