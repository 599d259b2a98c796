"""Which input column each feature of a compiled model comes from, read off the scorer's data.

    origins_of({"inputs": [0, 1], "steps": [one-hot of both], …})   # [0, 0, 0, 1, 1]

None if a feature mixes several columns, as a principal component does: there is no exact answer then to
the question how much one column added.
A step that is not listed here counts as one that mixes, so a new one wants its line in `_READERS`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from keepwell.features.made.shapes import SHAPE

Data = Mapping[str, Any]
Sources = list[int]


def origins_of(scorer: Data) -> Sources | None:
    """Return by feature the place of its column in the signature; None if one has several or unknown."""
    return _through(scorer["steps"], list(scorer["inputs"]))


def _through(steps: Sequence[Data], sources: Sources) -> Sources | None:
    found: Sources | None = sources
    for step in steps:
        if found is None:
            return None
        found = _step(step, found)
    return found


def _step(step: Data, sources: Sources) -> Sources | None:
    reader = _READERS.get(step["op"])
    return None if reader is None else reader(step, sources)


def _alike(step: Data, sources: Sources) -> Sources:
    """Each feature becomes one feature."""
    return sources


def _chain(step: Data, sources: Sources) -> Sources | None:
    return _through(step["steps"], sources)


def _split(step: Data, sources: Sources) -> Sources | None:
    return _side_by_side(
        (block["step"], [sources[at] for at in block["columns"]]) for block in step["blocks"]
    )


def _union(step: Data, sources: Sources) -> Sources | None:
    return _side_by_side((part["step"], sources) for part in step["parts"])


def _side_by_side(parts: Iterable[tuple[Data, Sources]]) -> Sources | None:
    result: Sources = []
    for step, sources in parts:
        found = _step(step, sources)
        if found is None:
            return None
        result += found
    return result


def _together(step: Data, sources: Sources) -> Sources | None:
    """Each feature becomes one feature, and looks at the others: fine where all are of one column."""
    return sources if len(set(sources)) <= 1 else None


def _bins(step: Data, sources: Sources) -> Sources:
    if not step["one_hot"]:
        return sources
    pairs = zip(sources, step["edges"], strict=True)
    return [source for source, edges in pairs for _ in range(len(edges) + 1)]


def _target(step: Data, sources: Sources) -> Sources:
    pairs = zip(sources, step["columns"], strict=True)
    return [source for source, column in pairs for _ in column["unseen"]]


def _chosen(key: str) -> "Reader":
    """Return the reader of a step that keeps or flags some of its columns."""
    return lambda step, sources: [sources[at] for at in step[key]]


def _impute(step: Data, sources: Sources) -> Sources:
    return [sources[at] for at in (*step["keep"], *step["flags"])]


def _one_hot(step: Data, sources: Sources) -> Sources | None:
    """Return the column of each slot; one that no label has belongs to its neighbours' column."""
    owners: dict[int, int] = {}
    for at, column in enumerate(step["columns"]):
        for slot in (*column["slots"], column["nan"], column["unseen"]):
            if slot >= 0:
                owners[slot] = sources[at]
    complete = len(owners) == step["width"]
    return [owners[slot] for slot in range(step["width"])] if complete else None


def _date_parts(step: Data, sources: Sources) -> Sources:
    pairs = zip(sources, step["parts"], strict=True)
    return [source for source, parts in pairs for _ in parts]


def _terms(step: Data, sources: Sources) -> Sources:
    return [sources[0]] * len(step["vocabulary"])


Reader = Callable[[Data, Sources], Sources | None]

_ALIKE = (
    "passthrough", "FunctionTransformer", "StandardScaler", "MinMaxScaler", "MaxAbsScaler",
    "RobustScaler", "PowerTransformer", "QuantileTransformer", "Binarizer", "OrdinalEncoder",
)  # fmt: skip
_SELECTORS = (
    "GenericUnivariateSelect", "RFE", "RFECV", "SelectFdr", "SelectFpr", "SelectFromModel", "SelectFwe",
    "SelectKBest", "SelectPercentile", "SequentialFeatureSelector", "VarianceThreshold",
)  # fmt: skip
_READERS: dict[str, Reader] = {
    **{f"sklearn.{name}": _alike for name in _ALIKE},
    **{f"sklearn.{name}": _chosen("keep") for name in _SELECTORS},
    "sklearn.MissingIndicator": _chosen("columns"),
    "sklearn.SimpleImputer": _impute,
    "sklearn.OneHotEncoder": _one_hot,
    "sklearn.KBinsDiscretizer": _bins,
    "sklearn.TargetEncoder": _target,
    "sklearn.CountVectorizer": _terms,
    "sklearn.TfidfVectorizer": _terms,
    "sklearn.HashingVectorizer": lambda step, sources: sources[:1] * step["width"],
    "sklearn.TfidfTransformer": _together,
    "sklearn.Normalizer": _together,
    "sklearn.Pipeline": _chain,
    "sklearn.ColumnTransformer": _split,
    "sklearn.FeatureUnion": _union,
    "keepwell.DateParts": _date_parts,
    **{f"keepwell.{name}": _alike for name in ("Clip", "SignedLog", "Frequency")},
    "keepwell.LowVariance": _chosen("keep"),
    "keepwell.TextShape": lambda step, sources: [one for one in sources for _ in SHAPE],
}
