"""`CountVectorizer` and `TfidfVectorizer`, with onnxruntime's tokenizer."""

from typing import Any

import numpy as np

from keepwell.deployment.onnx.writing.blocks import Block, NotExportableError
from keepwell.deployment.onnx.writing.graph import Graph

_PATTERN = r"(?u)\b\w\w+\b"  # scikit-learn's own pattern, the only one that is written
_WORDS = r"[\pL\pN_][\pL\pN_]+"  # the same to RE2
_LOCALE = "C.UTF-8"  # there on every system, slim images included


def write_terms(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write how often each term is in a text, weighted and scaled as fitted."""
    from onnx import TensorProto

    _must_be_plain(fitted)
    text = blocks[0].name
    flat = graph.node("Reshape", text, graph.constant(np.array([-1], dtype=np.int64)))
    if fitted.lowercase:
        flat = graph.node("StringNormalizer", flat, case_change_action="LOWER", locale=_LOCALE)
    # A word that no vocabulary holds keeps the matrix of words from being empty.
    flat = graph.node("StringConcat", flat, graph.constant(np.array(" \x01\x01")))
    words = graph.node(
        "Tokenizer",
        flat,
        domain="com.microsoft",
        tokenexp=rf"{_WORDS}|\x01\x01",
        mark=0,
        mincharnum=1,
        pad_value="\x02",
    )
    counts = graph.node("TfIdfVectorizer", words, **_terms(fitted))
    name = graph.node("Cast", counts, to=TensorProto.DOUBLE)
    return Block(name=_weighted(graph, fitted, name), width=len(fitted.vocabulary_))


def _must_be_plain(fitted: Any) -> None:
    settings = {
        "analyzer": (fitted.analyzer, "word"),
        "token_pattern": (fitted.token_pattern, _PATTERN),
        "preprocessor": (fitted.preprocessor, None),
        "tokenizer": (fitted.tokenizer, None),
        "strip_accents": (fitted.strip_accents, None),
        "stop_words": (fitted.stop_words, None),
    }
    for name, (given, usual) in settings.items():
        if given != usual:
            raise NotExportableError(
                f"{type(fitted).__name__} has {name}={given!r:.40}",
                why="onnxruntime cuts texts into words in one way",
                now=f"leave `{name}` at {usual!r}",
            )


def _terms(fitted: Any) -> dict[str, Any]:
    """Return the vocabulary as `TfIdfVectorizer` takes it: single words, then pairs, then more."""
    lengths: dict[int, list[tuple[list[str], int]]] = {}
    for term, column in sorted(fitted.vocabulary_.items(), key=lambda pair: pair[1]):
        words = term.split(" ")
        lengths.setdefault(len(words), []).append((words, int(column)))
    pool: list[str] = []
    starts: list[int] = []
    columns: list[int] = []
    longest = max(lengths, default=1)
    for length in range(1, longest + 1):
        starts.append(len(pool))
        for words, column in lengths.get(length, []):
            pool += words
            columns.append(column)
    return {
        "mode": "TF",
        "min_gram_length": min(lengths, default=1),
        "max_gram_length": longest,
        "max_skip_count": 0,
        "ngram_counts": starts,
        "ngram_indexes": columns,
        "pool_strings": pool,
    }


def _weighted(graph: Graph, fitted: Any, counts: str) -> str:
    one = graph.constant(np.float64(1))
    if fitted.binary:
        counts = graph.node("Min", counts, one)
    if not hasattr(fitted, "sublinear_tf"):
        return counts
    if fitted.sublinear_tf:
        logged = graph.node("Add", graph.node("Log", graph.node("Max", counts, one)), one)
        counts = graph.node("Mul", logged, graph.node("Min", counts, one))
    if fitted.use_idf:
        counts = graph.node("Mul", counts, graph.constant(np.asarray(fitted.idf_)))
    if fitted.norm is None:
        return counts
    axes = graph.constant(np.array([1], dtype=np.int64))
    reduce = "ReduceSumSquare" if fitted.norm == "l2" else "ReduceSum"
    size = graph.node(reduce, counts, axes, keepdims=1)
    if fitted.norm == "l2":
        size = graph.node("Sqrt", size)
    none = graph.node("Equal", size, graph.constant(np.float64(0)))
    return graph.node("Div", counts, graph.node("Where", none, one, size))
