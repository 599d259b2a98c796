"""What is kept of a lighter variant: its files, how it was judged, and where it came from."""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import KeepwellError
from keepwell.core.records import Estimate, Evaluation, ModelVersion, Profile, Proof
from keepwell.infrastructure.codec import from_json, to_json
from keepwell.operations.build.bench import Bench
from keepwell.operations.build.recipe import (
    EVALUATION,
    RECIPE,
    ROWS,
    TEST_ROWS,
    WEIGHTS,
    Recipe,
    evaluation_of,
)
from keepwell.operations.lighter.evidence import EVIDENCE, KIND, PARENT, Lighter
from keepwell.operations.lighter.words import told

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from keepwell.deployment.scoring import Scorer, Scores

PROOF_ROWS = 500
_JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A lighter pipeline with the files that answer for it.

    Attributes:
        pipeline: Fitted.
        plain: The same without the curve around it.
        files: Of the bundle.
        proof: That they answer as the pipeline does.
        scorer: Read from those files.
        scores: What they say about the rows it is judged on.
        table: Those rows, with what is true.
    """

    pipeline: Any
    plain: Any
    files: dict[str, bytes]
    proof: Proof
    scorer: "Scorer"
    scores: "Scores"
    table: "pa.Table"


def compiled(bench: Bench, version: ModelVersion, pipeline: Any, table: "pa.Table") -> Made:
    """Compile a lighter pipeline, prove the scorer on rows, and let it answer them.

    Raises:
        TrainingError: If it cannot be stored.
    """
    from keepwell.deployment.scoring import build_scorer_files, load_scorer
    from keepwell.training.ensembling.calibration import opened_curve

    files, proof = build_scorer_files(pipeline, version.signature, table.slice(0, PROOF_ROWS))
    scorer = load_scorer(files.__getitem__, version.signature)
    scores = scorer.batch(table, lenient=True)
    files["profile.json"] = to_json(_profile(bench, version, scores))
    plain, _ = opened_curve(pipeline)
    return Made(
        pipeline=pipeline,
        plain=plain,
        files=files,
        proof=proof,
        scorer=scorer,
        scores=scores,
        table=table,
    )


def keep(
    bench: Bench,
    version: ModelVersion,
    made: Made,
    found: Lighter,
    positions: "NDArray[np.int64] | None",
) -> ModelVersion:
    """Register a lighter variant, with a run that says what it was made from.

    Args:
        bench: The workspace's parts.
        version: What it was made from.
        made: What is registered.
        found: The evidence.
        positions: Of the rows it was judged on, in the table that its parent was trained on; None if
            they came from elsewhere.
    """
    from keepwell.tracking.bundles import pack

    signature = version.signature
    run = bench.runs.start(
        bench.spec.name,
        KIND,
        params={"form": found.form, "max_loss": found.max_loss},
        dataset=version.dataset,
        tags={**_origin(bench, version), PARENT: version.key},
    )
    try:
        metrics = _metrics(version, made)
        _attach(bench, run.id, version, made, found, positions)
        kept = bench.registry.register(
            version.model,
            run=run.id,
            bundle=pack(bench.blobs, made.files),
            signature=signature,
            metric=version.metric,
            metrics=metrics,
            importance=_importance(version, made),
            learner=version.learner,
            dataset=version.dataset,
            proof=made.proof,
        )
        bench.runs.finish(run.id, metrics=metrics, model=kept.key)
    except BaseException as error:
        bench.runs.fail(run.id, str(error), killed=not isinstance(error, Exception))
        raise
    _explain(bench, version, kept, made.table)
    return kept


def _origin(bench: Bench, version: ModelVersion) -> dict[str, str]:
    """Return the tags of the parent's run that say which rows it has learnt from."""
    with suppress(KeepwellError):
        tags = bench.runs.get(version.run).tags
        return {name: tags[name] for name in ("with", "window") if name in tags}
    return {}


def _metrics(version: ModelVersion, made: Made) -> dict[str, Estimate]:
    from keepwell.tracking.metrics import intervals

    signature = version.signature
    actual = made.table[signature.target].to_pylist()
    return intervals(signature.task, signature.classes, actual, made.scores)


def _attach(
    bench: Bench,
    run: str,
    version: ModelVersion,
    made: Made,
    found: Lighter,
    positions: "NDArray[np.int64] | None",
) -> None:
    def attach(name: str, document: Any) -> None:
        bench.runs.attach(run, name, to_json(document), _JSON)

    attach(EVIDENCE, found)
    attach(EVALUATION, _evaluation(bench, version, made, found))
    attach(
        "findings.json",
        [{"column": "", "message": f"{found.form}: {told(found)}", "dropped": False}],
    )
    if positions is None:
        return
    theirs = {item.name for item in bench.runs.get(version.run).artifacts}
    for name in (ROWS, WEIGHTS):
        if name in theirs:
            bench.runs.attach(run, name, bench.runs.read(version.run, name))
    bench.runs.attach(run, TEST_ROWS, positions.astype(np.int64).tobytes())
    recipe = from_json(Recipe, bench.runs.read(version.run, RECIPE))
    reason = f"it was not fitted: {found.form} of {version.key}"
    attach(RECIPE, replace(recipe, script=False, reason=reason))


def _evaluation(bench: Bench, version: ModelVersion, made: Made, found: Lighter) -> Evaluation:
    """Return how it was judged: the parent's evaluation, with what was measured anew."""
    from keepwell.training.slices import worst_slices

    theirs = evaluation_of(bench.runs, version.run)
    signature, table = version.signature, made.table
    slices = worst_slices(
        table,
        signature,
        table[signature.target].to_pylist(),
        made.scores.predictions,
        columns=[field.name for field in signature.inputs],
    )
    return Evaluation(
        metric=version.metric,
        rows=found.rows,
        test=found.after,
        baseline=theirs.baseline if theirs else None,
        task_reason=theirs.task_reason if theirs else "",
        split_reason=f"rows that {version.key} was tested on and that did not choose what is left of it",
        slices=slices.slices,
        searched=slices.searched,
        smallest=slices.smallest,
    )


def _importance(version: ModelVersion, made: Made) -> dict[str, float]:
    """Measure what the columns are to it; nothing of a model that Keepwell did not put together."""
    from keepwell.features.decoding import Decoder
    from keepwell.training.ensembling.combining import members_of
    from keepwell.training.importance import importance
    from keepwell.training.problem import Problem

    members = [getattr(member, "named_steps", {}) for member, _ in members_of(made.plain)]
    if not all("prepare" in steps and "model" in steps for steps in members):
        return {}
    frame = Decoder(version.signature, lenient=True).table(made.table)
    problem = Problem(
        signature=version.signature,
        frame=frame,
        target=np.zeros(len(frame)),
        weights=None,
        metric=version.metric,
        seed=0,
        jobs=1,
    )
    return importance(made.plain, problem)


def _profile(bench: Bench, version: ModelVersion, scores: "Scores") -> Profile:
    """Return the parent's statistics of inputs, with those of what the variant says."""
    import pyarrow as pa

    from keepwell.core.records import Column, ColumnType
    from keepwell.data.profiles import profile_table
    from keepwell.training.evaluation import shown_predictions
    from keepwell.training.profiling import PREDICTION

    profile, signature = bench.registry.profile(version), version.signature
    if signature.input(PREDICTION) is not None:
        return profile
    kind = ColumnType.NUMBER if signature.task.numeric else ColumnType.CATEGORY
    said = pa.table({PREDICTION: pa.array(shown_predictions(scores, signature.task))})
    answers = profile_table(said, [Column(name=PREDICTION, type=kind, nullable=False)])
    inputs = tuple(column for column in profile.columns if column.name != PREDICTION)
    return Profile(rows=profile.rows, columns=inputs + answers.columns)


def _explain(bench: Bench, version: ModelVersion, kept: ModelVersion, table: "pa.Table") -> None:
    """Measure what the parent has: what it goes by on the whole, and how it treats groups."""
    from keepwell.operations.insight.fairness import fairness_of, make_fairness
    from keepwell.operations.insight.overall import make_overview, overview_of

    with suppress(KeepwellError):
        if overview_of(bench, version) is not None:
            make_overview(bench, kept, table)
    with suppress(KeepwellError):
        by = [view.column for view in fairness_of(bench, version)]
        if by:
            make_fairness(bench, kept, by=by, rows=table)
