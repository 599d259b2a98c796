"""What a search may vary: a learner's own space, or the one in the project file."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from keepwell.core.errors import UsageError
from keepwell.core.spec import Range, Values
from keepwell.core.suggestions import did_you_mean
from keepwell.features.preparation import CHOICES
from keepwell.training.learners.base import Learner, Suggest, Tunable
from keepwell.training.problem import Problem
from keepwell.training.trained import Params

PREPARATION = "preparation"
Space = Mapping[str, Mapping[str, Values]]
_MOST_COMBINATIONS = 10_000


def checked(space: Space, learners: Mapping[str, Learner]) -> Space:
    """Return a space whose sections are learners, or what is done to the columns.

    Raises:
        UsageError: If a section or a way to prepare columns is not known.
    """
    known = [*learners, PREPARATION]
    for section in space:
        if section not in known:
            raise UsageError(
                f"`search: space:` names '{section}', which is no learner of this project",
                why=f"known are: {', '.join(known)}",
                now=did_you_mean(section, known) or "correct the name in keepwell.yaml",
            )
    for name, values in space.get(PREPARATION, {}).items():
        allowed = CHOICES.get(name, ())
        wrong = [
            value for value in (values if isinstance(values, tuple) else ()) if value not in allowed
        ]
        if not allowed or wrong or isinstance(values, Range):
            ways = "; ".join(f"{way}: {', '.join(choices)}" for way, choices in CHOICES.items())
            raise UsageError(
                f"`search: space: preparation:` cannot vary '{name}' like that",
                why=f"it varies {ways}",
                now="correct the line in keepwell.yaml",
            )
    return space


def tuned(space: Space, learners: Mapping[str, Learner]) -> list[str]:
    """Return the learners whose settings are searched."""
    named = [name for name in space if name != PREPARATION]
    return named or [name for name, learner in learners.items() if isinstance(learner, Tunable)]


def settings(
    suggest: Suggest, name: str, learner: Learner, space: Space, problem: Problem
) -> tuple[Params, Params]:
    """Return settings of a learner and of the preparation, each value asked of `suggest`."""
    own = space.get(name)
    if own is not None:
        params = {key: _asked(suggest, key, values) for key, values in own.items()}
    elif isinstance(learner, Tunable):
        params = learner.space(suggest, problem)
    else:
        params = {}
    prepared = {
        key: _asked(suggest, f"{PREPARATION}.{key}", values)
        for key, values in space.get(PREPARATION, {}).items()
    }
    return params, prepared


def combinations(name: str, space: Space) -> list[tuple[Params, Params]]:
    """Return every combination of a learner's values and the preparation's.

    Raises:
        UsageError: If a setting is a range, of which there are no single values, or there are too many.
    """
    own, prepared = space.get(name, {}), space.get(PREPARATION, {})
    lists: list[Sequence[Any]] = []
    for key, values in [*own.items(), *prepared.items()]:
        if isinstance(values, Range):
            raise UsageError(
                f"a grid cannot hold '{key}' of {name}: it runs from {values.low:g} to {values.high:g}",
                why="a grid tries every value, and a range has no end of them",
                now=f"list its values, `{key}: [{values.low:g}, {values.high:g}]`, or set "
                "`method: random` or `tpe`",
            )
        lists.append(values)
    count = 1
    for each in lists:
        count *= len(each)
    if count > _MOST_COMBINATIONS:
        raise UsageError(
            f"the grid of {name} has {count:,} combinations",
            why=f"at most {_MOST_COMBINATIONS:,} are tried",
            now="list fewer values, or set `method: random` or `tpe` with `trials:`",
        )
    return [
        (
            dict(zip(own, values[: len(own)], strict=True)),
            dict(zip(prepared, values[len(own) :], strict=True)),
        )
        for values in itertools.product(*lists)
    ]


def _asked(suggest: Suggest, name: str, values: Values) -> Any:
    if isinstance(values, tuple):
        return values[0] if len(values) == 1 else suggest.suggest_categorical(name, list(values))
    if values.whole:
        return suggest.suggest_int(name, int(values.low), int(values.high), log=values.log)
    return suggest.suggest_float(name, values.low, values.high, log=values.log)
