"""A model that comes as a program: an ONNX file, a PyTorch module."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from keepwell.core.errors import InvalidDataError, NotFoundError
from keepwell.core.records import Column, ColumnType, Proof, Signature, Task
from keepwell.operations.own_model import PROOF_ROWS, must_have

if TYPE_CHECKING:
    from keepwell.deployment.onnx.reading import Described

_PAIR = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What is needed to register a model, whatever it is."""

    learner: str
    signature: Signature
    build: Callable[[], tuple[dict[str, bytes], Proof]]


def is_foreign(model: Any) -> bool:
    """Tell whether a model is an ONNX file or a PyTorch module; PyTorch is not loaded to tell."""
    torch = sys.modules.get("torch")
    return isinstance(model, str | Path | bytes) or (
        torch is not None and isinstance(model, torch.nn.Module)
    )


def prepare_foreign(
    model: Any, rows: pa.Table, target: str, classes: Sequence[Any] | None, reference: str | None
) -> Prepared:
    """Return what registers an ONNX model (path or bytes) or a PyTorch module.

    Raises:
        InvalidDataError: If rows, classes and model do not fit together.
        NotFoundError: If there is no such file.
        MissingExtraError: If what reads the model is not installed.
    """
    must_have(rows, target)
    answers: list[Any] | None = None
    if reference is not None:
        must_have(rows, reference)
        answers = rows[reference].to_pylist()[:PROOF_ROWS]
    sample = rows.slice(0, PROOF_ROWS)
    without: tuple[str, ...] = () if reference is None else (reference,)
    if isinstance(model, str | Path | bytes):
        from keepwell.deployment.onnx.files import build_onnx_files
        from keepwell.deployment.onnx.reading import describe

        data = model if isinstance(model, bytes) else _read(Path(model))
        names = [name for name in rows.column_names if name not in (target, *without)]
        described = describe(data, names)
        task, labels = _promise(described, rows, target, classes)
        unused = [name for name in names if name not in described.columns]
        signature = signature_by(rows, target, task, labels, (*without, *unused))
        return Prepared(
            learner="onnx",
            signature=signature,
            build=lambda: build_onnx_files(data, signature, sample, answers),
        )
    from keepwell.deployment.torch import build_torch_files, describe_module

    inputs = signature_by(rows, target, Task.REGRESSION, (), without)
    task, labels = _promise(describe_module(model, inputs, sample), rows, target, classes)
    promised = signature_by(rows, target, task, labels, without)
    return Prepared(
        learner=type(model).__name__,
        signature=promised,
        build=lambda: build_torch_files(model, promised, sample, answers),
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotFoundError(
            f"the model file {path} cannot be read",
            why=error.strerror or str(error),
            now="name an existing .onnx file",
        ) from error


def _promise(
    described: Described, rows: pa.Table, target: str, given: Sequence[Any] | None
) -> tuple[Task, tuple[Any, ...]]:
    """Return the task and the classes: as given, as the model says, or as the target shows."""
    seen = [value for value in pc.unique(rows[target]).to_pylist() if value is not None]
    labels = tuple(given or described.classes)
    if not labels:
        if not _classifies(described, seen):
            return Task.REGRESSION, ()
        labels = tuple(sorted(seen, key=lambda value: (isinstance(value, str), value)))
        width = _PAIR if described.width == 1 else described.width
        if width is not None and width != len(labels):
            raise InvalidDataError(
                f"the model gives {width} probabilities, and '{target}' has {len(labels)} classes "
                "in the rows",
                why=f"those are {', '.join(map(repr, labels[:20]))}; which is which cannot be told",
                now="name all classes in the order of the model's output: classes=[…]",
            )
    strange = [value for value in seen if value not in labels]
    if strange:
        raise InvalidDataError(
            f"'{target}' holds {strange[0]!r}, which is no class of the model",
            why=f"its classes are {', '.join(map(repr, labels[:20]))}",
            now="name them as the target does, in the model's order: classes=[…]",
        )
    return (Task.BINARY if len(labels) <= _PAIR else Task.MULTICLASS), labels


def _classifies(described: Described, seen: list[Any]) -> bool:
    if described.labels or (described.width or 1) > 1:
        return True
    return any(isinstance(value, str | bool) for value in seen) or set(seen) == {0, 1}


def signature_by(
    rows: pa.Table,
    target: str,
    task: Task,
    classes: Sequence[Any],
    without: Sequence[str] = (),
    *,
    prose: Collection[str] = (),
) -> Signature:
    """Return the signature of a model of the columns of `rows`, but the target and some others.

    Columns of text hold categories, but for those in `prose`.
    """
    from keepwell.features.signature import infer_signature

    columns = [
        Column(
            name=field.name,
            type=ColumnType.TEXT if field.name in prose else column_type(field.type),
        )
        for field in rows.schema
    ]
    inputs = [name for name in rows.column_names if name != target and name not in without]
    for name in inputs:
        if pa.types.is_nested(rows.schema.field(name).type):
            raise InvalidDataError(
                f"'{name}' holds lists",
                why="a model that is served here takes one value a column",
                now="give each number of the list a column of its own",
            )
    return infer_signature(rows, columns, inputs, target, task, classes)


def column_type(kind: pa.DataType) -> ColumnType:
    """Return the type of a column by how Arrow stores it."""
    if pa.types.is_boolean(kind):
        return ColumnType.BOOLEAN
    if pa.types.is_integer(kind):
        return ColumnType.INTEGER
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return ColumnType.NUMBER
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return ColumnType.DATETIME
    return ColumnType.CATEGORY
