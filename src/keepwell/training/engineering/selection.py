"""Candidates probed on the folds: a feature stays only if what it gains is more than chance.

all candidates together, on one fold   → in the order of what a model makes of them
one at a time, on two folds            → what does not gain there is left
on all folds, beside those kept before → kept if the 95% interval of the gain lies above zero
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

from keepwell.core.features import Derived
from keepwell.tracking.metrics import direction
from keepwell.training.engineering.candidates import candidates
from keepwell.training.engineering.declared import leaks
from keepwell.training.engineering.gains import gain_interval
from keepwell.training.engineering.labels import label_of
from keepwell.training.engineering.probe import Probe
from keepwell.training.engineering.report import Made
from keepwell.training.problem import Problem
from keepwell.training.search.store import TrialStore, digest_of
from keepwell.training.splits.plans import Fold

SHARE = 0.1
"""Of the budget, that looking for features may take."""

FEWEST_ROWS = 300
LEAST_BUDGET = 10.0  # seconds
_MOST_TRIED = 24
_MOST_KEPT = 5
_MOST_SCREENED = 60
_FIRST = 2  # folds that a candidate must gain on before it goes through all


def engineered(
    problem: Problem,
    folds: Sequence[Fold],
    stop: Callable[[], bool],
    store: TrialStore | None = None,
    slow: Callable[[], bool] = lambda: False,
) -> tuple[Problem, tuple[Made, ...]]:
    """Return the problem with the features that pay, and what was tried.

    Args:
        problem: What is to be learnt, with the declared features.
        folds: Of the cross-validation and its repeats.
        stop: Turns true when time is up.
        store: Of a run that may be resumed: it then has the features that it had.
        slow: Turns true when the first probe has taken so long that there is no time for enough of them.
    """
    key = "" if store is None else f"{digest_of(problem, folds)}-features"
    known = None if store is None else store.read(key)
    made = _tried(problem, folds, stop, slow) if known is None else _read(known)
    if store is not None and known is None:
        store.write(key, json.dumps([asdict(one) for one in made]).encode())
    kept = tuple(one.feature for one in made if one.kept)
    features = replace(problem.features, derive=(*problem.features.derive, *kept))
    return replace(problem, features=features), made


def _tried(
    problem: Problem,
    folds: Sequence[Fold],
    stop: Callable[[], bool],
    slow: Callable[[], bool],
) -> tuple[Made, ...]:
    probe = Probe(problem, folds, stop)
    base = [probe.score(0, ())]
    if base[0] is None or slow():
        return ()
    found = candidates(problem, probe.strengths(0, ()))
    declared = {(one.kind, one.columns, one.detail) for one in problem.features.derive}
    found = [one for one in found if (one.kind, one.columns, one.detail) not in declared]
    found = found[:_MOST_SCREENED]
    if not found or stop():
        return ()
    given_away = leaks(problem, found)
    made = [
        Made(feature=one, label=label_of(one), note=f"a leak: {given_away[one.name].message}")
        for one in found
        if one.name in given_away
    ]
    found = [one for one in found if one.name not in given_away]
    strengths = probe.strengths(0, found)
    found.sort(key=lambda one: -strengths.get(one.name, 0.0))
    used = [one for one in found if strengths.get(one.name, 0.0) > 0]
    race = _Trial(problem, folds, probe)
    for one in used[:_MOST_TRIED]:
        if stop() or len(race.kept) >= _MOST_KEPT:
            break
        made.append(race.of(one))
    made = [one for one in made if one.note != _NO_TIME]
    return tuple(sorted(made, key=lambda one: (not one.kept, -(one.gain or 0.0))))


_NO_TIME = "time was up"


class _Trial:
    """One candidate after the other, beside those that were kept."""

    def __init__(self, problem: Problem, folds: Sequence[Fold], probe: Probe) -> None:
        self.kept: list[Derived] = []
        self._sign = direction(problem.metric)
        self._folds = folds
        self._probe = probe
        self._base: dict[int, float] = {}

    def of(self, one: Derived) -> Made:
        """Return what came of a candidate."""
        made = Made(feature=one, label=label_of(one))
        gains: list[float] = []
        scores: dict[int, float] = {}
        for fold in range(len(self._folds)):
            if fold == _FIRST and sum(gains) <= 0:
                mean = sum(gains) / len(gains)
                return replace(made, gain=mean, note="no gain on the first folds")
            if fold not in self._base:
                base = self._probe.score(fold, self.kept)
                if base is None:
                    return replace(made, note=_NO_TIME)
                self._base[fold] = base
            score = self._probe.score(fold, [*self.kept, one])
            if score is None:
                return replace(made, note=_NO_TIME)
            scores[fold] = score
            gains.append(self._sign * (score - self._base[fold]))
        train, held = self._folds[0]
        mean, low, high = gain_interval(gains, len(held) / len(train))
        if low <= 0:
            note = "the gain may be chance"
            return replace(made, gain=mean, low=low, high=high, note=note)
        self.kept.append(one)
        self._base = scores
        return replace(made, gain=mean, low=low, high=high, kept=True)


def _read(data: bytes) -> tuple[Made, ...]:
    found: list[dict[str, Any]] = json.loads(data)
    return tuple(
        Made(
            **(
                one
                | {"feature": Derived(**(one["feature"] | _columns(one))), "label": one["label"]}
            )
        )
        for one in found
    )


def _columns(one: dict[str, Any]) -> dict[str, Any]:
    return {"columns": tuple(one["feature"]["columns"])}
