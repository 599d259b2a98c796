"""Where scikit-learn hands on sparse matrices, which compiled steps never do.

Most transformers answer alike to a sparse and a full matrix. `QuantileTransformer` does not: the zeros of a
sparse one stay zeros.
"""

from collections.abc import Iterable
from typing import Any

from keepwell.deployment.scoring.parts import SparseOnlyError, name_of

_KEEP = {
    "Binarizer", "FunctionTransformer", "MaxAbsScaler", "Normalizer", "PolynomialFeatures", "RobustScaler",
    "SimpleImputer", "StandardScaler", "TfidfTransformer",
}  # fmt: skip


def refuse_skipped_zeros(steps: Iterable[Any]) -> None:
    """Refuse a chain of transformers that skips the zeros of a sparse matrix.

    Raises:
        SparseOnlyError: If there is one that does; names it.
    """
    sparse = False
    for step in steps:
        kind = name_of(step).partition(".")[2]
        if kind == "passthrough":
            continue
        if sparse and kind == "QuantileTransformer":
            raise SparseOnlyError("QuantileTransformer skips the zeros of a sparse matrix")
        keeps = kind in _KEEP or hasattr(step, "get_support")
        sparse = _makes_sparse(step, kind) or (sparse and keeps)


def _makes_sparse(step: Any, kind: str) -> bool:
    """Tell whether a transformer gives a sparse matrix, whatever it gets."""
    if kind == "Pipeline":
        return any(_makes_sparse(part, name_of(part).partition(".")[2]) for _, part in step.steps)
    if kind == "FeatureUnion":
        parts = [part for _, part in step.transformer_list]
        return any(_makes_sparse(part, name_of(part).partition(".")[2]) for part in parts)
    if kind == "KBinsDiscretizer":
        return bool(step.encode == "onehot")
    return bool(
        hasattr(step, "build_analyzer")
        or kind == "TfidfTransformer"
        or getattr(step, "sparse_output_", getattr(step, "sparse_output", False))
    )
