"""AutoGluon: stacks of many models; strong, large, and served as it is, by consent."""

import io
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.features.preparation import Flavour
from keepwell.training.learners.automl.shares import share_of
from keepwell.training.learners.base import Candidate, Fitted, Learner, Watch
from keepwell.training.learners.folds import lonely
from keepwell.training.problem import Matrix, Problem
from keepwell.training.trained import Params

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

_METRICS = {
    "rmse": "root_mean_squared_error",
    "mae": "mean_absolute_error",
    "mse": "mean_squared_error",
}
_TARGET = "keepwell_target"
_WEIGHT = "keepwell_weight"


class AutoGluon:
    """Fits AutoGluon's portfolio to the raw columns for its share; named, never raced by default.

    It has no compiled form: what is registered is its folder, pickled, which loads by consent only.
    """

    flavour: Flavour = "frame"
    interruptible = False
    needs, extra = "autogluon.tabular", "automl"
    on_request = True
    timed = True
    pickled = True

    def candidates(self, problem: Problem) -> Sequence[Candidate]:
        """Return medium quality; `{autogluon: {presets: best_quality}}` asks for more."""
        params: Params = {"presets": "medium_quality", "seconds": share_of(problem)}
        return [Candidate(name="autogluon", learner="autogluon", params=params)]

    def seconds(self, rows: int, columns: int, classes: int) -> float:
        """Return the least that it takes; what it really takes is its share, and measured."""
        return 5.0 + 1e-6 * rows * columns

    def fit(
        self,
        candidate: Candidate,
        problem: Problem,
        train: Matrix,
        target: "NDArray[Any]",
        weights: "NDArray[np.float64] | None",
        watch: Watch,
    ) -> Fitted:
        """Let it fit in a folder of its own; keep the folder's content."""
        if (alone := lonely(problem, train, target, weights)) is not None:
            return alone
        from autogluon.tabular import TabularPredictor

        frame = train.values.assign(**{_TARGET: target})
        if weights is not None:
            frame[_WEIGHT] = weights
        kinds = {"binary": "binary", "multiclass": "multiclass"}
        metric = _METRICS.get(problem.metric, problem.metric)
        if problem.metric == "roc_auc" and problem.classes > 2:  # noqa: PLR2004
            metric = "roc_auc_ovr_macro"
        with tempfile.TemporaryDirectory(prefix="keepwell-autogluon-") as folder:
            predictor = TabularPredictor(
                label=_TARGET,
                path=folder,
                problem_type=kinds.get(problem.task.value, "regression"),
                eval_metric=metric,
                sample_weight=None if weights is None else _WEIGHT,
                verbosity=0,
            )
            predictor.fit(
                frame,
                presets=str(candidate.params.get("presets") or "medium_quality"),
                time_limit=float(candidate.params.get("seconds") or share_of(problem)),
                num_cpus=problem.jobs,
            )
            note = f"AutoGluon chose {predictor.model_best}"
            model = Stored(_packed(Path(folder)), () if problem.task.numeric else np.unique(target))
        return Fitted(model=model, note=note)


class Stored:
    """A fitted AutoGluon predictor as bytes, which is unpacked when it is first asked.

    Args:
        folder: Its folder, as a tar archive.
        classes: The codes of the classes that it was fitted on; empty for numbers.
    """

    def __init__(self, folder: bytes, classes: Any) -> None:
        self._folder = folder
        self.classes_ = np.asarray(classes)
        self._opened: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return {"_folder": self._folder, "classes_": self.classes_, "_opened": None}

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        from sklearn.base import BaseEstimator

        return BaseEstimator().__sklearn_tags__()

    def fit(self, rows: Any, target: Any) -> "Stored":
        """Do nothing: it was fitted by AutoGluon."""
        return self

    def predict(self, rows: "pd.DataFrame") -> "NDArray[Any]":
        """Return numbers, or codes of classes."""
        if len(self.classes_):
            return np.asarray(self.classes_[self.predict_proba(rows).argmax(axis=1)])
        return np.asarray(self._predictor.predict(rows), dtype=np.float64)

    def predict_proba(self, rows: "pd.DataFrame") -> "NDArray[np.float64]":
        """Return the probability of every class, in the order of `classes_`."""
        said = self._predictor.predict_proba(rows)
        return np.asarray(said[list(self.classes_)], dtype=np.float64)

    @property
    def _predictor(self) -> Any:
        if self._opened is None:
            from autogluon.tabular import TabularPredictor

            # Kept for as long as the model: AutoGluon reads its parts when it needs them.
            self._place = tempfile.TemporaryDirectory(prefix="keepwell-autogluon-")
            with tarfile.open(fileobj=io.BytesIO(self._folder)) as archive:
                archive.extractall(self._place.name, filter="data")
            self._opened = TabularPredictor.load(self._place.name, verbosity=0)
        return self._opened


def _packed(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(folder, arcname=".")
    return buffer.getvalue()


if TYPE_CHECKING:
    _: type[Learner] = AutoGluon
