"""The last step of a fitted model, put on anew: the curve of probabilities, the level of numbers.

Law: a model answers with the new step as that step says of what it answers without.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.training.ensembling.calibration import recalibrated

if TYPE_CHECKING:
    from numpy.typing import NDArray


def with_curve(
    pipeline: Any, answer: "NDArray[np.float64]", actual: "NDArray[Any]", method: str
) -> Any:
    """Return a fitted classifier without a curve with one around it.

    Args:
        pipeline: What `opened_curve` returned.
        answer: Its probabilities of some rows, in the order of its own classes.
        actual: What turned out true of them, as positions among those classes.
        method: `sigmoid` or `isotonic`.
    """
    classes = pipeline.classes_
    made = recalibrated(pipeline, answer, actual, method)
    curve = made.steps[-1][1] if hasattr(made, "steps") else made
    curve.classes_ = classes
    for each in curve.calibrated_classifiers_:
        each.classes = classes
    return made


def without_level(pipeline: Any) -> Any:
    """Return a regression without the level and scale that `with_level` put on; as it is if it has none."""
    if type(pipeline).__name__ != "TransformedTargetRegressor" or pipeline.transformer is None:
        return pipeline
    return pipeline.regressor_


def with_level(pipeline: Any, scale: float, level: float) -> Any:
    """Return a fitted regression whose answers are `scale * answer + level`."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.preprocessing import StandardScaler

    line = StandardScaler()
    line.mean_, line.scale_ = np.array([level]), np.array([scale])
    line.var_ = line.scale_**2
    line.n_features_in_, line.n_samples_seen_ = 1, 1
    made = TransformedTargetRegressor(regressor=pipeline, transformer=line, check_inverse=False)
    made.regressor_, made.transformer_, made._training_dim = pipeline, line, 1
    names = _names(pipeline)
    if names is not None:
        made.feature_names_in_ = names
    return made


def _names(pipeline: Any) -> Any:
    first = pipeline
    while type(first).__name__ == "Pipeline":
        first = first.steps[0][1]
    return getattr(first, "feature_names_in_", None)
