"""The user's own file: `model.py`, or a name in it, `model.py:build`.

It holds a function that returns an estimator or pipeline, or a class with `fit` and `predict` (and, for
classes, better `predict_proba` too). Either gets the raw columns as a DataFrame and races on the same
folds as everything else.
"""

import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from keepwell.core.errors import NotFoundError, TrainingError
from keepwell.core.suggestions import did_you_mean
from keepwell.features.preparation import Flavour
from keepwell.infrastructure.own_sources import own_sources
from keepwell.training.learners.base import Candidate, Fitted, Learner, Watch
from keepwell.training.learners.own.boundary import user_code
from keepwell.training.learners.own.configured import shown
from keepwell.training.problem import Matrix, Problem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

USUAL = ("build", "model", "make_model", "Model")
"""What is looked for in a file where no name is given, in this order."""

_PROBED = 200


@dataclass(frozen=True, kw_only=True)
class OwnFile:
    """A model that the user wrote.

    Attributes:
        name: As it stands in the project file.
        path: Where the file is.
        attribute: The function or class in it; empty for the usual names.
        settings: Arguments of the function or class.
    """

    name: str
    path: str
    attribute: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    flavour: Flavour = "frame"
    interruptible: bool = False

    @property
    def code(self) -> str:
        """A digest of the file and of its neighbours that it imports."""
        return load_file(Path(self.path)).__name__

    def candidates(self, problem: Problem) -> Sequence[Candidate]:
        """Return the one candidate.

        Raises:
            NotFoundError: If there is no such file, or no such name in it.
            TrainingError: If the file does not run, or what it makes cannot be fitted; names file and line.
        """
        from keepwell.training.learners.own.estimators import check_kind

        made = self._made()
        if _is_estimator(made):
            check_kind(self.name, made, problem)
        return [Candidate(name=self.name, learner=self.name, params=shown(self.settings))]

    def seconds(self, rows: int, columns: int, classes: int) -> float:
        """Return a guess for a model that nothing is known of."""
        return 0.1 + 1e-6 * float(rows**1.2) * columns

    def fit(
        self,
        candidate: Candidate,
        problem: Problem,
        train: Matrix,
        target: "NDArray[Any]",
        weights: "NDArray[np.float64] | None",
        watch: Watch,
    ) -> Fitted:
        """Make the model anew and fit it to the raw columns."""
        made, path = self._made(), Path(self.path)
        if _is_estimator(made):
            from keepwell.training.learners.own.estimators import fit_estimator

            with user_code(path, "fitting it"):
                return fit_estimator(self.name, made, problem, train, target, weights, watch)
        from keepwell.training.learners.folds import lonely

        if (alone := lonely(problem, train, target, weights)) is not None:
            return alone
        from keepwell.training.learners.own.adapted import Adapted

        labels = problem.signature.classes
        adapted = Adapted(model=made, name=self.name, path=self.path, labels=labels)
        adapted.fitted_to(train.values, target, weights)
        probe = watch.validation[0].values if watch.validation is not None else train.values
        (adapted.predict_proba if labels else adapted.predict)(probe[:_PROBED])
        return Fitted(model=adapted)

    def _made(self) -> Any:
        path = Path(self.path)
        module = load_file(path)
        name, found = _chosen(module, self.attribute, path)
        if not callable(found) or (hasattr(found, "fit") and not inspect.isclass(found)):
            import copy

            made = copy.deepcopy(
                found
            )  # an instance in the file: each fit begins with it as it was
        else:
            with user_code(path, f"calling {name}({', '.join(self.settings)})"):
                made = found(**self.settings)
        if not (hasattr(made, "fit") and hasattr(made, "predict")):
            raise TrainingError(
                f"{path.name}: {name} gives {'None' if made is None else type(made).__name__}, "
                "which has no fit and predict",
                why="an estimator, a pipeline, or an object with fit(X, y) and predict(X) is wanted",
                now=f"return one from {name}",
            )
        return made


def load_file(path: Path) -> ModuleType:
    """Run a user's file and return it as a module; the same module while the file does not change.

    Raises:
        NotFoundError: If there is no such file.
        TrainingError: If it does not run.
    """
    try:
        source = path.read_bytes()
    except OSError as error:
        near = [item.name for item in path.parent.glob("*.py")] if path.parent.is_dir() else []
        raise NotFoundError(
            f"there is no file {path}",
            why="it is named under `train: learners:`",
            now=did_you_mean(path.name, near) or "write it, or correct the name",
        ) from error
    beside = [path.parent / name for name in own_sources([path.name], path.parent)]
    whole = hashlib.sha256(str(path.resolve()).encode() + source)
    for neighbour in beside[1:]:
        whole.update(neighbour.read_bytes())
    name = f"keepwell_own_{whole.hexdigest()[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    for neighbour in beside[1:]:  # another project's of that name, or an earlier state of this one
        sys.modules.pop(neighbour.stem, None)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise NotFoundError(f"{path} is no Python file", now="name a file that ends with .py")
    module = importlib.util.module_from_spec(spec)
    folder = str(path.resolve().parent)
    sys.modules[name] = module  # so that objects of its classes can be sent to other processes
    sys.path.insert(0, folder)  # it may import its neighbours
    try:
        with user_code(path, "reading the file"):
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    finally:
        sys.path.remove(folder)
    return module


def _chosen(module: ModuleType, attribute: str, path: Path) -> tuple[str, Any]:
    """Return the function, class or object of the file that makes the model, with its name."""
    mine = {
        name: item
        for name, item in vars(module).items()
        if not name.startswith("_")
        and (getattr(item, "__module__", "") == module.__name__ or name in USUAL)
        and (callable(item) or hasattr(item, "fit"))
    }
    if attribute:
        if hasattr(module, attribute):
            return attribute, getattr(module, attribute)
        raise NotFoundError(
            f"{path.name} has no '{attribute}'",
            why=f"it has {', '.join(mine) or 'no function and no class'}",
            now=did_you_mean(attribute, list(mine)) or f"define {attribute} in it",
        )
    for name in USUAL:
        if name in mine:
            return name, mine[name]
    models = [
        name for name, item in mine.items() if hasattr(item, "fit") and hasattr(item, "predict")
    ]
    functions = [name for name, item in mine.items() if inspect.isfunction(item)]
    for names in (models, functions):
        if len(names) == 1:
            return names[0], mine[names[0]]
    found = ", ".join(mine) or "no function and no class"
    raise TrainingError(
        f"{path.name} does not say which model is meant",
        why=f"it has {found}; a function `build` or one class with fit and predict is looked for",
        now=f"write `{path.name}:NAME` under `train: learners:`",
    )


def _is_estimator(made: Any) -> bool:
    return hasattr(made, "get_params") and hasattr(made, "__sklearn_tags__")


if TYPE_CHECKING:
    _: type[Learner] = OwnFile
