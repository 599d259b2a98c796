"""Any estimator of scikit-learn's kind by dotted name: `sklearn.ensemble.GradientBoostingClassifier`."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from keepwell.core.errors import NotFoundError, TrainingError
from keepwell.core.suggestions import did_you_mean
from keepwell.features.preparation import Flavour
from keepwell.training.learners.base import Candidate, Fitted, Learner, Watch
from keepwell.training.learners.own.configured import shown
from keepwell.training.problem import Matrix, Problem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Dotted:
    """One estimator that the user named.

    It gets its rows as the built-in learners do: as they are where it takes gaps, else filled and scaled.

    Attributes:
        name: Package, modules and class.
        settings: Arguments of the class.
    """

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    interruptible: bool = False

    @property
    def flavour(self) -> Flavour:
        """How its rows are prepared."""
        from sklearn.utils import get_tags

        try:
            takes_gaps = bool(get_tags(self._made()).input_tags.allow_nan)
        except (AttributeError, TypeError, ValueError):  # an older or looser idea of an estimator
            takes_gaps = False
        return "tree" if takes_gaps else "linear"

    def candidates(self, problem: Problem) -> Sequence[Candidate]:
        """Return the one candidate.

        Raises:
            NotFoundError: If there is no such class.
            TrainingError: If it is no estimator, or not one for the task.
        """
        from keepwell.training.learners.own.estimators import check_kind

        check_kind(self.name, self._made(), problem)
        return [Candidate(name=self.name, learner=self.name, params=shown(self.settings))]

    def seconds(self, rows: int, columns: int, classes: int) -> float:
        """Return a guess for a model that nothing is known of: between linear and quadratic."""
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
        """Fit it."""
        from keepwell.training.learners.own.estimators import fit_estimator

        return fit_estimator(self.name, self._made(), problem, train, target, weights, watch)

    def _made(self) -> Any:
        kind = estimator_class(self.name.partition(" (")[0])
        try:
            return kind(**self.settings)
        except TypeError as error:
            known = list(inspect.signature(kind).parameters)
            strange = [key for key in self.settings if key not in known]
            raise TrainingError(
                f"{self.name} cannot be made with {self.settings or 'no settings'}",
                why=str(error),
                now=(did_you_mean(strange[0], known) if strange else "")
                or f"its settings are {', '.join(known[:20])}",
            ) from error


def estimator_class(name: str) -> Any:
    """Return the class of a dotted name.

    Raises:
        NotFoundError: If it cannot be imported; suggests what was meant.
        TrainingError: If it is no estimator.
    """
    where, _, leaf = name.rpartition(".")
    try:
        module = import_module(where)
    except ImportError as error:
        raise NotFoundError(
            f"there is no module '{where}' for the learner '{name}'",
            why=str(error),
            now=_module_meant(where, leaf)
            or f"pip install {where.partition('.')[0]}, or correct the name under `train: learners:`",
        ) from error
    kind = getattr(module, leaf, None)
    if kind is None:
        names = [item for item in dir(module) if item[:1].isupper()]
        raise NotFoundError(
            f"'{where}' has no '{leaf}'",
            why=f"it is named under `train: learners:` as {name}",
            now=did_you_mean(leaf, names) or "correct the name",
        )
    if not (inspect.isclass(kind) and hasattr(kind, "fit") and hasattr(kind, "predict")):
        raise TrainingError(
            f"{name} is no estimator",
            why="a class with fit and predict is wanted"
            + (", and a transformer has none" if hasattr(kind, "transform") else ""),
            now="name a classifier or regressor, or bring a pipeline by a model.py",
        )
    return kind


def _module_meant(where: str, leaf: str) -> str:
    """Return a suggestion where scikit-learn has the class elsewhere, or the module is misspelt."""
    if not where.startswith("sklearn"):
        return ""
    import pkgutil

    import sklearn
    from sklearn.utils import all_estimators

    for found, kind in all_estimators():
        if found == leaf:
            return f"did you mean '{kind.__module__.partition('._')[0]}.{found}'?"
    modules = [f"sklearn.{item.name}" for item in pkgutil.iter_modules(sklearn.__path__)]
    return did_you_mean(where, modules)


if TYPE_CHECKING:
    _: type[Learner] = Dotted
