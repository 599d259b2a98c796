"""Who races: the learners that were named, or all that this installation can run.

A name is one of three things:

    lightgbm                                  an installed learner, by its entry point
    sklearn.ensemble.GradientBoostingClassifier   any estimator of scikit-learn's kind, by dotted name
    model.py, model.py:build                  the user's own file
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from keepwell.core.errors import MissingExtraError
from keepwell.core.plugins import load_plugin, plugin_names
from keepwell.core.spec import LearnerSpec
from keepwell.training.learners.base import FIRST, Learner

POINT = "learners"

_FILE = re.compile(r".+\.py(:\w+)?")
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")


def installed(names: "Sequence[str | LearnerSpec]" = ()) -> dict[str, Learner]:
    """Return learners by name, the baseline first; all that can run here if none are named.

    A learner may say what it needs: `needs` (the packages that it imports) and `extra` (what to install).
    One whose package is absent is left out, unless it is named; one that is `on_request` runs only then.

    Raises:
        MissingExtraError: If one that is named needs a package that is not installed.
        NotFoundError: If there is none of a name.
        TrainingError: If a dotted name or a file does not hold an estimator.
    """
    wanted = [_spec(item) for item in names]
    if not wanted:
        found = {name: load_plugin(POINT, name)() for name in plugin_names(POINT)}
        able = {
            name: learner
            for name, learner in found.items()
            if _present(learner) and not getattr(learner, "on_request", False)
        }
        return _baseline_first(able)
    if FIRST not in [item.name for item in wanted]:
        wanted.append(LearnerSpec(name=FIRST))
    found = {}
    for item in wanted:  # two entries of one name race as two
        alike = sum(name.partition(" (")[0] == item.name for name in found)
        label = f"{item.name} ({alike + 1})" if alike else item.name
        found[label] = _named(item, label)
    return _baseline_first(found)


def is_file(name: str) -> bool:
    """Tell whether a learner's name is that of the user's own file."""
    return _FILE.fullmatch(name) is not None


def is_own(name: str) -> bool:
    """Tell whether a learner is the user's: a file, or an estimator by dotted name."""
    plain = name.partition(" (")[0]
    return is_file(plain) or _DOTTED.fullmatch(plain) is not None


def may_be_pickled(name: str) -> bool:
    """Tell whether a learner's model may be stored with its code: it was named, and has no form as data."""
    name = name.partition(" (")[0]
    if is_own(name):
        return True
    return name in plugin_names(POINT) and bool(getattr(load_plugin(POINT, name), "pickled", False))


def anchored(names: "Sequence[str | LearnerSpec]", root: Path) -> "tuple[str | LearnerSpec, ...]":
    """Return the same learners with files where they are, seen from anywhere."""
    return tuple(
        replace(_spec(item), root=str(root)) if is_file(_spec(item).name) else item
        for item in names
    )


def _spec(item: "str | LearnerSpec") -> LearnerSpec:
    return item if isinstance(item, LearnerSpec) else LearnerSpec(name=item)


def _named(item: LearnerSpec, label: str) -> Learner:
    from keepwell.training.learners.own.configured import Configured
    from keepwell.training.learners.own.dotted import Dotted
    from keepwell.training.learners.own.file import OwnFile

    if is_file(item.name):
        path, _, attribute = item.name.rpartition(".py")
        return OwnFile(
            name=label,
            path=str(Path(item.root) / f"{path}.py"),
            attribute=attribute.removeprefix(":"),
            settings=item.params,
        )
    if _DOTTED.fullmatch(item.name) and item.name not in plugin_names(POINT):
        return Dotted(name=label, settings=item.params)
    learner: Any = load_plugin(POINT, item.name)()
    if not _present(learner):
        raise MissingExtraError(
            f"the learner '{item.name}'", extra=getattr(learner, "extra", item.name)
        )
    if item.params or label != item.name:
        return Configured(label=label, learner=learner, settings=item.params)
    plain: Learner = learner
    return plain


def _present(learner: Any) -> bool:
    needs = getattr(learner, "needs", ())
    packages = (needs,) if isinstance(needs, str) else tuple(needs)
    try:
        return all(find_spec(package) is not None for package in packages if package)
    except ModuleNotFoundError:  # of a package in a package that is not there
        return False


def _baseline_first(learners: dict[str, Learner]) -> dict[str, Learner]:
    order = sorted(learners, key=lambda name: (name != FIRST, name))
    return {name: learners[name] for name in order}
