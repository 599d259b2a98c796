"""Encoders of labels: a table of what the fitted encoder says to each label, looked up by label.

The encoder itself fills the table, so that rare labels, dropped ones, gaps and labels never seen come
out as it would have it, whatever its settings are.
"""

from typing import Any

import numpy as np

from keepwell.deployment.onnx.writing.blocks import Block, NotExportableError
from keepwell.deployment.onnx.writing.graph import Graph

_UNSEEN_TEXT = "\x00 never seen"
_PAIR = 2
_UNSEEN_NUMBER = -1.234567890123e300


def write_encoder(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write a `OneHotEncoder`, `OrdinalEncoder` or `TargetEncoder`."""
    columns = [
        graph.columns(block, [at]) if block.width > 1 else block
        for block in blocks
        for at in range(block.width)
    ]
    results = []
    for at, (column, categories) in enumerate(zip(columns, fitted.categories_, strict=True)):
        table = _table(fitted, at, column.text)
        code = _code(graph, column, list(categories))
        found = graph.node("Gather", graph.constant(table), code)  # rows, 1, width
        shape = graph.constant(np.array([0, table.shape[1]], dtype=np.int64))
        width = table.shape[1]
        if width:
            results.append(Block(name=graph.node("Reshape", found, shape), width=width))
    return graph.matrix(results)


def _table(fitted: Any, at: int, text: bool) -> Any:
    """Return what the encoder says to each category of a column, and last to one never seen."""
    lists = [list(categories) for categories in fitted.categories_]
    own = lists[at]
    rows = np.empty((len(own), len(lists)), dtype=object)
    for column, categories in enumerate(lists):
        rows[:, column] = categories[0]
    rows[:, at] = own
    start, width = _span(fitted, at)
    known = _dense(fitted, rows)[:, start : start + width]
    if getattr(fitted, "handle_unknown", "ignore") == "error":  # it would refuse the row
        unseen = np.full((1, width), np.nan)
    else:
        rows[0, at] = _UNSEEN_TEXT if text else _UNSEEN_NUMBER
        unseen = _dense(fitted, rows[:1])[:, start : start + width]
    return np.vstack([known, unseen])


def _span(fitted: Any, at: int) -> tuple[int, int]:
    """Return where in the encoder's output a column's part begins, and how wide it is."""
    if hasattr(fitted, "drop_idx_"):
        rare = fitted.infrequent_categories_ if hasattr(fitted, "infrequent_categories_") else None
        widths = [
            len(labels)
            - (0 if rare is None or rare[i] is None else len(rare[i]) - 1)
            - (0 if fitted.drop_idx_ is None or fitted.drop_idx_[i] is None else 1)
            for i, labels in enumerate(fitted.categories_)
        ]
    else:
        classes = getattr(fitted, "classes_", None)  # a TargetEncoder's; a pair has one column
        each = len(classes) if classes is not None and len(classes) > _PAIR else 1
        widths = [each] * len(fitted.categories_)
    return sum(widths[:at]), widths[at]


def _dense(fitted: Any, rows: Any) -> Any:
    import warnings

    import pandas as pd

    names = getattr(fitted, "feature_names_in_", None)
    if all(categories.dtype.kind in "fiub" for categories in fitted.categories_):
        rows = rows.astype(np.float64)
    given = rows if names is None else pd.DataFrame(rows, columns=names, dtype=rows.dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it has not seen the label: that is the point
        said = fitted.transform(given)
    dense = said.toarray() if hasattr(said, "toarray") else np.asarray(said)
    return np.asarray(dense, dtype=np.float64)


def _code(graph: Graph, column: Block, categories: list[Any]) -> str:
    """Return the position of each row's label among the categories; -1, the last, if it is not there."""
    places = list(range(len(categories)))
    if column.text:
        words = ["" if _is_gap(label) else str(label) for label in categories]
        if not all(isinstance(label, str) or _is_gap(label) for label in categories):
            raise NotExportableError(
                "an encoder of text knows labels that are no text",
                why=f"among {categories[:5]}",
                now="fit it on text alone",
            )
        return graph.node(
            "LabelEncoder",
            column.name,
            domain="ai.onnx.ml",
            keys_strings=words,
            values_int64s=places,
            default_int64=-1,
        )
    numbers = np.asarray(categories, dtype=np.float64).reshape(1, -1)
    same = graph.node("Equal", column.name, graph.constant(numbers))
    if np.isnan(numbers).any():
        empty = graph.node(
            "And", graph.node("IsNaN", column.name), graph.constant(np.isnan(numbers))
        )
        same = graph.node("Or", same, empty)
    from onnx import TensorProto

    weights = graph.constant(np.arange(1.0, len(categories) + 1).reshape(-1, 1))
    place = graph.node("MatMul", graph.doubles(same), weights)
    code = graph.node("Sub", place, graph.constant(np.float64(1)))
    return graph.node("Cast", code, to=TensorProto.INT64)


def _is_gap(label: Any) -> bool:
    return label is None or (isinstance(label, float) and np.isnan(label))
