"""What a build does for models that the user brought: their code is part of what they are made of."""

from typing import TYPE_CHECKING, Any

from keepwell.core.errors import TrainingError
from keepwell.core.records import Proof
from keepwell.core.spec import LearnerSpec, TrainSpec
from keepwell.infrastructure.own_sources import own_sources
from keepwell.operations.build.bench import Bench

if TYPE_CHECKING:
    import pyarrow as pa

    from keepwell.training import Trained


def code_digests(bench: Bench) -> dict[str, str]:
    """Return the digest of every file that the project's own learners are written in."""
    from keepwell.operations.build.shortcut import file_digest

    root = bench.spec.root
    return {name: file_digest(root / name) for name in own_sources(bench.spec.train.learners, root)}


def must_have_raced(spec: TrainSpec, trained: "Trained") -> None:
    """Refuse to go on with something else where every model that the user brought failed.

    Raises:
        TrainingError: With what their code raised.
    """
    from keepwell.training.learners.field import is_own

    own = {
        name
        for item in spec.learners
        if is_own(name := item.name if isinstance(item, LearnerSpec) else item)
    }
    raced = [row for row in trained.leaderboard if row.learner.partition(" (")[0] in own]
    failed = [row for row in raced if row.mean is None and row.note.startswith("failed")]
    if not own or len(failed) < len(raced) or not failed or is_own(trained.learner):
        return
    first = failed[0]
    what, _, rest = (
        first.note.removeprefix("failed: ").removeprefix("TrainingError: ").partition("\n")
    )
    raise TrainingError(
        what,
        why=rest.partition("\n")[0]
        or f"every fit of {first.name} failed, and it was asked for by name",
        now=rest.partition("\n")[2]
        or f"correct it, or take {first.learner} out of `train: learners:` to go on without it",
    )


def scorer_files(
    bench: Bench, trained: "Trained", sample: "pa.Table"
) -> tuple[dict[str, bytes], Proof]:
    """Return the files of the bundle: data wherever possible, the user's code where they brought it."""
    from keepwell.deployment.scoring import build_scorer_files
    from keepwell.training.learners.field import may_be_pickled

    try:
        return build_scorer_files(trained.pipeline, trained.signature, sample)
    except TrainingError as refusal:
        if not may_be_pickled(trained.learner):
            raise
        return own_code_files(
            bench, trained.pipeline, trained.signature, sample, refusal, trained.learner
        )


def own_code_files(
    bench: Bench, model: Any, signature: Any, sample: "pa.Table", refusal: TrainingError, name: str
) -> tuple[dict[str, bytes], Proof]:
    """Return the files of a bundle with the user's own code, and trust them in this workspace.

    The consent is the project's: its file names the code, or its owner registered it as trusted.
    """
    from keepwell.deployment.scoring.foreign import CODE_FILE
    from keepwell.deployment.scoring.own_code import build_own_code_files
    from keepwell.infrastructure.consent import grant

    reason = f"{name} is code of your own: {refusal.what}"
    files, proof = build_own_code_files(model, signature, sample, bench.spec.root, reason)
    grant(bench.home, files[CODE_FILE], f"{bench.spec.name}: {name}")
    return files, proof
