"""`RobustScaler`: minus the median, over the distance of two quantiles."""

from typing import Any

from keepwell.deployment.scoring.parts import Data
from keepwell.deployment.scoring.steps.scale import Scale


class Robust(Scale):
    """Shifts and scales each column, as `Scale` does."""

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read the fitted centre and distance; a switched off half becomes a no-op."""
        width = int(fitted.n_features_in_)
        centre = fitted.center_.tolist() if fitted.with_centering else [0.0] * width
        scale = fitted.scale_.tolist() if fitted.with_scaling else [1.0] * width
        return {"mean": centre, "scale": scale}
