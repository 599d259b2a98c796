"""What is tried before anything is searched: settings that between them suit most tables.

Where it comes from: made by hand, not learnt. The idea, to try a fixed and varied list first, is that of
zero-shot portfolios (Salinas and Erickson, TabRepo, 2024; Feurer et al., Auto-Sklearn 2.0, 2022); the
values are our own, around the libraries' defaults: more and fewer leaves, slower and faster steps,
strong and weak penalties, random splits. A learner's own candidates are part of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, zip_longest

from keepwell.training.learners.base import Candidate, Learner
from keepwell.training.problem import Problem
from keepwell.training.trained import Params

_SHARED: Params = {"subsample_freq": 1}
MORE: dict[str, dict[str, Params]] = {
    "lightgbm": {
        "slow": _SHARED
        | {
            "learning_rate": 0.02,
            "num_leaves": 40,
            "min_child_samples": 10,
            "subsample": 0.7,
            "colsample_bytree": 0.5,
            "reg_lambda": 5.0,
        },
        "cautious": _SHARED
        | {
            "learning_rate": 0.04,
            "num_leaves": 12,
            "min_child_samples": 60,
            "subsample": 0.6,
            "colsample_bytree": 0.7,
            "reg_lambda": 20.0,
            "cat_smooth": 50.0,
        },
        "wild": _SHARED
        | {
            "learning_rate": 0.05,
            "num_leaves": 100,
            "min_child_samples": 3,
            "subsample": 0.9,
            "colsample_bytree": 0.4,
            "reg_lambda": 0.1,
            "extra_trees": True,
        },
    },
}
"""By learner and name, beyond what the learner itself offers; for tables of some size."""

ORDER = (
    "baseline",
    "lightgbm",
    "linear",
    "kernel",
    "catboost",
    "xgboost",
    "extra-trees",
    "forest",
    "histogram",
    "elastic",
    "perceptron",
    "neighbours",
)
"""What wins most often comes first, for a budget that does not reach the end; strangers come last."""

LATE = frozenset({"kernel", "extra-trees", "forest", "elastic", "perceptron", "neighbours"})
"""Whose first candidates wait for the second ones of the others: they seldom win alone."""

QUICK = frozenset({"linear", "elastic", "kernel", "extra-trees", "perceptron", "neighbours"})
"""Whose fits to few rows take a second at most, where boosting may take half of the budget: with ten classes
each of its rounds is ten trees. On a small table they go first: what they find is there whatever follows."""

FEW = {"neighbours": 10_000, "kernel": 10_000}
"""Rows from which on some are not tried unless named: neighbours are slow to ask, a kernel is slow to fit."""

LEAN = frozenset(
    {
        "baseline",
        "lightgbm/plain",
        "lightgbm/small",
        "lightgbm/shallow",
        "lightgbm/rates",
        "linear/plain",
        "linear/tight",
        "kernel/plain",
        "kernel/level",
        "kernel/smooth",
        "catboost/plain",
        "extra-trees/plain",
        "elastic/light",
        "perceptron/narrow",
    }
)
"""All that is tried on a small table, unless learners are named: there the noise of the folds is wider than
what sets the others apart, and who waits a second wants no minute."""

WORTH_MORE = 2_000
"""Rows from which on all is tried."""


def portfolio(
    problem: Problem,
    learners: Mapping[str, Learner],
    earlier: Sequence[Candidate] = (),
    *,
    named: bool = True,
) -> list[Candidate]:
    """Return the candidates in the order in which they are tried.

    Args:
        problem: What is to be learnt.
        learners: By name.
        earlier: What won in earlier runs.
        named: The user chose the learners.

    The first of each learner, then the second of each (the first of those that are `LATE`), and so on; what
    won in earlier runs of the project comes right after the first of each.
    """
    offers: list[Sequence[Candidate]] = []
    late: list[bool] = []
    for name, learner in sorted(learners.items(), key=lambda item: _place(item[0])):
        unasked = getattr(learner, "pays", None)  # of what takes long to load, and to learn
        offered = (
            [] if unasked and not (named or unasked(problem)) else list(learner.candidates(problem))
        )
        if problem.rows >= WORTH_MORE:
            offered += [
                Candidate(name=f"{name}/{label}", learner=name, params=params)
                for label, params in MORE.get(name, {}).items()
            ]
        elif not named and name in ORDER:
            offered = [candidate for candidate in offered if candidate.name in LEAN]
        if not named and problem.rows > FEW.get(name, problem.rows):
            offered = []
        offers.append(offered)
        late.append(name in LATE and not named)
    first = [
        offered[0] for offered, waits in zip(offers, late, strict=True) if offered and not waits
    ]
    rest = _alternating(
        [offered[0 if waits else 1 :] for offered, waits in zip(offers, late, strict=True)]
    )
    ordered = [*first, *rest]
    known = {_key(candidate) for candidate in ordered}
    fresh = [
        candidate
        for candidate in earlier
        if candidate.learner in learners and _key(candidate) not in known
    ]
    return [*first, *fresh, *rest]


def _place(name: str) -> int:
    return ORDER.index(name) if name in ORDER else len(ORDER)


def lean_learners() -> set[str]:
    """Return the learners that are tried on a small table."""
    return {name.partition("/")[0] for name in LEAN}


def _key(candidate: Candidate) -> str:
    return repr((candidate.learner, sorted(candidate.params.items()), candidate.preparation))


def _alternating(offers: Iterable[Sequence[Candidate]]) -> list[Candidate]:
    """Return the first candidate of each learner, then the second of each, and so on."""
    rounds = zip_longest(*offers)
    return [candidate for candidate in chain.from_iterable(rounds) if candidate is not None]
