"""A model that the user fitted, registered as it is: plain scikit-learn, no rewrite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from keepwell.core.errors import InvalidDataError
from keepwell.core.records import Column, ColumnType, ModelVersion, Profile, Signature
from keepwell.core.suggestions import did_you_mean
from keepwell.infrastructure.codec import to_json
from keepwell.operations.build.bench import Bench
from keepwell.operations.build.judge import judge_version

if TYPE_CHECKING:
    from keepwell.deployment.scoring import Scores

PROOF_ROWS = 500


def register_own(bench: Bench, model: Any, rows: pa.Table, target: str) -> ModelVersion:
    """Record, compile, prove, register and gate a fitted scikit-learn estimator or pipeline.

    Args:
        bench: The workspace's parts.
        model: Fitted on a DataFrame with the columns of `rows` but the target.
        rows: Rows that it was not fitted on, with the target: it is measured on them.
        target: The column it predicts.

    Returns:
        The version. It is nobody's champion yet: see `operations.promotion.promote`.

    Raises:
        InvalidDataError: If the rows lack the target, or the model cannot answer them.
    """
    from keepwell.deployment.scoring import build_scorer_files, load_scorer
    from keepwell.tracking.bundles import pack
    from keepwell.tracking.metrics import default_metric, intervals

    signature = signature_of(model, rows, target)
    run = bench.runs.start(
        bench.spec.name, "own", params={"model": type(model).__name__}, root=bench.spec.root
    )
    try:
        files, proof = build_scorer_files(model, signature, rows.slice(0, PROOF_ROWS))
        answers = load_scorer(files.__getitem__, signature).batch(rows, lenient=True)
        actual = rows[target].to_pylist()
        metrics = intervals(signature.task, signature.classes, actual, answers)
        files["profile.json"] = to_json(_profile(rows, signature, answers))
        version = bench.registry.register(
            bench.spec.name,
            run=run.id,
            bundle=pack(bench.blobs, files),
            signature=signature,
            metric=default_metric(signature.task),
            metrics=metrics,
            learner=type(model).__name__,
            proof=proof,
        )
        bench.runs.finish(run.id, metrics=metrics, model=version.key)
    except BaseException as error:
        bench.runs.fail(run.id, str(error), killed=not isinstance(error, Exception))
        raise
    champion = bench.registry.resolve(version.model, "champion")
    verdict = judge_version(bench, version, rows, champion=champion)
    return bench.registry.record_gate(version.model, version.version, verdict)


def signature_of(model: Any, rows: pa.Table, target: str) -> Signature:
    """Return what a fitted estimator takes and gives, read off its fitted state and some rows."""
    from keepwell.deployment.scoring.inputs import model_signature

    if target not in rows.column_names:
        raise InvalidDataError(
            f"the rows have no column '{target}'",
            why=f"their columns are {', '.join(rows.column_names[:20])}",
            now=did_you_mean(target, rows.column_names) or "name the column that is predicted",
        )
    return model_signature(model, rows, target)


def _profile(rows: pa.Table, signature: Signature, answers: Scores) -> Profile:
    from keepwell.data.profiles import profile_table

    said = pa.array([str(one) if signature.classes else one for one in answers.predictions])
    kind = ColumnType.CATEGORY if signature.classes else ColumnType.NUMBER
    columns = [Column(name=item.name, type=item.type) for item in signature.inputs]
    names = [item.name for item in signature.inputs]
    table = rows.select(names).append_column("prediction", said)
    return profile_table(table, [*columns, Column(name="prediction", type=kind)])
