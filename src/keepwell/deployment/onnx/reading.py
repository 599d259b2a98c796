"""What an ONNX file says about itself, and what must not be in it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from keepwell.core.errors import InvalidDataError, MissingExtraError
from keepwell.deployment.onnx.answering import is_labels, is_scores
from keepwell.deployment.onnx.feeding import columns_taken
from keepwell.features.networks.session import open_session

CLASSES_KEY = "keepwell.classes"
"""Where in the model's metadata our own export leaves its classes, as a JSON list."""

_CLASS_ATTRIBUTES = ("classlabels_int64s", "classlabels_ints", "classlabels_strings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What a model gives, as far as it says so.

    Attributes:
        classes: Its class labels, in the order of its probabilities; empty if it names none.
        labels: It gives labels, so it classifies.
        width: Columns of its scores; None if the graph leaves it open, or has no scores.
        columns: Those of the rows' columns that it takes.
    """

    classes: tuple[str | int | float | bool, ...]
    labels: bool
    width: int | None
    columns: tuple[str, ...]


def describe(data: bytes, names: Sequence[str]) -> Described:
    """Return what a model says about itself.

    Args:
        data: The model's bytes.
        names: Columns that could be its inputs.

    Raises:
        MissingExtraError: If `onnx` is not installed.
        InvalidDataError: If the bytes are no ONNX model, refer to data outside of it, cannot be run, or
            take a column that is not there.
    """
    model = parse(data)
    session = open_session(data)
    outputs = session.get_outputs()
    scores = [item for item in outputs if is_scores(item)]
    shape = scores[0].shape if scores else []
    wide = shape[1] if len(shape) > 1 else 1 if shape else None
    several = any(is_labels(item) or item.type.startswith("seq(") for item in outputs)
    return Described(
        classes=_classes(model),
        labels=several,
        width=wide if isinstance(wide, int) else None,
        columns=tuple(columns_taken(session.get_inputs(), list(names))),
    )


def parse(data: bytes) -> Any:
    """Return the `ModelProto` of a model that stands on its own."""
    try:
        import onnx
    except ImportError as error:
        raise MissingExtraError("reading an ONNX model", extra="onnx") from error
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(data)
    except DecodeError as error:
        raise InvalidDataError(
            "the bytes are not an ONNX model", why=str(error), now="give a file written as .onnx"
        ) from error
    if not model.graph.node:
        raise InvalidDataError(
            "the bytes are not an ONNX model", why="there is no graph in them", now="export again"
        )
    outside = [t for t in _tensors(model.graph) if t.data_location == onnx.TensorProto.EXTERNAL]
    if outside:
        place = {entry.key: entry.value for entry in outside[0].external_data}.get("location", "")
        raise InvalidDataError(
            f"the model's weights '{outside[0].name}' lie outside of it, in '{place}'",
            why="only what is inside the file is covered by its digest",
            now="onnx.save(onnx.load(PATH), PATH) writes them into one file, up to 2 GB",
        )
    return model


def _tensors(graph: Any) -> Iterator[Any]:
    """Yield every tensor that a graph holds, in the graphs inside it too."""
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            yield attribute.t
            yield from attribute.tensors
            for inner in (attribute.g, *attribute.graphs):
                if inner.node or inner.initializer:
                    yield from _tensors(inner)


def _classes(model: Any) -> tuple[str | int | float | bool, ...]:
    for entry in model.metadata_props:
        if entry.key == CLASSES_KEY:
            return tuple(json.loads(entry.value))
    for node in reversed(model.graph.node):
        for attribute in node.attribute:
            if attribute.name in _CLASS_ATTRIBUTES and (attribute.ints or attribute.strings):
                return (*attribute.ints, *(word.decode() for word in attribute.strings))
    return ()
