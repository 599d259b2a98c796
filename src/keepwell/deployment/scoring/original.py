"""A pipeline that runs as it is: stored by skops, loaded only if every type in it was reviewed."""

from collections.abc import MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import MissingExtraError, TrainingError
from keepwell.core.records import Signature
from keepwell.deployment.scoring.compilation import class_order, with_nans
from keepwell.deployment.scoring.heads.as_it_is import asked
from keepwell.deployment.scoring.intake import fitted_names, nan_columns, takes_texts
from keepwell.deployment.scoring.parts import AS_IT_IS, Data
from keepwell.deployment.scoring.steps.matrix import side_by_side

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

TRUSTED = (
    # Plain containers.
    "collections.OrderedDict",
    "collections.defaultdict",
    # LightGBM keeps its booster as text and gives it to its own parser; nothing in it is run.
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMClassifier",
    "lightgbm.sklearn.LGBMRegressor",
    # Our own transformers hold lists of names and numbers, a vocabulary as one text,
    # and a formula as a text that our own parser reads.
    "keepwell.features.transforms.clip.Clip",
    "keepwell.features.transforms.clip.SignedLog",
    "keepwell.features.transforms.date_parts.DateParts",
    "keepwell.features.transforms.formula.Formula",
    "keepwell.features.transforms.groups.Frequency",
    "keepwell.features.transforms.groups.GroupStatistic",
    "keepwell.features.transforms.low_variance.LowVariance",
    "keepwell.features.transforms.text_shape.TextShape",
    "keepwell.features.transforms.term_weights.TermWeights",
    "keepwell.features.transforms.picture_parts.PictureParts",
    "keepwell.features.transforms.pixels.PicturePixels",
    # Neural networks hold ONNX as an array of bytes, and a tokenizer as a text. Each goes to its library's
    # own reader, native code that runs no code of theirs; the bundle's digest vouches for the bytes.
    "keepwell.features.networks.network.NetworkClassifier",
    "keepwell.features.networks.network.NetworkRegressor",
    "keepwell.features.transforms.sentences.TextTokens",
    "keepwell.features.transforms.sentences.TextVectors",
    # Its settings, an array of values, and a model that is looked at as any other.
    "keepwell.features.forecasting.forecaster.Forecaster",
    # And our own detectors of odd rows, arrays with a name.
    "keepwell.features.oddity.estimator.Oddity",
    "keepwell.features.estimators.banded.Banded",
    "keepwell.features.estimators.kernels.KernelClassifier",
    "keepwell.features.estimators.kernels.KernelRegressor",
    "keepwell.features.estimators.labelled.LabelBank",
    # Arrays of nodes. Scikit-learn checks the dtype and shape of what it restores, not the links between
    # nodes; the bundle's digest vouches that they are the ones that were fitted.
    "sklearn.tree._tree.Tree",
    "sklearn._loss.link.IdentityLink",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.link.MultinomialLogit",
    "sklearn._loss._loss.CyHalfBinomialLoss",
    "sklearn._loss._loss.CyHalfMultinomialLoss",
    "sklearn._loss._loss.CyHalfSquaredError",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn._loss.loss.HalfMultinomialLoss",
    "sklearn._loss.loss.HalfSquaredError",
    "sklearn.linear_model._base.LinearModelLoss",
    # How an encoder by the target folded the rows it was fitted on: three numbers.
    "sklearn.model_selection._split.KFold",
    "numpy.dtype",
    # Plain lists of fitted estimators and of numbers.
    "sklearn.impute._iterative.IterativeImputer",
    "sklearn.impute._iterative._ImputerTriplet",
    "scipy.interpolate._bsplines.BSpline",
    "scipy._lib.array_api_compat.numpy._aliases.asarray",
    # What a feature selector scored columns with when it was fitted; nothing calls it again.
    "sklearn.feature_selection._univariate_selection.chi2",
    "sklearn.feature_selection._univariate_selection.f_classif",
    "sklearn.feature_selection._univariate_selection.f_regression",
    "sklearn.feature_selection._mutual_info.mutual_info_classif",
    "sklearn.feature_selection._mutual_info.mutual_info_regression",
    "sklearn._loss.loss.HalfTweedieLoss",
    "sklearn._loss.loss.HalfTweedieLossIdentity",
    "sklearn._loss._loss.CyHalfTweedieLoss",
    "sklearn._loss._loss.CyHalfTweedieLossIdentity",
    # Arrays again, with the caveat of `Tree`: the trees of histogram boosting, and of examples.
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._dist_metrics.ManhattanDistance64",
    "sklearn.metrics._dist_metrics.MinkowskiDistance64",
    # Attributes only: fitted members, curves, what an optimiser counted; a dictionary with dots.
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.calibration._TemperatureScaling",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.utils._bunch.Bunch",
    # Histogram boosting checks columns of labels by a function with some arguments given. Only functions
    # that are trusted themselves can be bound; this one looks at an array and raises.
    "functools.partial",
    "sklearn.utils.validation.check_array",
    # XGBoost and CatBoost keep their model as bytes in their own formats and give them to their own
    # parsers, as LightGBM does; those are native code, and the bundle's digest vouches for the bytes.
    "xgboost.core.Booster",
    "xgboost.sklearn.XGBClassifier",
    "xgboost.sklearn.XGBRegressor",
    "xgboost.sklearn.XGBRFClassifier",
    "xgboost.sklearn.XGBRFRegressor",
    "catboost.core.CatBoostClassifier",
    "catboost.core.CatBoostRegressor",
)
"""Types beyond skops' own list that a stored pipeline may hold, each looked at: making one from stored
state runs no code that the state chooses."""

_BOOST = ("xgboost", "catboost")


class Original:
    """Hands canonical values to the pipeline in the frame that it was fitted on.

    Args:
        pipeline: The fitted pipeline.
        signature: What it takes and gives.
    """

    def __init__(self, pipeline: Any, signature: Signature) -> None:
        self._pipeline = pipeline
        names = [field.name for field in signature.inputs]
        fitted_on = fitted_names(pipeline)
        known = fitted_on if fitted_on is not None and set(fitted_on) <= set(names) else names
        self._names = known
        self._positions = [names.index(name) for name in self._names]
        self._plain = fitted_on is None
        self._texts = takes_texts(pipeline)
        self._nans = nan_columns(pipeline, len(known))
        self._regression = signature.task.numeric
        self._quantiles = len(signature.quantiles)
        self._order = [] if self._regression else class_order(pipeline.classes_.tolist(), signature)

    def row(self, values: Sequence[Any]) -> list[float]:
        """Answer one row."""
        answer: list[float] = self.batch([np.array([value]) for value in values])[0].tolist()
        return answer

    def batch(self, columns: "Sequence[NDArray[Any]]") -> "NDArray[np.float64]":
        """Answer rows."""
        chosen = with_nans([columns[at] for at in self._positions], self._nans)
        given: Any
        if self._texts:
            given = columns[0]
        elif self._plain:
            given = side_by_side(chosen, len(columns[0]))
        else:
            given = as_frame(self._names, chosen)
        if self._regression:
            numbers = np.asarray(self._pipeline.predict(given), dtype=np.float64)
            if self._quantiles:
                return numbers.reshape(len(columns[0]), 1 + self._quantiles)
            if numbers.size != len(columns[0]):
                raise TrainingError(
                    f"the {type(self._pipeline).__name__} predicts several targets",
                    why="a scorer answers with one",
                    now="fit one model for each target",
                )
            return numbers.reshape(-1, 1)
        return asked(self._pipeline, given, "answer")[:, self._order]


def as_frame(names: Sequence[str], columns: "Sequence[NDArray[Any]]") -> "pd.DataFrame":
    """Return columns of canonical values as the DataFrame that scikit-learn was fitted on."""
    import pandas as pd

    return pd.DataFrame(
        {
            name: pd.Series(column, dtype=object if column.dtype.kind in "OU" else float)
            for name, column in zip(names, columns, strict=True)
        }
    )


def keep(fitted: Any, files: MutableMapping[str, bytes], *, where: str, reason: str) -> Data:
    """Put a fitted transformer or estimator into a file of its own; return the data of what runs it.

    Args:
        fitted: What has no compiled form.
        files: Of the bundle.
        where: The names that lead to it in its pipeline.
        reason: Why it is not compiled.

    Raises:
        TrainingError: If it holds a type that `load_pipeline` would refuse.
    """
    file = f"part-{sum(name.startswith('part-') for name in files)}.skops"
    files[file] = dump_pipeline(fitted)
    names = getattr(fitted, "feature_names_in_", None)
    return {
        "op": AS_IT_IS,
        "file": file,
        "names": None if names is None else [str(name) for name in names],
        "where": where,
        "reason": reason,
    }


def dump_pipeline(pipeline: Any) -> bytes:
    """Return a fitted pipeline as skops bytes.

    Raises:
        TrainingError: If it holds a type that `load_pipeline` would refuse.
    """
    import skops.io

    data: bytes = skops.io.dumps(pipeline)
    strange = sorted(set(skops.io.get_untrusted_types(data=data)) - set(TRUSTED))
    if strange:
        raise TrainingError(
            f"the pipeline holds types that Keepwell does not load: {', '.join(strange)}",
            why="loading a model must run no code that was not reviewed",
            now="use transformers of scikit-learn, LightGBM, XGBoost, CatBoost or Keepwell",
        )
    return data


def load_pipeline(data: bytes) -> Any:
    """Return the fitted pipeline of skops bytes, if every type in it was reviewed.

    Raises:
        MissingExtraError: If it was trained with a library that is not installed.
    """
    import skops.io

    try:
        return skops.io.loads(data, trusted=list(TRUSTED))
    except ModuleNotFoundError as error:
        if error.name in _BOOST:
            raise MissingExtraError(f"a model trained with {error.name}", extra="boost") from error
        raise


def modules_in(data: bytes) -> list[str]:
    """Return the modules that hold the types of a stored pipeline which skops does not know, sorted."""
    import skops.io

    return sorted({name.rpartition(".")[0] for name in skops.io.get_untrusted_types(data=data)})
