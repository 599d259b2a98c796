"""From a request for another answer to changes in words, each proven by the scorer."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import InvalidRequestError
from keepwell.core.suggestions import did_you_mean
from keepwell.deployment.explaining.counterfactual.candidates import Candidates
from keepwell.deployment.explaining.counterfactual.search import Changes, Reach, Search
from keepwell.deployment.labels import class_names
from keepwell.deployment.scoring.scorer import Scorer

if TYPE_CHECKING:
    from numpy.typing import NDArray

SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """The answer that is wanted: a class, or a range of numbers; any other class if all are None."""

    label: Any = None
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One column: what the row holds, and what it would have to hold."""

    column: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """Changes under which the answer is another one.

    Attributes:
        changes: One a column.
        prediction: What the model answers then.
        probability: Of that class; None for a number.
        words: The whole in a sentence.
    """

    changes: tuple[Change, ...]
    prediction: Any
    probability: float | None
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactuals:
    """What would have changed the decision about a row.

    Attributes:
        prediction: The decision.
        probability: Of that class; None for a number.
        goal: The answer that was looked for, in words.
        found: Up to three, fewest and smallest changes first, no two of the same columns.
        tried: Rows that the model was asked about.
        seconds: What it took.
        note: Why there are none, or that the answer is already as wanted.
    """

    prediction: Any
    probability: float | None
    goal: str
    found: tuple[Counterfactual, ...]
    tried: int
    seconds: float
    note: str = ""


def counterfactuals(
    scorer: Scorer,
    candidates: Candidates,
    instance: Mapping[str, Any],
    goal: Goal,
    *,
    seconds: float = SECONDS,
) -> Counterfactuals:
    """Look for the fewest and smallest changes that bring another answer.

    Args:
        scorer: The model.
        candidates: What may change, and to what.
        instance: The row as it is sent.
        goal: The answer that is wanted.
        seconds: Time for it.

    Raises:
        InvalidRequestError: If the row does not fit, or there is no such answer.
    """
    started = time.monotonic()
    scores = scorer.rows([instance])
    said = scores.predictions[0]
    reach, words = _reach(scorer, goal, said)
    row = scorer.canonical([instance])
    search = Search(row, candidates, reach, started + seconds)
    made: list[Counterfactual] = []
    note = ""
    if search.reaches({}):
        note = f"the answer already is {words}"
    else:
        proven = (_proven(scorer, candidates, instance, changes, row) for changes in search.run())
        made = [
            one for one in proven if one is not None and reach(_row(scorer, instance, one))[0] > 0
        ]
    if not made and not note:
        note = (
            "time was up before changes were found"
            if search.late
            else "no change of up to 5 columns within what training has seen brings it"
        )
    return Counterfactuals(
        prediction=said,
        probability=_likely(scorer, scores, said),
        goal=words,
        found=tuple(made),
        tried=search.tried,
        seconds=time.monotonic() - started,
        note=note,
    )


def _reach(scorer: Scorer, goal: Goal, said: Any) -> tuple[Reach, str]:
    """Return how far rows are beyond the goal, and the goal in words."""
    signature = scorer.signature
    target = signature.target
    if signature.task.numeric:
        return _of_number(scorer, goal, target)
    if not signature.task.labelled:
        raise InvalidRequestError(
            f"'{target}' has no decision to change",
            why=f"this model answers with lists ({signature.task.value})",
            now="ask a model that decides between classes, or predicts a number",
        )
    if goal.least is not None or goal.most is not None:
        raise _no_range(target, class_names(signature))
    classes = list(signature.classes)
    wanted = None if goal.label is None else _place(goal.label, classes, class_names(signature))
    now = classes.index(said)

    def reach(columns: "Sequence[NDArray[Any]]") -> "NDArray[np.float64]":
        scores = scorer.scores_of(columns)
        chances = np.asarray(scores.probabilities, dtype=np.float64)
        if wanted is None:
            others = np.delete(chances, now, axis=1).max(axis=1)
            short = others - chances[:, now]
            there = np.array([label != said for label in scores.predictions])
        else:
            short = chances[:, wanted] - np.delete(chances, wanted, axis=1).max(axis=1)
            there = np.array([label == classes[wanted] for label in scores.predictions])
        # Who decides is the scorer, whatever the chances say.
        beyond: NDArray[np.float64] = np.where(
            there, np.abs(short) + _THERE, np.minimum(short, 0.0)
        )
        return beyond

    other = [name for at, name in enumerate(class_names(signature)) if at != now]
    words = other[0] if wanted is None and len(other) == 1 else f"another {target} than {said}"
    return reach, words if wanted is None else class_names(signature)[wanted]


_THERE = 1e-12


def _of_number(scorer: Scorer, goal: Goal, target: str) -> tuple[Reach, str]:
    if goal.label is not None or (goal.least is None and goal.most is None):
        raise InvalidRequestError(
            f"which {target} is wanted is not said",
            why="it is a number: there is no other class to go for",
            now="say at least or at most which number",
            details={"field": "at_least"},
        )
    low = -np.inf if goal.least is None else goal.least
    high = np.inf if goal.most is None else goal.most

    def reach(columns: "Sequence[NDArray[Any]]") -> "NDArray[np.float64]":
        values = np.asarray(scorer.scores_of(columns).predictions, dtype=np.float64)
        beyond = np.minimum(values - low, high - values)
        return np.where(beyond >= 0, beyond + _THERE, beyond)

    parts = [f"at least {low:g}"] if goal.least is not None else []
    parts += [f"at most {high:g}"] if goal.most is not None else []
    return reach, " and ".join(parts)


def _no_range(target: str, names: Sequence[str]) -> InvalidRequestError:
    return InvalidRequestError(
        f"'{target}' is no number to be at least or at most",
        why=f"its classes are {', '.join(names)}",
        now="name the class that is wanted",
        details={"field": "goal"},
    )


def _place(label: Any, classes: Sequence[Any], names: Sequence[str]) -> int:
    for at, (known, name) in enumerate(zip(classes, names, strict=True)):
        if label == name or (label == known and isinstance(label, bool) == isinstance(known, bool)):
            return at
    raise InvalidRequestError(
        f"there is no class {label!r:.80}",
        why=f"the model's classes are {', '.join(names)}",
        now=did_you_mean(str(label), names) or "name one of them",
        details={"field": "goal"},
    )


def _proven(
    scorer: Scorer,
    candidates: Candidates,
    instance: Mapping[str, Any],
    changes: Changes,
    row: "Sequence[NDArray[Any]]",
) -> Counterfactual | None:
    """Return changes as a request writes them, with the answer that the scorer gives to that request."""
    order = sorted(changes, key=lambda at: -candidates.distance(at, row[at][0], changes[at]))
    made = tuple(
        Change(
            column=candidates.fields[at].name,
            before=instance.get(candidates.fields[at].name),
            after=candidates.written(at, changes[at]),
        )
        for at in order
    )
    scores = scorer.rows([{**instance, **{one.column: one.after for one in made}}])
    said = scores.predictions[0]
    likely = _likely(scorer, scores, said)
    chance = "" if likely is None else f" ({likely:.0%})"
    parts = ", and ".join(_words(one) for one in made)
    answer = f"{said:.6g}" if isinstance(said, float) else str(said)
    words = f"With {parts}, the answer would be {answer}{chance}."
    return Counterfactual(changes=made, prediction=said, probability=likely, words=words)


def _row(
    scorer: Scorer, instance: Mapping[str, Any], found: Counterfactual
) -> "list[NDArray[Any]]":
    changed = {**instance, **{one.column: one.after for one in found.changes}}
    return scorer.canonical([changed])


def _likely(scorer: Scorer, scores: Any, said: Any) -> float | None:
    if scores.probabilities is None:
        return None
    return float(scores.probabilities[0, list(scorer.signature.classes).index(said)])


def _words(one: Change) -> str:
    def shown(value: Any) -> str:
        if value is None:
            return "missing"
        return f"{value:.6g}" if isinstance(value, float) else str(value)

    return f"{one.column} {shown(one.after)} instead of {shown(one.before)}"
