"""Features that are worth a try, the most promising first."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, zip_longest

import numpy as np

from keepwell.core.features import Derived
from keepwell.core.formulas import quoted
from keepwell.core.records import ColumnType
from keepwell.features.preparation import NUMERIC
from keepwell.training.problem import Problem

_NUMBERS, _CATEGORIES, _DATES, _TEXTS = 6, 4, 3, 4
_LABELS = 3  # a category with fewer says as much as a flag
_MANY = 20  # labels, from which on the target's mean is worth more than a code
_FEWEST = 10  # rows of the rarest class, for an encoder by the target
_DAY = 86_400


def candidates(problem: Problem, strength: Mapping[str, float]) -> list[Derived]:
    """Return candidates.

    Args:
        problem: What is to be learnt.
        strength: By column, how much a first model made of it.
    """
    fields = sorted(problem.signature.inputs, key=lambda field: -strength.get(field.name, 0.0))
    numbers = [f.name for f in fields if f.type in NUMERIC and f.type is not ColumnType.BOOLEAN]
    labels = {
        f.name: problem.frame[f.name].nunique(dropna=False)
        for f in fields
        if f.type is ColumnType.CATEGORY
    }
    groups = [name for name, count in labels.items() if _LABELS <= count <= problem.rows / 10]
    dates = [f.name for f in fields if f.type is ColumnType.DATETIME][:_DATES]
    texts = [f.name for f in fields if f.type is ColumnType.TEXT][:_TEXTS]
    many = [name for name, count in labels.items() if count >= _MANY]
    kinds: Sequence[Iterator[Derived]] = (
        _pairs(numbers[:_NUMBERS], problem),
        _grouped(groups[:_CATEGORIES], numbers[:3]),
        _encoded(many[:_CATEGORIES], problem),
        (_named("share", (name,)) for name in many[:_CATEGORIES]),
        (
            _formula(f"({quoted(a)} - {quoted(b)}) / {_DAY}", (a, b))
            for a, b in combinations(dates, 2)
        ),
        (_named("text", (name,)) for name in texts),
    )
    turns = zip_longest(*kinds)  # one of each kind in turn, so that no kind waits for another's end
    return [one for turn in turns for one in turn if one is not None]


def _pairs(numbers: Sequence[str], problem: Problem) -> Iterator[Derived]:
    for a, b in combinations(numbers, 2):
        one, other = quoted(a), quoted(b)
        zeros = {name: np.mean(problem.frame[name].to_numpy() == 0) for name in (a, b)}
        over, under = (a, b) if zeros[b] <= zeros[a] else (b, a)  # divide by what is seldom zero
        yield _formula(f"{quoted(over)} / {quoted(under)}", (over, under))
        yield _formula(f"{one} - {other}", (a, b))
        yield _formula(f"{one} * {other}", (a, b))


def _grouped(groups: Sequence[str], numbers: Sequence[str]) -> Iterator[Derived]:
    for number in numbers:
        for group in groups:
            for difference in (True, False):
                yield Derived(
                    name=f"{'less_' if difference else ''}mean_{number}_by_{group}",
                    kind="group",
                    columns=(group, number),
                    detail="mean",
                    difference=difference,
                )


def _encoded(many: Sequence[str], problem: Problem) -> Iterator[Derived]:
    if problem.classes and np.bincount(problem.target.astype(np.int64)).min() < _FEWEST:
        return
    yield from (_named("target", (name,)) for name in many)


def _named(kind: str, columns: tuple[str, ...]) -> Derived:
    return Derived(name=f"{kind}_{'_'.join(columns)}", kind=kind, columns=columns)


def _formula(text: str, columns: tuple[str, ...]) -> Derived:
    return Derived(name=text, kind="formula", columns=columns, detail=text)
