"""What a compiled part is, and how to add one.

A *step* stands for one fitted transformer, an *estimator head* for one fitted estimator. Each is a class
that reads its original into plain data, and is built from that data alone:

    data = Scale.read(fitted)          # {"mean": [1.5], "scale": [2.0]}: JSON, no code
    Scale(**data).row([3.5])           # [1.0]

Law: for every input the original takes, `row` and `batch` give what the original's `transform` (or
`predict_proba`, `predict`) gives; numbers within 1e-9, mostly to the bit. Where a setting of the original
is not covered, `read` raises `NotCompilableError`; it never approximates.

Parts are found by entry point (`keepwell.steps`, `keepwell.heads`), under the name of the original:
package and class, `sklearn.StandardScaler`.

A step that is made of steps (`compound = True`) is handed the bundle's files too: `read(fitted, files,
where)` and `__init__(read=…)`, and passes them on. So one that has no compiled form is kept in a file of
its own and runs as it is (`steps.as_it_is`), while those around it are compiled.
"""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from keepwell.core.errors import NotFoundError
from keepwell.core.plugins import load_plugin

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Data = dict[str, Any]
Columns = Sequence["NDArray[Any]"]  # one array per column: float64, or object where it holds text
Read = Callable[[str], bytes]

AS_IT_IS = "keepwell.AsItIs"


class NotCompilableError(Exception):
    """The original has a setting, or is of a kind, that no compiled part covers."""


class SparseOnlyError(NotCompilableError):
    """The original lives off sparse matrices: it gives too many columns for others, or skips zeros."""


class Step(Protocol):
    """A compiled transformer."""

    def row(self, values: list[Any]) -> list[Any]:
        """Transform one row."""
        ...

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Transform rows; returns a matrix of one row per row."""
        ...


class Head(Protocol):
    """A compiled estimator: class probabilities in its own order of classes, or one number."""

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        ...

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows; returns a matrix of one row per row."""
        ...


def read_step(
    fitted: Any, files: MutableMapping[str, bytes] | None = None, where: str = ""
) -> Data:
    """Return the data of a fitted transformer.

    Args:
        fitted: The transformer.
        files: Takes those that run as they are; None refuses them.
        where: The names that lead to it in its pipeline: `preparation.numbers`.

    Raises:
        NotCompilableError: If it has no compiled form and cannot run as it is inside a compiled pipeline.
    """
    name = name_of(fitted)
    try:
        part = _part("steps", name)
        compound = getattr(part, "compound", False)
        return {"op": name, **(part.read(fitted, files, where) if compound else part.read(fitted))}
    except SparseOnlyError:
        raise
    except NotCompilableError as reason:
        if files is None:
            raise
        from keepwell.deployment.scoring.original import keep

        return keep(fitted, files, where=where, reason=str(reason))


def read_head(fitted: Any, files: MutableMapping[str, bytes]) -> Data:
    """Return the data of a fitted estimator; what is too large for it goes to `files`."""
    name = name_of(fitted)
    return {"op": name, **_part("heads", name).read(fitted, files)}


def build_step(data: Mapping[str, Any], read: Read | None = None) -> Step:
    """Return the step that `data`, and for one that runs as it is the bundle's files, describe."""
    rest = dict(data)
    part = load_plugin("steps", rest.pop("op"))
    step: Step = part(read=read, **rest) if getattr(part, "compound", False) else part(**rest)
    return step


def build_head(data: Mapping[str, Any], read: Read) -> Head:
    """Return the head that `data` and the bundle's files describe."""
    rest = dict(data)
    head: Head = load_plugin("heads", rest.pop("op"))(read=read, **rest)
    return head


def name_of(fitted: Any) -> str:
    """Return `package.Class` of an object; the strings `passthrough` and `drop` stand for themselves."""
    if isinstance(fitted, str) or fitted is None:
        return f"sklearn.{fitted or 'passthrough'}"
    kind = type(fitted)
    return f"{kind.__module__.partition('.')[0]}.{kind.__qualname__}"


def kept_parts(data: Mapping[str, Any]) -> list[Data]:
    """Return the data of every part, at any depth, that runs as it is."""
    if data.get("op") == AS_IT_IS:
        return [dict(data)]
    kept = []
    for value in data.values():
        # Lists hold parts or numbers, of which there may be millions: the first one tells which.
        items = (
            value if isinstance(value, list) and value and isinstance(value[0], dict) else [value]
        )
        kept += [part for item in items if isinstance(item, dict) for part in kept_parts(item)]
    return kept


def _part(point: str, name: str) -> Any:
    try:
        return load_plugin(point, name)
    except NotFoundError:
        raise NotCompilableError(f"there is no compiled form of {name}") from None
