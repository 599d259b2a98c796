"""Which input column each feature of a compiled model comes from, read off the scorer's data.

    origins_of({"inputs": [0, 1], "steps": [one-hot of both], …})   # [0, 0, 0, 1, 1]

None if a feature mixes several columns, as a principal component does: there is no exact answer then to
the question how much one column added.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

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
    result: Sources = []
    for block in step["blocks"]:
        found = _step(block["step"], [sources[at] for at in block["columns"]])
        if found is None:
            return None
        result += found
    return result


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


_READERS: dict[str, Callable[[Data, Sources], Sources | None]] = {
    "sklearn.passthrough": _alike,
    "sklearn.FunctionTransformer": _alike,
    "sklearn.StandardScaler": _alike,
    "sklearn.MinMaxScaler": _alike,
    "sklearn.MaxAbsScaler": _alike,
    "sklearn.RobustScaler": _alike,
    "sklearn.PowerTransformer": _alike,
    "sklearn.QuantileTransformer": _alike,
    "sklearn.OrdinalEncoder": _alike,
    "sklearn.SimpleImputer": _impute,
    "sklearn.OneHotEncoder": _one_hot,
    "sklearn.CountVectorizer": _terms,
    "sklearn.TfidfVectorizer": _terms,
    "sklearn.Pipeline": _chain,
    "sklearn.ColumnTransformer": _split,
    "keepwell.DateParts": _date_parts,
}
