"""A model that the user fitted, registered as it is: plain scikit-learn, no rewrite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from keepwell.core.errors import InvalidDataError, UsageError
from keepwell.core.records import Column, ColumnType, ModelVersion, Profile, Proof, Signature
from keepwell.core.suggestions import did_you_mean
from keepwell.infrastructure.codec import to_json
from keepwell.operations.build.bench import Bench
from keepwell.operations.build.judge import judge_version

if TYPE_CHECKING:
    from keepwell.deployment.scoring import Scores

PROOF_ROWS = 500


def register_own(  # noqa: PLR0913 (each is a decision of the caller, by name)
    bench: Bench,
    model: Any,
    rows: pa.Table,
    target: str,
    *,
    classes: Sequence[Any] | None = None,
    reference: str | None = None,
    trust_code: bool = False,
    run: str = "",
) -> ModelVersion:
    """Record, prove, register and gate a model that was fitted elsewhere.

    Args:
        bench: The workspace's parts.
        model: A fitted scikit-learn estimator or pipeline, fitted on a DataFrame with the columns of
            `rows` but the target; or an ONNX model (bytes or a path), or a PyTorch module.
        rows: Rows that it was not fitted on, with the target: it is measured on them.
        target: The column it predicts.
        classes: Its labels in the order of its probabilities, where it does not know them itself.
        reference: A column of the rows with the model's own answers, made elsewhere (ONNX, PyTorch).
        trust_code: Store a model that holds code of the user's own (any object with `predict` will do)
            together with that code, and let this workspace load it.
        run: The run that it was trained in; a new one unless said.

    Returns:
        The version. It is nobody's champion yet: see `operations.promotion.promote`.

    Raises:
        InvalidDataError: If the rows lack the target, or the model cannot answer them.
    """
    from keepwell.deployment.scoring import build_scorer_files, load_scorer
    from keepwell.operations.elsewhere.samples import SAMPLE_FILE, pack_sample
    from keepwell.operations.foreign_model import is_foreign, prepare_foreign
    from keepwell.tracking.bundles import pack
    from keepwell.tracking.metrics import default_metric, intervals

    learner = type(model).__name__
    if is_foreign(model):
        prepared = prepare_foreign(model, rows, target, classes, reference)
        learner, signature, build = prepared.learner, prepared.signature, prepared.build
    elif trust_code:
        from keepwell.operations.own_object import prepare_object

        prepared = prepare_object(bench, model, rows, target, classes)
        learner, signature, build = prepared.learner, prepared.signature, prepared.build
    else:
        _must_not_be_given(classes, reference)
        _must_be_estimator(model)
        signature = signature_of(model, rows, target)
        _must_share_labels(rows, signature)

        def build() -> tuple[dict[str, bytes], Proof]:
            return build_scorer_files(model, signature, rows.slice(0, PROOF_ROWS))

    given, runs = run, bench.runs
    run = (
        given
        or runs.start(bench.spec.name, "own", params={"model": learner}, root=bench.spec.root).id
    )
    try:
        files, proof = build()
        answers = load_scorer(files.__getitem__, signature).batch(rows, lenient=True)
        actual = rows[target].to_pylist()
        metrics = intervals(signature.task, signature.classes, actual, answers)
        files["profile.json"] = to_json(profile_of(rows, signature, answers))
        files[SAMPLE_FILE] = pack_sample(rows, signature, bench.spec.serve.log.redact)
        version = bench.registry.register(
            bench.spec.name,
            run=run,
            bundle=pack(bench.blobs, files),
            signature=signature,
            metric=default_metric(signature.task),
            metrics=metrics,
            learner=learner,
            proof=proof,
        )
        runs.finish(run, metrics=metrics, model=version.key)
    except BaseException as error:
        if not given:
            runs.fail(run, str(error), killed=not isinstance(error, Exception))
        raise
    champion = bench.registry.resolve(version.model, "champion")
    verdict = judge_version(bench, version, rows, champion=champion)
    return bench.registry.record_gate(version.model, version.version, verdict)


def _must_not_be_given(classes: Sequence[Any] | None, reference: str | None) -> None:
    if classes is not None or reference is not None:
        given = "classes" if classes is not None else "reference"
        raise UsageError(
            f"'{given}' is for ONNX models and PyTorch modules",
            why="a scikit-learn model knows its classes, and is compared with itself",
            now=f"leave '{given}' out",
        )


def _must_be_estimator(model: Any) -> None:
    if not hasattr(model, "get_params"):
        raise UsageError(
            f"the {type(model).__name__} is code of your own, not an estimator of a known library",
            why="to be served it is stored together with that code, and loading it runs the code",
            now="register(…, trust_code=True), if the code is yours",
        )


def signature_of(model: Any, rows: pa.Table, target: str) -> Signature:
    """Return what a fitted estimator takes and gives, read off its fitted state and some rows."""
    from keepwell.deployment.scoring.inputs import model_signature

    must_have(rows, target)
    return model_signature(model, rows, target)


def _must_share_labels(rows: pa.Table, signature: Signature) -> None:
    labels = rows[signature.target].unique().to_pylist()
    if signature.classes and not set(labels) & set(signature.classes):
        held = ", ".join(sorted(map(str, labels))[:5])
        known = ", ".join(map(str, signature.classes[:5]))
        raise InvalidDataError(
            f"'{signature.target}' holds {held}, the model answers {known}",
            why="the model was fitted on other labels than these rows have",
            now="encode the target of these rows as it was encoded for fitting",
        )


def must_have(rows: pa.Table, column: str) -> None:
    """Refuse rows without a column.

    Raises:
        InvalidDataError: If there is none of that name; suggests one.
    """
    if column not in rows.column_names:
        raise InvalidDataError(
            f"the rows have no column '{column}'",
            why=f"their columns are {', '.join(rows.column_names[:20])}",
            now=did_you_mean(column, rows.column_names) or "name the column that is predicted",
        )


def profile_of(rows: pa.Table, signature: Signature, answers: Scores) -> Profile:
    """Return the statistics of a model's inputs and of what it said."""
    from keepwell.data.profiles import profile_table

    said = pa.array([str(one) if signature.classes else one for one in answers.predictions])
    kind = ColumnType.CATEGORY if signature.classes else ColumnType.NUMBER
    columns = [Column(name=item.name, type=item.type) for item in signature.inputs]
    names = [item.name for item in signature.inputs]
    table = rows.select(names).append_column("prediction", said)
    return profile_table(table, [*columns, Column(name="prediction", type=kind)])
