"""What could be left of a model, the lightest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.training.lighter.cuts import cut_of
from keepwell.training.lighter.parts import Parts, cost_of, last_of, trees_of, with_last

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHARES = (1.0, 0.7, 0.5, 0.35, 0.25, 0.18, 0.12, 0.09, 0.06, 0.04, 0.03, 0.02)
"""Of its rounds, that a member may keep."""

LIGHTER = 0.8
"""Of what the whole costs, for one row or in trees for many, that a form may cost: less is not worth it."""

_FEWEST = 5  # rounds: fewer say little more than the base rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What is kept.

    Attributes:
        kept: Positions of members.
        rounds: By kept member, its first rounds; None for one that has none.
        cost: Of one row, in trees: what it costs to be asked at all included.
        trees: That a row passes through.
        words: For people.
    """

    kept: tuple[int, ...]
    rounds: tuple[int | None, ...]
    cost: float
    trees: float
    words: str

    def built(self, parts: Parts) -> Any:
        """Return the pipeline of this form."""
        return parts.rebuilt(
            [
                (cut_member(parts.members[at][0], rounds), parts.members[at][1])
                for at, rounds in zip(self.kept, self.rounds, strict=True)
            ]
        )

    def mean(
        self, parts: Parts, answers: "dict[tuple[int, int | None], NDArray[np.float64]]"
    ) -> "NDArray[np.float64]":
        """Return what this form answers, from the answers of members by position and rounds."""
        weights = np.array([parts.members[at][1] for at in self.kept])
        weights = weights / weights.sum()
        each = [answers[key] for key in zip(self.kept, self.rounds, strict=True)]
        total = np.sum([one * weight for one, weight in zip(each, weights, strict=True)], axis=0)
        return parts.answered(np.asarray(total, dtype=np.float64))


def cut_member(member: Any, rounds: int | None) -> Any:
    """Return a member with its first rounds alone; as it is where it keeps them all."""
    model = last_of(member)
    cut = cut_of(model)
    if cut is None or rounds is None or rounds >= cut.rounds(model):
        return member
    return with_last(member, cut.first(model, rounds))


def forms_of(parts: Parts) -> list[Form]:
    """Return everything that could be left and costs less than the whole, the lightest first."""
    whole = whole_of(parts)
    made = {(one.kept, one.rounds): one for one in _all(parts)}
    return sorted(
        (
            one
            for one in made.values()
            if one.cost <= LIGHTER * whole.cost or one.trees <= LIGHTER * whole.trees
        ),
        key=lambda one: (one.cost, one.kept),
    )


def whole_of(parts: Parts) -> Form:
    """Return the form that keeps everything."""
    return _form(parts, tuple(range(len(parts.members))), 1.0)


def _all(parts: Parts) -> Iterator[Form]:
    count = len(parts.members)
    heaviest = [tuple(range(most)) for most in range(2, count + 1)]
    for kept in [(at,) for at in range(count)] + heaviest:
        for share in SHARES:
            yield _form(parts, kept, share)


def _form(parts: Parts, kept: tuple[int, ...], share: float) -> Form:
    models = [last_of(parts.members[at][0]) for at in kept]
    rounds = tuple(_rounds(model, share) for model in models)
    pairs = list(zip(models, rounds, strict=True))
    return Form(
        kept=kept,
        rounds=rounds,
        cost=sum(cost_of(model, left) for model, left in pairs),
        trees=sum(trees_of(model, left) for model, left in pairs),
        words=_words(parts, kept, rounds),
    )


def _rounds(model: Any, share: float) -> int | None:
    cut = cut_of(model)
    if cut is None:
        return None
    have = cut.rounds(model)
    return min(have, max(_FEWEST, round(share * have)))


def _words(parts: Parts, kept: tuple[int, ...], rounds: tuple[int | None, ...]) -> str:
    """Say what is left: `2 of 5 members: the first 80 of 400 trees of LGBMClassifier, …`."""
    said = []
    for at, left in zip(kept, rounds, strict=True):
        model = last_of(parts.members[at][0])
        name, cut = type(model).__name__, cut_of(model)
        have = cut.rounds(model) if cut is not None else None
        if left is None or left == have:
            said.append(f"all of {name}")
            continue
        unit = "trees" if name.startswith(("RandomForest", "ExtraTrees")) else "rounds"
        said.append(f"the first {left:,} of {have:,} {unit} of {name}")
    of = len(parts.members)
    return "; ".join(said) if of == 1 else f"{len(kept)} of {of} members: {'; '.join(said)}"
