"""Any object with `predict`, registered together with the code that it is made of."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from keepwell.core.errors import TrainingError, UsageError
from keepwell.core.records import Proof, Signature, Task
from keepwell.operations.build.bench import Bench
from keepwell.operations.build.own.learners import own_code_files
from keepwell.operations.foreign_model import Prepared, signature_by
from keepwell.operations.own_model import PROOF_ROWS, must_have, signature_of

_PAIR = 2


def prepare_object(
    bench: Bench, model: Any, rows: pa.Table, target: str, classes: Sequence[Any] | None
) -> Prepared:
    """Return what registers an object that answers a DataFrame; compiled where it can be.

    Raises:
        UsageError: If it has no `predict`.
    """
    from keepwell.deployment.scoring import build_scorer_files

    name = type(model).__name__
    if not hasattr(model, "predict"):
        raise UsageError(
            f"the {name} has no predict",
            why="a model answers rows",
            now="give it a method predict(frame), and for classes predict_proba(frame) too",
        )
    sample = rows.slice(0, PROOF_ROWS)
    if hasattr(model, "__sklearn_tags__") and hasattr(model, "get_params"):
        answering, signature = model, signature_of(model, rows, target)
    else:
        answering, signature = _adapted(model, rows, target, classes)

    def build() -> tuple[dict[str, bytes], Proof]:
        try:
            return build_scorer_files(answering, signature, sample)
        except TrainingError as refusal:
            return own_code_files(bench, answering, signature, sample, refusal, name)

    return Prepared(learner=name, signature=signature, build=build)


def _adapted(
    model: Any, rows: pa.Table, target: str, classes: Sequence[Any] | None
) -> tuple[Any, Signature]:
    from keepwell.training.learners.own.adapted import Adapted

    must_have(rows, target)
    labels = tuple(classes or _known(model))
    seen = [value for value in pc.unique(rows[target]).to_pylist() if value is not None]
    if not labels and any(isinstance(value, str | bool) for value in seen):
        labels = tuple(sorted(seen, key=lambda value: (isinstance(value, str), value)))
    task = (
        Task.REGRESSION if not labels else Task.BINARY if len(labels) == _PAIR else Task.MULTICLASS
    )
    adapted = Adapted(model=model, name=type(model).__name__, labels=labels)
    signature = signature_by(rows, target, task, labels)
    adapted.feature_names_in_ = [field.name for field in signature.inputs]
    return adapted, signature


def _known(model: Any) -> Sequence[Any]:
    known = getattr(model, "classes_", None)
    found: Sequence[Any] = () if known is None else list(getattr(known, "tolist", lambda: known)())
    return found
