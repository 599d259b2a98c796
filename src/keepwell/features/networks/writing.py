"""From a module of PyTorch to a graph, and the proof that both say the same."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import MissingExtraError, TrainingError
from keepwell.features.networks.graph import Graph

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLOSE = 1e-3
"""How far scores of float32 may be apart, relative to the largest of a row, in two libraries."""

_COMPARED = 16  # rows


def torch_library() -> Any:
    """Return PyTorch.

    Raises:
        MissingExtraError: If it is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError("PyTorch", extra="torch") from error
    return torch


@cache
def warm_up() -> None:
    """Load all that writing needs: it takes longer than the writing, and should not come at the end."""
    torch = torch_library()
    to_graph(torch.nn.Linear(2, 1), np.zeros((1, 2)))


def to_graph(
    module: Any, rows: "NDArray[Any]", *, trimmed: bool = False, columns: bool = False
) -> tuple[bytes, float]:
    """Return a module as ONNX, and how far the two are apart on some rows.

    Args:
        module: Takes `[rows, numbers]` of float32 and gives scores.
        rows: Like those that it will be asked about.
        trimmed: See `Graph`.
        columns: Rows may be of any length.

    Raises:
        TrainingError: If it has no such form, or one that answers otherwise.
    """
    torch = torch_library()
    try:
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("writing a neural network as ONNX", extra="torch") from error
    module = module.cpu().eval()
    given = np.array(rows[:_COMPARED], dtype=np.float32)
    example = torch.from_numpy(given[:1])
    if columns:  # a length at which nothing is special
        example = torch.from_numpy(np.ascontiguousarray(_without_filling(given[0])[None, :]))
        if example.shape[1] < 2:  # noqa: PLR2004
            example = example.repeat(1, 3)
    shapes = {1: torch.export.Dim("columns", min=1)} if columns else {}
    with quiet():
        try:
            program = torch.onnx.export(
                module,
                (example,),
                dynamo=True,
                input_names=["rows"],
                dynamic_shapes=(shapes,) if shapes else None,
                verbose=False,
            )
            data: bytes = program.model_proto.SerializeToString(deterministic=True)
        except Exception as error:  # each of its stages has errors of its own
            raise TrainingError(
                f"{type(module).__name__} cannot be written as ONNX",
                why=_first_line(error),
                now="use another network: a model is served without PyTorch",
            ) from error
    return data, _proven(Graph(data, trimmed=trimmed), module, given, trimmed=trimmed)


def _proven(graph: Graph, module: Any, rows: "NDArray[Any]", *, trimmed: bool) -> float:
    torch = torch_library()
    ours = graph.batch(rows)
    with torch.inference_mode():
        theirs = np.array(
            [
                module(
                    torch.from_numpy((_without_filling(row) if trimmed else row)[None, :].copy())
                )
                .numpy()
                .reshape(-1)
                for row in rows
            ],
            dtype=np.float64,
        )
    scale = np.maximum(1.0, np.abs(theirs).max(axis=1, initial=0.0, keepdims=True))
    apart = float((np.abs(ours - theirs) / scale).max(initial=0.0))
    if not apart <= CLOSE:
        raise TrainingError(
            "the network answers otherwise as ONNX than in PyTorch",
            why=f"on {len(rows)} rows the largest difference is {apart:.3g}",
            now="upgrade torch and onnxscript, or use another network",
        )
    return apart


def _without_filling(row: "NDArray[Any]") -> "NDArray[Any]":
    return row[: max(1, int((row >= 0).sum()))]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what PyTorch tells its own developers from the user."""
    loggers = [
        logging.getLogger(name)
        for name in ("torch.onnx", "torch.fx", "torch._export", "onnxscript")
    ]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _first_line(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    words = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (words[0] if words else type(error).__name__)[:200]
