"""Registers a model that is served elsewhere: no artifact, a reference set says what is normal."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from keepwell.core.errors import ConflictError, InvalidDataError
from keepwell.core.records import Column, ColumnType, ModelVersion, Profile, Signature, Task
from keepwell.infrastructure.codec import from_json, to_json
from keepwell.operations.build.bench import Bench
from keepwell.operations.elsewhere.embeddings import (
    embeddings_of,
    with_embeddings,
    without_lists,
)
from keepwell.operations.elsewhere.past import PAST_FILE, pack_past
from keepwell.operations.elsewhere.samples import SAMPLE_FILE, pack_sample
from keepwell.operations.foreign_model import column_type, signature_by
from keepwell.operations.own_model import must_have, profile_of

if TYPE_CHECKING:
    from keepwell.deployment.scoring import Scores

LEARNER = "external"
_PAIR = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Rows that a model has answered, and what their columns are.

    Attributes:
        rows: The rows.
        prediction: Column with what the model said.
        target: Column with what turned out to be true; empty if nobody knows.
        score: Column with the probability of the second of two classes; empty if there is none.
        time: Column with when it was asked; then what windows of the reference differed by is no alarm.
        without: Columns that are none of the model's inputs: ids, other times.
    """

    rows: pa.Table
    prediction: str
    target: str = ""
    score: str = ""
    time: str = ""
    without: tuple[str, ...] = ()


def register_elsewhere(
    bench: Bench, name: str, reference: Reference, *, label: str = "", why: str = ""
) -> ModelVersion:
    """Record a model that is served elsewhere, and make an endpoint that watches it.

    Where the name is registered already this is its next version, and the one that is watched from now on.

    Args:
        bench: The workspace's parts.
        name: The model, and the endpoint.
        reference: Rows of its training or of a time when all was well.
        label: What the version is called where it is served.
        why: Told in the record.

    Raises:
        ConflictError: If a model or an endpoint of that name is served here.
        InvalidDataError: If the columns are not there, or say nothing.
    """
    from keepwell.tracking.bundles import pack

    _must_be_free(bench, name)
    named = (reference.prediction, reference.target, reference.score, reference.time)
    for column in (*named, *reference.without):
        if column:
            must_have(reference.rows, column)
    if reference.time:
        reference = _in_order(reference)
    rows = reference.rows
    signature, widths = _signature(reference)
    answers = _answers(reference, signature)
    metrics = _metrics(reference, signature, answers)
    metric = _metric(signature.task, scored=answers.probabilities is not None)
    params = {"model": name, "rows": rows.num_rows, "label": label}
    run = bench.runs.start(bench.spec.name, LEARNER, params=params, root=bench.spec.root)
    try:
        redact = bench.spec.serve.log.redact
        told = to_json(profile_of(without_lists(rows, widths), signature, answers))
        profile = from_json(Profile, told)  # as it is read: accumulators go by its every digit
        past = pack_past(rows, signature, profile, redact) if reference.time else None
        files = {
            "profile.json": told,
            SAMPLE_FILE: pack_sample(rows, signature, redact),
            **({PAST_FILE: past} if past is not None else {}),
        }
        version = bench.registry.register(
            name,
            run=run.id,
            bundle=pack(bench.blobs, files),
            signature=signature,
            metric=metric,
            metrics=metrics,
            learner=LEARNER,
        )
        bench.runs.finish(run.id, metrics=metrics, model=version.key)
    except BaseException as error:
        bench.runs.fail(run.id, str(error), killed=not isinstance(error, Exception))
        raise
    why = why or "registered as served elsewhere"
    for alias in ("champion", *([label] if label else [])):
        bench.registry.point(name, alias, version.version, why=why)
    bench.endpoints.deploy(name, name, version.version, why, external=True)
    return version


def _in_order(reference: Reference) -> Reference:
    """Return the reference by time, which is no input of the model."""
    return replace(
        reference,
        rows=reference.rows.sort_by(reference.time),
        without=(*reference.without, reference.time),
    )


def _must_be_free(bench: Bench, name: str) -> None:
    endpoint = bench.endpoints.get(name)
    served = any(version.learner != LEARNER for version in bench.registry.versions(name))
    if (
        name in (bench.spec.name, bench.spec.endpoint)
        or served
        or (endpoint and not endpoint.external)
    ):
        raise ConflictError(
            f"'{name}' is a model of this workspace",
            why="a model that is served elsewhere is watched under a name of its own",
            now=f"choose another one, for example {name}-elsewhere",
        )


def _signature(reference: Reference) -> tuple[Signature, dict[str, int]]:
    """Return what the model takes and promises, and which inputs are embeddings of how many numbers."""
    rows, said = reference.rows, reference.prediction
    task, classes = _task(rows, reference.target or said, said)
    drop = {said, reference.score, *reference.without} - {"", reference.target}
    widths = embeddings_of(rows, without=(reference.target or said, *drop))
    decides, left = reference.target or said, (*drop, *widths)
    prose = [name for name in rows.column_names if name not in left and _is_prose(rows, name)]
    plain = signature_by(rows, decides, task, classes, left, prose=prose)
    signature = with_embeddings(plain, rows.column_names, widths)
    if not signature.inputs:
        raise InvalidDataError(
            "the reference has no inputs",
            why=f"its columns are {', '.join(rows.column_names)}, and all of them say something else",
            now="add the columns that the model was asked with",
        )
    optional = tuple(replace(field, required=False) for field in signature.inputs)
    return replace(signature, inputs=optional), widths


def _task(rows: pa.Table, decides: str, said: str) -> tuple[Task, Sequence[Any]]:
    """Return what the model predicts, told by its target, else by its predictions."""
    from keepwell.training.targets import read_target

    columns = [Column(name=field.name, type=column_type(field.type)) for field in rows.schema]
    found = read_target(rows, columns, decides)
    if not found.task.labelled or decides == said:
        return found.task, found.classes
    known = {str(label) for label in found.classes}
    new = [v for v in pc.unique(rows[said]).to_pylist() if v is not None and _text(v) not in known]
    if any(isinstance(value, float) and not value.is_integer() for value in new):
        raise InvalidDataError(
            f"'{said}' holds {new[0]!r}, which is no class of '{decides}'",
            why=f"its classes are {', '.join(map(repr, found.classes[:20]))}",
            now="name the column with the label by --prediction, the one with the probability by --score",
        )
    classes = (*found.classes, *new)
    return (Task.BINARY if len(classes) <= _PAIR else Task.MULTICLASS), classes


def _is_prose(rows: pa.Table, name: str) -> bool:
    """Tell whether a column holds texts to read, rather than names of a few things."""
    from keepwell.data.drafts import evidence_of
    from keepwell.data.inference.meaning import decide
    from keepwell.data.inference.readings import Storage
    from keepwell.data.profiles.strings import StringSummary

    if not pa.types.is_string(rows.schema.field(name).type):
        return False
    summary = StringSummary()
    for chunk in rows[name].chunks:
        summary.add(chunk)
    return decide(name, Storage.STRING, evidence_of(summary))[0] is ColumnType.TEXT


def _text(value: Any) -> str:
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if whole else str(value)


def _answers(reference: Reference, signature: Signature) -> "Scores":
    import numpy as np

    from keepwell.deployment.scoring import Scores
    from keepwell.monitoring.labels import Labels

    said = reference.rows[reference.prediction].to_pylist()
    if signature.classes:
        labels = Labels(signature.classes)
        said = [None if one is None else labels.of(one) for one in said]
    if not reference.score:
        return Scores(predictions=said)
    scores = reference.rows[reference.score].cast(pa.float64(), safe=False)
    if len(signature.classes) != _PAIR or not _are_shares(scores):
        raise InvalidDataError(
            f"'{reference.score}' is not the probability of one of two classes",
            why=f"'{signature.target}' has {len(signature.classes)} classes, and a probability"
            " lies between 0 and 1",
            now="leave --score out",
        )
    second = scores.to_numpy(zero_copy_only=False)
    return Scores(predictions=said, probabilities=np.column_stack([1 - second, second]))


def _are_shares(scores: pa.ChunkedArray) -> bool:
    bounds = pc.min_max(scores).as_py()
    return (
        scores.null_count == 0
        and bounds["min"] is not None
        and bounds["min"] >= 0
        and bounds["max"] <= 1
    )


def _metrics(reference: Reference, signature: Signature, answers: "Scores") -> dict[str, Any]:
    from keepwell.deployment.scoring import Scores
    from keepwell.tracking.metrics import intervals

    if not reference.target:
        return {}
    actual = reference.rows[reference.target].to_pylist()
    if signature.classes:
        from keepwell.monitoring.labels import Labels

        labels = Labels(signature.classes)
        actual = [None if one is None else labels.of(one) for one in actual]
    known = [
        at
        for at, (true, said) in enumerate(zip(actual, answers.predictions, strict=True))
        if true is not None and said is not None
    ]
    likely = answers.probabilities
    scores = Scores(
        predictions=[answers.predictions[at] for at in known],
        probabilities=None if likely is None else likely[known],
    )
    return intervals(signature.task, signature.classes, [actual[at] for at in known], scores)


def _metric(task: Task, *, scored: bool) -> str:
    from keepwell.tracking.metrics import default_metric

    return "accuracy" if task.labelled and not scored else default_metric(task)
